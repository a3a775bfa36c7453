"""The errors of this package.

RigError
└── NetworkError          the network of a cell is broken
    ├── NamespaceError    namespaces cannot be made on this machine, or what ran in them died
    ├── TapError          no tap device, or it cannot be configured
    ├── ServiceError      a server could not be started, or died
    └── CaptureError      a capture cannot be read, or shows what cannot be
"""

from bootrig.errors import RigError


class NetworkError(RigError):
    """The network of a cell is broken."""


class NamespaceError(NetworkError):
    """Namespaces cannot be made on this machine, or what ran in them died."""


class TapError(NetworkError):
    """There is no tap device, or it cannot be configured."""


class ServiceError(NetworkError):
    """A server could not be started, or died.

    Attributes:
        output: the last of what the server printed.
    """

    def __init__(self, message: str, *, output: str = "", remedy: str = "") -> None:
        super().__init__(f"{message}\n{output.rstrip()}" if output.strip() else message, remedy=remedy)
        self.output = output


class CaptureError(NetworkError):
    """A capture cannot be read, does not fit the other one, or lacks what must be in it."""
