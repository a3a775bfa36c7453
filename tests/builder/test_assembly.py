from pathlib import Path

import pytest

from bootrig.builder.assembly import assemble_target
from bootrig.builder.errors import SourceError
from bootrig.recipe.build import Target


def target(*images: str, length: int | None = None, maximum_bar: int | None = None) -> Target:
    return Target("efi-x.rom", images, images, 0x8086, 0x100E, length=length, maximum_bar=maximum_bar)


def test_a_single_image_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"anything")
    assert assemble_target(target("x.bin"), tmp_path) == b"anything"


def test_what_is_no_image_cannot_be_joined(tmp_path: Path) -> None:
    (tmp_path / "x.rom").write_bytes(b"anything")
    (tmp_path / "x.efidrv").write_bytes(b"anything")
    with pytest.raises(SourceError, match=r"efi-x\.rom cannot be made of x\.rom, x\.efidrv: "):
        assemble_target(target("x.rom", "x.efidrv"), tmp_path)
    with pytest.raises(SourceError, match=r"efi-x\.rom cannot be made of x\.efidrv: "):
        assemble_target(target("x.efidrv"), tmp_path)
    with pytest.raises(SourceError, match=r"efi-x\.rom cannot be made of x\.rom: "):
        assemble_target(target("x.rom", length=1024), tmp_path)


def test_a_rom_that_needs_a_larger_bar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.rom").write_bytes(bytes(65537))
    assert len(assemble_target(target("x.rom", maximum_bar=131072), tmp_path)) == 65537
    with pytest.raises(SourceError, match="has 65537 bytes, which need a ROM BAR of 131072; the recipe allows 65536"):
        assemble_target(target("x.rom", maximum_bar=65536), tmp_path)
