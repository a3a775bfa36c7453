"""What can go wrong with ROM sets that are embedded.

InputError
└── EmbedRefusedError   it would overwrite what is not ours, or there is nothing to restore
RigError
└── EmbedFailedError    the operating system refused, or the manifest that is there is damaged
"""

from bootrig.errors import InputError, RigError


class EmbedRefusedError(InputError):
    """It would overwrite what is not ours, or there is nothing to restore; nothing was changed."""


class EmbedFailedError(RigError):
    """The operating system refused; the directory is as it was."""
