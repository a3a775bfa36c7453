"""A PXE image of GRUB, made on this machine."""

from collections.abc import Iterator
from pathlib import Path

from bootrig.document.toml import TableReader, suggest
from bootrig.network.services.content.kind import ContentKind, MadeFile, Material

MODULES = Path("/usr/lib/grub/i386-pc")


class GrubContent(ContentKind[tuple[str, ...]]):
    """`modules = [...]`: what is built in. It looks for its configuration in the folder that it is served in."""

    is_program = True

    def read(self, table: TableReader) -> tuple[str, ...]:
        """Return the modules."""
        modules = table.strings("modules", pattern=r"[a-z0-9_]+", expected="the name of a module of GRUB")
        if "modules" in table and not modules:
            table.add_problem("modules", "found an empty array, expected at least one module")
        return modules

    def iter_host_faults(self, content: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield the modules that GRUB does not have here; where it has none at all, its package is missing."""
        known = [path.stem for path in MODULES.glob("*.mod")]
        for index, module in enumerate(content):
            if known and module not in known:
                yield f"modules[{index}]", f'GRUB has no module "{module}" in {MODULES}{suggest(module, known)}'

    def make(self, name: str, content: tuple[str, ...], material: Material) -> MadeFile:
        """Return the image that was made for this name."""
        return MadeFile(material.programs[name].read_bytes())


CONTENT = GrubContent()
