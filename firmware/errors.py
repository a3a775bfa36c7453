"""The error tree of the firmware room.

    FirmwareError
    ├── FormatError       bytes are not what a structure's specification says: which structure, at which offset, why
    ├── AssembleError     images cannot be joined, split or edited as asked
    ├── RomSetError       a ROM set is invalid: a wrong name, a name twice, no files
    └── ProbeImageError   a probe's image has no marker, or does not fit the length that was asked for

The rig translates them where they reach a user; what is merely doubtful about a ROM is a finding of `firmware.lint`.
"""


class FirmwareError(Exception):
    """Root of every error that this room raises on purpose."""


class FormatError(FirmwareError):
    """Bytes do not have the format that they should have.

    Attributes:
        structure: the name of the structure that could not be read, in its specification's words.
        offset: where in the bytes that were given to the parser.
        reason: what was found and what was expected.
    """

    def __init__(self, structure: str, offset: int, reason: str) -> None:
        super().__init__(f"{structure} at offset 0x{offset:x}: {reason}")
        self.structure = structure
        self.offset = offset
        self.reason = reason


class AssembleError(FirmwareError):
    """Images cannot be joined, split or edited as asked."""


class RomSetError(FirmwareError):
    """A ROM set is invalid: a wrong name, a name twice, no files."""


class ProbeImageError(FirmwareError):
    """A probe's image has no marker, or does not fit the length that was asked for."""
