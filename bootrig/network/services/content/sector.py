"""A BIOS probe that chain-loaders take for a boot sector."""

from collections.abc import Iterator

from bootrig.network.services.content.kind import MadeFile, Material
from bootrig.network.services.content.probe import ProbeContent
from firmware.probe.boot.image import SECTOR_LENGTH, make_bios_probe, sum_image


class SectorContent(ProbeContent):
    """`length`: bytes of the whole file, one sector by default."""

    def iter_faults(self, content: int | None, build: str) -> Iterator[tuple[str, str]]:
        """Yield what no boot sector can be."""
        if build != "bios":
            yield "content", f"a boot sector is for a BIOS, and the scenario has guests with the {build} probe"
        yield from super().iter_faults(content, "bios")

    def make(self, name: str, content: int | None, material: Material) -> MadeFile:
        """Return the probe, with the signature of boot sectors."""
        code = material.programs["bios"].read_bytes()
        image = make_bios_probe(code, nonce=material.nonce, length=content or SECTOR_LENGTH, signature=True)
        return MadeFile(image, sum_image(image))


CONTENT = SectorContent()
