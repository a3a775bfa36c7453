"""What a kind of content is: the keys of a served file's table, and the bytes that they make."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from bootrig.document.toml import TableReader

NONCE_WORD = "@nonce@"
Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Material:
    """What the files of one boot are made of.

    `build` is the probe's for its platform firmware, `bios` or `efi`; the programs are assembled probes by build,
    images of GRUB by the name under which they are served, and copies of files of this machine by their paths.
    """

    nonce: str
    build: str
    programs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """The content of a file, and, of a probe, the sum that its report has to show."""

    content: bytes
    sum: int | None = None


class ContentKind(ABC, Generic[Content]):
    """A way to make the content of a served file; the object `CONTENT` of a module of this room.

    Attributes:
        is_program: whether it is a program that is made before the boot, for its name, which is UTF-8 then.
    """

    is_program = False

    @abstractmethod
    def read(self, table: TableReader) -> Content:
        """Return what a served file's table says; what is wrong in it is noted with its place."""

    @abstractmethod
    def make(self, name: str, content: Content, material: Material) -> MadeFile | None:
        """Return the file called `name`; None for no file.

        Raises:
            ServiceError: something of this machine that it is made of is missing.
        """

    def iter_faults(self, content: Content, build: str) -> Iterator[tuple[str, str]]:
        """Yield key and message of what reads well and cannot be made for a build of the probe."""
        yield from ()

    def iter_host_faults(self, content: Content) -> Iterator[tuple[str, str]]:
        """Yield key and message of what this machine does not have.

        Raises:
            ServiceError: a package is missing.
        """
        yield from ()
