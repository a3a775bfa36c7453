"""What can go wrong with stored files and the ways in which they are obtained.

InputError
└── ImportFileError     a file that the user gave cannot be taken: unreadable, truncated, the wrong hash
    └── ArchiveError    a package or archive is damaged
RigError
├── StoreError          the store cannot be read or written: no space, no permission
├── DownloadError       one address did not give the file
└── UnavailableError    no way gave the file
"""

from collections.abc import Sequence

from bootrig.errors import InputError, RigError


class ImportFileError(InputError):
    """A file that the user gave cannot be taken."""


class ArchiveError(ImportFileError):
    """A package or archive is damaged or of a kind that cannot be read."""


class StoreError(RigError):
    """The store cannot be read or written."""


class DownloadError(RigError):
    """One address did not give the file; the message says why."""


class UnavailableError(RigError):
    """No way gave the file.

    Attributes:
        file_name: the file.
        sha256: its digest; None where only its members are pinned.
        tried: each way that was tried, with why it failed.
    """

    def __init__(
        self, file_name: str, sha256: str | None, tried: Sequence[tuple[str, str]], *, remedy: str = ""
    ) -> None:
        pinned = f"SHA-256 {sha256}" if sha256 else "not pinned itself, its members are"
        lines = [f"{file_name} ({pinned}) is not available", *(f"{way}: {reason}" for way, reason in tried)]
        super().__init__("\n  ".join(lines), remedy=remedy)
        self.file_name = file_name
        self.sha256 = sha256
        self.tried = tuple(tried)
