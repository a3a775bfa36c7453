"""What the sides of a comparison are called, and what is said of more than one difference between them."""

import pytest
from msgspec.structs import replace

from bootrig.compare import compare_traces
from bootrig.compare.narrowing import tell_narrowed
from bootrig.trace.trace import EmulatorEvidence, PlatformFirmwareEvidence, Trace
from tests.compare.factory import Boot, trace

FIRMWARE = PlatformFirmwareEvidence(name="seabios", file="bios-256k.bin", sha256="a")
FILE = PlatformFirmwareEvidence(name="seabios@/x/new,er.bin", file="new,er.bin", sha256="b")
SAME = "the sides have the same ROMs, emulator and platform firmware"
TWO = "the sides differ in emulator and platform firmware: this verdict does not tell which of them is to blame"


def boot(
    emulator: EmulatorEvidence, firmware: PlatformFirmwareEvidence = FIRMWARE, cell: str = "pxe-tftp/e1000/pc/-/-"
) -> Trace:
    return replace(trace(Boot()), cell=cell, emulator=emulator, platform_firmware=firmware)


OLD = EmulatorEvidence(name="host", version="7.2", sha256="7")
NEW = EmulatorEvidence(name="qemu-11", version="11.0", sha256="11")


@pytest.mark.parametrize(
    ("candidate", "words"),
    [(boot(OLD), SAME), (boot(NEW), "the sides differ in the emulator only"), (boot(NEW, FILE), TWO)],
)
def test_what_the_sides_differ_in_is_told(candidate: Trace, words: str) -> None:
    assert words in compare_traces([boot(OLD)], [candidate]).notes


def test_other_roms_are_a_difference_too() -> None:
    candidate = boot(NEW)
    candidate = replace(candidate, rom=replace(candidate.rom, sha256="1" * 64))
    (note,) = [note for note in compare_traces([boot(OLD)], [candidate]).notes if "differ" in note]
    assert note.startswith("the sides differ in ROMs and emulator:")


def test_where_sides_set_nothing_nothing_is_told() -> None:
    cell = "pxe-tftp/e1000/pc/seabios/host"
    verdict = compare_traces([boot(OLD, cell=cell)], [boot(OLD, cell=cell)])
    assert not any("differ" in note or note == SAME for note in verdict.notes)
    assert (verdict.baseline, verdict.candidate) == (trace(Boot()).rom_set,) * 2


def test_a_side_is_called_as_people_type_it() -> None:
    name = trace(Boot()).rom_set
    verdict = compare_traces([boot(OLD)], [boot(NEW, FILE)])
    assert verdict.baseline == f"roms={name},emulator=host,platform-firmware=seabios"
    assert verdict.candidate == f"roms={name},emulator=qemu-11,platform-firmware=/x/new,,er.bin"


def test_a_single_rom_is_told_with_its_nics() -> None:
    assert tell_narrowed([], {"e1000"}) == ()
    assert tell_narrowed(["./a.rom"], {"e1000"}) == ("only the NIC e1000 was compared: ./a.rom is one ROM",)
    told = tell_narrowed(["./a.rom", "./b.rom"], {"virtio-net-pci", "e1000"})
    assert told == ("only the NICs e1000, virtio-net-pci were compared: ./a.rom and ./b.rom are single ROMs",)
