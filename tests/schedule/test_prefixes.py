"""Which boots share their beginning, and for which of them a prefix is worth its while."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.cell.specification import CellSpecification
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.launch import ConfigureBy, Launch, Launcher
from bootrig.emulator.definition.parts import QomObject
from bootrig.schedule.equipment import specify
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.schedule.prefixes import LEAST_CELLS, choose_prefixes, find_prefix_key, name_prefixes
from bootrig.schedule.shelf import ROOM, Place, Shelf, start_shelf
from bootrig.schedule.sides import Side, embed_side
from bootrig.trace.attempt import Attempt
from bootrig.trace.trace import Clock, ClockKind
from bootrig.workdir import CACHE_VARIABLE
from firmware.romset import RomFile, RomSet
from tests.firmware.rom_bytes import make_combined_rom
from tests.schedule.sample import NO_QEMU, make_equipment

VIRTUAL = Clock(ClockKind.VIRTUAL, 7)
FILES = ("share/bios-256k.bin", "usr/share/OVMF/OVMF_CODE.fd", "usr/share/OVMF/OVMF_VARS.fd")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the emulator's files are."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


@pytest.fixture
def shelf(root: Path) -> Iterator[Shelf]:
    with start_shelf() as made:
        yield made


def make_side(root: Path, label: str, content: bytes) -> Side:
    roms = tuple(RomFile(f"efi-{stem}.rom", make_combined_rom() + content) for stem in ("e1000", "rtl8139"))
    return embed_side(RomSet("set", roms), "set", root / "run", label)


def make(
    root: Path, *scenarios: str, side: Side | None = None, nic: str = "e1000", machine: str = "pc"
) -> list[CellSpecification]:
    emulator = replace(NO_QEMU, root=root, data_directories=(root / "share",))
    equipment = replace(make_equipment(), emulators={"host": emulator}, guests={machine: MachineDefinition()})
    planned = plan_cells(Filters(scenarios=scenarios, nic_models=(nic,), machines=(machine,)))
    chosen = side or make_side(root, "baseline", b"one")
    return [specify(cell, chosen, equipment, root / "run", Attempt(VIRTUAL)) for cell in planned]


def test_boots_of_one_guest_share_a_beginning_whatever_the_network_has(root: Path) -> None:
    cells = make(root, "pxe-tftp", "no-ra", "nbp-sizes[2k]")
    keys = {find_prefix_key(cell) for cell in cells}
    assert len(cells) == 3
    assert len(keys - {""}) == 1
    again = make(root, "pxe-tftp", side=make_side(root, "candidate", b"one"))
    assert find_prefix_key(again[0]) in keys


def test_another_guest_rom_clock_or_disk_is_another_beginning(root: Path) -> None:
    (cell,) = make(root, "pxe-tftp")
    others = [
        *make(root, "pxe-tftp", nic="rtl8139"),
        *make(root, "pxe-tftp", side=make_side(root, "candidate", b"two")),
        replace(cell, guest=replace(cell.guest, memory_mib=512)),
        replace(cell, attempt=Attempt(Clock(ClockKind.VIRTUAL, 6))),
        replace(cell, emulator=replace(cell.emulator, digest="cd")),
        replace(
            cell, scenario=replace(cell.scenario, guest=replace(cell.scenario.guest, disk=not cell.scenario.guest.disk))
        ),
    ]
    assert len({find_prefix_key(one) for one in (cell, *others)} - {""}) == 1 + len(others)


def test_what_shares_no_beginning(root: Path) -> None:
    (cell,), (ovmf,), (console,) = (
        make(root, "pxe-tftp"),
        make(root, "efi-tftp", machine="q35-virt"),
        make(root, "prompt"),
    )
    assert find_prefix_key(cell)
    assert find_prefix_key(ovmf)
    backend = QomObject("memory-backend-ram", "ram0", {"size": 1})
    with_disk = replace(ovmf.scenario, guest=replace(ovmf.scenario.guest, disk=True))
    for one in (
        # something is typed, perhaps before the first packet
        replace(console, attempt=Attempt(VIRTUAL)),
        replace(cell, attempt=Attempt(Clock(ClockKind.REAL))),
        replace(cell, launch=Launch(launcher=Launcher.LIBVIRT)),
        replace(cell, launch=Launch(configure_by=ConfigureBy.QMP)),
        replace(cell, guest=replace(cell.guest, machine_options={"memory-backend": "ram0"})),
        replace(cell, guest=cell.guest.adding(backend)),
        # the disk's content has the nonce of the boot
        replace(ovmf, scenario=with_disk),
    ):
        assert find_prefix_key(one) == ""


def assign(cells: Sequence[CellSpecification], shelf: Shelf) -> str:
    """Return the prefixes that boots are assigned, `-` for none."""
    return " ".join(one.prefix or "-" for one in choose_prefixes(cells, shelf))


def give(cell: CellSpecification, words: str) -> list[CellSpecification]:
    return [
        replace(cell, key=replace(cell.key, scenario=f"s{number}"), prefix=word.strip("-"))
        for number, word in enumerate(words.split())
    ]


@pytest.mark.parametrize(
    ("wanted", "assigned"),
    [
        ("a a", "- -"),
        ("a a a", "a a a"),
        # boots of one prefix are one after the other
        ("a - b a - b b a", "a a a - b b b -"),
        ("a b a b", "- - - -"),
        # of one that is kept a single boot goes on
        ("kept a", "kept -"),
        ("", ""),
    ],
)
def test_a_prefix_is_made_where_it_pays(wanted: str, assigned: str, root: Path, shelf: Shelf) -> None:
    assert LEAST_CELLS == 3
    ROOM.keep("kept", b"content")
    (cell,) = make(root, "pxe-tftp")
    assert assign(give(cell, wanted), shelf) == assigned


def test_guests_without_a_beginning_that_can_be_shared_boot_cold(root: Path, shelf: Shelf) -> None:
    cells = make(root, "pxe-tftp", "no-ra", "nbp-sizes[2k]")
    named = name_prefixes(cells, shelf)
    assert all(one.prefix for one in choose_prefixes(named, shelf))
    shelf.find_none(named[0].prefix, is_known=True)
    with start_shelf() as other:
        assert not any(one.prefix for one in name_prefixes(cells, other))


def test_what_was_tried_in_vain_is_tried_again_by_the_next_run(root: Path, shelf: Shelf) -> None:
    named = name_prefixes(make(root, "pxe-tftp"), shelf)
    key = named[0].prefix
    shelf.find_none(key, is_known=False)
    assert shelf.look(key) is Place.FAILED
    with start_shelf() as other:
        assert other.look(key) is Place.NOWHERE
        assert name_prefixes(named, other) == named


def make_random(root: Path, *sides: Side) -> list[list[CellSpecification]]:
    """Return, side by side, cells whose times depend on random numbers."""
    made = [make(root, "efi-tftp", "efi-script", side=side, machine="q35-virt") for side in sides]
    return [[replace(one, emulator=replace(one.emulator, version=(11, 1, 2))) for one in cells] for cells in made]


def test_where_times_are_random_both_sides_are_clones_or_both_are_cold(root: Path, shelf: Shelf) -> None:
    sides = [make_side(root, label, label.encode()) for label in ("baseline", "candidate")]
    baseline, candidate = make_random(root, *sides)
    both = name_prefixes([*baseline, *candidate], shelf)
    assert all(one.prefix for one in both)
    first, second = both[0].prefix, both[-1].prefix
    ROOM.keep(first, b"content")
    assert not any(one.prefix for one in choose_prefixes(both, shelf))
    ROOM.keep(second, b"content")
    assert all(one.prefix for one in choose_prefixes(both, shelf))
    shelf.refuse(second, "QEMU does not thaw a guest")
    assert shelf.look(first) is Place.FAILED


def test_random_numbers_are_the_same_on_both_sides_and_in_all_boots_of_a_beginning(root: Path) -> None:
    sides = [make_side(root, label, label.encode()) for label in ("baseline", "candidate")]
    baseline, candidate = make_random(root, *sides)
    seeds = {one.random_seed for one in (*baseline, *candidate)}
    assert len(seeds - {None}) == len(seeds) == 1
    assert len({find_prefix_key(one) for one in baseline}) == 1
    (plain,) = make(root, "pxe-tftp")
    assert plain.random_seed is None
