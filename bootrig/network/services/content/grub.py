"""A PXE image of GRUB, made on this machine."""

from bootrig.document.toml import TableReader
from bootrig.network.services.content.kind import ContentKind, MadeFile, Material


class GrubContent(ContentKind[tuple[str, ...]]):
    """`modules = [...]`: what is built in. It looks for its configuration in the folder that it is served in."""

    is_program = True

    def read(self, table: TableReader) -> tuple[str, ...]:
        """Return the modules."""
        modules = table.strings("modules")
        if "modules" in table and not modules:
            table.add_problem("modules", "found an empty array, expected at least one module")
        return modules

    def make(self, name: str, content: tuple[str, ...], material: Material) -> MadeFile:
        """Return the image that was made for this name."""
        return MadeFile(material.programs[name].read_bytes())


CONTENT = GrubContent()
