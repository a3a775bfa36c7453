"""How much a guest may make a cell write."""

from pathlib import Path

import pytest

from bootrig.cell.lengths import LIMITS, find_excess
from tests.cell.scripted_guest import VIRTUAL, Sitter, make_scenario, watch


def make_file(directory: Path, name: str, length: int) -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("r+b") as stream:
        stream.truncate(length)


@pytest.mark.parametrize(
    ("name", "length", "reason"),
    [
        ("console.log", 8 << 20, "the guest wrote to its console more than 8 MiB"),
        ("capture-guest.pcap", 16 << 20, "the guest sent packets of more than 16 MiB"),
        ("capture.pcap", 192 << 20, "the guest exchanged packets of more than 192 MiB"),
        ("logs/dnsmasq.log", 64 << 20, "the guest had a server log more than 64 MiB"),
        ("qemu.log", 8 << 20, "the guest had QEMU complain by more than 8 MiB"),
    ],
)
def test_what_is_too_much_ends_a_boot_and_is_told(name: str, length: int, reason: str, tmp_path: Path) -> None:
    make_file(tmp_path / "attempt", name, length)
    assert find_excess(tmp_path / "attempt") is None
    make_file(tmp_path / "attempt", name, length + 1)
    excess = find_excess(tmp_path / "attempt")
    assert excess is not None
    assert excess.reason == reason
    for sitter in (None, Sitter(stays=True)):
        seen = watch(
            make_scenario(tmp_path), "SeaBIOS\r\n", clock=VIRTUAL, run_directory=tmp_path / "attempt", operator=sitter
        )
        assert seen.observation.ended_by == reason
        assert seen.observation.truncated == f"{excess.files}: ends after {length} bytes, where the boot was ended"


def test_no_limit_is_beyond_that_of_the_process() -> None:
    assert all(limit.length < 256 << 20 for limit in LIMITS)
