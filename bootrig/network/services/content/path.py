"""A file of this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bootrig.document.toml import TableReader
from bootrig.givenfile import FileKind, GivenFileError, read_given, require_given
from bootrig.network.errors import ServiceError
from bootrig.network.names import show_name
from bootrig.network.services.content.kind import ContentKind, MadeFile, Material

SERVED = FileKind("a served file", 512 << 20)


@dataclass(frozen=True, slots=True)
class HostFile:
    """A file of this machine, and the Debian package that brings it, empty where nothing is known."""

    path: Path
    package: str


class PathContent(ContentKind[HostFile]):
    """`path = "/usr/lib/..."` and `package = "..."`; clients get a copy, for a link would lead out of the root."""

    def read(self, table: TableReader) -> HostFile:
        """Return the file's place."""
        path = table.string("path", expected="an absolute path", pattern=r"/[^\0]*")
        return HostFile(Path(path), table.string("package", default=""))

    def iter_host_faults(self, content: HostFile) -> Iterator[tuple[str, str]]:
        """Yield why the file cannot be served.

        Raises:
            ServiceError: the package that brings it is not installed.
        """
        try:
            require_given(content.path, SERVED)
        except GivenFileError as error:
            if content.package and not content.path.exists():
                raise ServiceError(str(error), remedy=f"apt-get install {content.package}") from error
            yield "path", str(error)

    def make(self, name: str, content: HostFile, material: Material) -> MadeFile:
        """Return what is in the file, of which the run has a copy.

        Raises:
            ServiceError: it cannot be read.
        """
        try:
            return MadeFile(read_given(material.programs.get(str(content.path), content.path), SERVED))
        except GivenFileError as error:
            raise ServiceError(
                f"{content.path}, which the scenario serves as {show_name(name)}, cannot be read: {error.reason}"
            ) from error


CONTENT = PathContent()
