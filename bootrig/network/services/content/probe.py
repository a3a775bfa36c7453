"""The probe of the guest's platform firmware: it reports the boot's nonce and the sum of its bytes."""

from collections.abc import Iterator

from bootrig.document.toml import TableReader
from bootrig.network.services.content.kind import ContentKind, MadeFile, Material
from firmware.probe.boot.image import IMAGE_LENGTHS, SECTOR_LENGTH, make_bios_probe, make_efi_probe, sum_image


class ProbeContent(ContentKind[int | None]):
    """`length`: bytes of the whole file, the shortest by default."""

    def read(self, table: TableReader) -> int | None:
        """Return the length."""
        return table.optional_integer("length", minimum=1)

    def iter_faults(self, content: int | None, build: str) -> Iterator[tuple[str, str]]:
        """Yield what no probe of a build can be."""
        lengths = IMAGE_LENGTHS[build]
        if content is not None and content not in lengths:
            yield (
                "length",
                f"found {content}, expected {lengths.start} to {lengths.stop - 1} bytes for the {build} probe",
            )

    def make(self, name: str, content: int | None, material: Material) -> MadeFile:
        """Return the probe."""
        code = material.programs[material.build].read_bytes()
        if material.build == "efi":
            image = make_efi_probe(code, nonce=material.nonce, length=content)
        else:
            image = make_bios_probe(code, nonce=material.nonce, length=content or SECTOR_LENGTH)
        return MadeFile(image, sum_image(image))


CONTENT = ProbeContent()
