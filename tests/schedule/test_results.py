"""Which boots are not made again: whatever changes of what decides how a boot goes, it is made again."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from msgspec import structs

from bootrig import cache
from bootrig.cell.specification import CellSpecification
from bootrig.emulator.definition.definition import MachineDefinition, NicSlot
from bootrig.emulator.definition.launch import ConfigureBy, Launch, RomBy
from bootrig.emulator.definition.parts import Device
from bootrig.jsonfile import load_json, write_json
from bootrig.schedule import boot_key, results
from bootrig.schedule.boot_key import digest_sources
from bootrig.schedule.campaign import Campaign
from bootrig.schedule.equipment import Equipment
from bootrig.schedule.executors.executor import CellResult
from bootrig.schedule.plan import Filters, PlannedCell, plan_cells
from bootrig.schedule.results import ROOM, KeptResults
from bootrig.schedule.sides import embed_side
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import REAL_TIME, Reason, WantedBoot
from bootrig.trace.trace import TRACE_FILE, Clock, Disturbance, Trace
from firmware.romset import RomFile, RomSet
from tests.compare.factory import VIRTUAL
from tests.firmware.rom_bytes import make_combined_rom
from tests.schedule.sample import CODE, NO_QEMU, make_equipment
from tests.schedule.test_campaign import Kept, pass_all

KEY = CellKey("pxe-tftp", "e1000", "pc", "seabios")
CONSOLE = "console.log"
ROMS = {"e1000": b"first", "rtl8139": b"second"}

Boot = Callable[[CellSpecification], Trace]


@dataclass
class World:
    """Files and values of which boots are made, in a directory, with a program `dnsmasq` of its own.

    The boots of a run are those that something like a pool was asked for.
    """

    root: Path
    scenario: str = "pxe-tftp"
    machine: str = "pc"
    programs: Mapping[str, bytes] = field(default_factory=lambda: {"bios": CODE, "efi": CODE})
    guest: MachineDefinition = field(default_factory=MachineDefinition)
    roms: Mapping[str, bytes] = field(default_factory=lambda: dict(ROMS))
    digest: str = "ab"
    emulator: str = "host"
    accelerator: str = "tcg"
    is_virtual: bool = True
    launch: Launch = field(default_factory=Launch)
    built: bytes | None = None
    document: Mapping[str, object] = field(default_factory=dict)
    boot: Boot = pass_all
    sides: tuple[str, ...] = ("baseline",)
    rom_set: str = "set"
    booted: list[str] = field(default_factory=list)
    directory: Path = Path()
    runs: int = 0

    def write(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def make_campaign(self, *, is_fresh: bool = False) -> Campaign:
        """Return the campaign of another run."""
        self.runs += 1
        self.booted.clear()
        self.directory = self.root / f"run-{self.runs}"
        stems = {f"efi-{stem}.rom": content for stem, content in self.roms.items()}
        roms = tuple(RomFile(name, _make_rom(content)) for name, content in stems.items())
        sides = [embed_side(RomSet(self.rom_set, roms), "set", self.directory, label) for label in self.sides]
        planned = [self._change(cell) for cell in plan_cells(Filters(("e1000",), (self.scenario,), (self.machine,)))]
        return Campaign(
            self._run, self._equip(), self.directory, sides, planned, Kept(), KeptResults(is_fresh=is_fresh)
        )

    def run(self, wanted: Sequence[WantedBoot] = (), *, is_fresh: bool = False) -> Sequence[str]:
        """Run all, then boot what is wanted; returns the boots that were made."""
        campaign = self.make_campaign(is_fresh=is_fresh)
        campaign.run()
        if wanted:
            campaign.boot(wanted)
        self.traces = campaign.traces()
        return list(self.booted)

    def _change(self, cell: PlannedCell) -> PlannedCell:
        document = {**cell.scenario.document, **self.document}
        return replace(cell, scenario=replace(cell.scenario, document=document))

    def _equip(self) -> Equipment:
        emulator = replace(
            NO_QEMU,
            name=self.emulator,
            digest=self.digest,
            root=self.root,
            data_directories=(self.root / "share", self.root / "none"),
        )
        firmware = {} if self.built is None else {"seabios": self.write("built.bin", self.built)}
        return replace(
            make_equipment(is_virtual=self.is_virtual),
            emulators={"host": emulator},
            accelerators={"host": self.accelerator},
            programs=self.programs,
            guests={self.machine: self.guest},
            platform_firmware=firmware,
            launch=self.launch,
        )

    def _run(
        self, specifications: Sequence[CellSpecification], *, on_start: Callable[[CellSpecification], None]
    ) -> Iterator[CellResult]:
        for specification in specifications:
            self.booted.append(f"{specification.side} {specification.attempt}")
            directory = specification.directory
            trace = structs.replace(
                self.boot(specification), directory=specification.attempt_path, rom_set=specification.rom_set
            )
            write_json(directory / TRACE_FILE, trace)
            (directory / CONSOLE).write_text(specification.nonce)
            (directory / "logs").mkdir()
            (directory / "logs" / "x.log").write_bytes(bytes(100))
            yield CellResult(specification, trace, None)


def _make_rom(content: bytes) -> bytes:
    return make_combined_rom() + content


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    made.write("share/bios-256k.bin", b"SeaBIOS")
    made.write("share/vgabios.bin", b"VGA")
    made.write("usr/share/OVMF/OVMF_CODE.fd", b"code")
    made.write("usr/share/OVMF/OVMF_VARS.fd", b"variables")
    made.write("bin/dnsmasq", b"2.90").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return made


def test_what_was_booted_is_not_booted_again(world: World) -> None:
    assert world.run() == ["baseline shift7"]
    first, (seen,) = world.directory, world.traces
    world.sides, world.rom_set, world.emulator = ("candidate",), "another", "qemu-7.2"
    assert world.run() == []
    (found,) = world.traces
    assert (found.side, found.rom_set, found.attempt) == ("candidate", "another", "shift7")
    assert (found.emulator.name, seen.emulator.name) == ("qemu-7.2", "host")
    assert found.cached.endswith("Z")
    assert not seen.cached
    same = structs.replace(
        found, side=seen.side, rom_set=seen.rom_set, cached="", directory=seen.directory, emulator=seen.emulator
    )
    assert same == seen
    files = {path.relative_to(world.directory / found.directory) for path in world.directory.rglob("*.log")}
    assert files == {Path(CONSOLE), Path("logs/x.log")}
    for name in files:
        content = (world.directory / found.directory / name).read_bytes()
        assert content == (first / seen.directory / name).read_bytes()
    assert load_json(world.directory / found.directory / TRACE_FILE, Trace) == found
    assert (world.directory / found.directory).with_name("cell.json").exists()


def say(name: str, value: object) -> Callable[[World], None]:
    return lambda world: setattr(world, name, value)


def put(name: str, content: bytes) -> Callable[[World], None]:
    return lambda world: (world.write(name, content), None)[1]


RNG = MachineDefinition(parts=(Device("virtio-rng-pci", "rng"),))
SECOND_NIC = MachineDefinition(parts=(Device("e1000e", "second"),))

CHANGES: dict[str, Callable[[World], None]] = {
    "the scenario": say("document", {"wall_s": 99}),
    "the probe": say("programs", {"bios": CODE + b"x", "efi": CODE}),
    "a file of this machine": say("programs", {"bios": CODE, "efi": CODE, "/usr/lib/pxelinux.0": b"x"}),
    "the memory": say("guest", MachineDefinition(memory_mib=512)),
    "the place of the NIC": say("guest", MachineDefinition(nic=NicSlot(properties={"addr": "0x9"}))),
    "another device": say("guest", RNG),
    "how the guest is configured": say("launch", Launch(configure_by=ConfigureBy.QMP)),
    "how the NIC gets its ROM": say("launch", Launch(rom_by=RomBy.NO_BAR)),
    "the NIC's ROM": say("roms", {**ROMS, "e1000": b"another"}),
    "SeaBIOS": put("share/bios-256k.bin", b"SeaBIO2"),
    "a platform firmware that was built": say("built", b"built"),
    "the ROM of the graphics card": put("share/vgabios.bin", b"VG2"),
    "what QEMU has beside": put("share/kvmvapic.bin", b"x"),
    "the emulator": say("digest", "cd"),
    "the clock": say("is_virtual", False),
    "dnsmasq": put("bin/dnsmasq", b"2.91"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_it_is_booted_again(change: Callable[[World], None], world: World) -> None:
    assert len(world.run()) == 1
    change(world)
    assert len(world.run()) == 1
    assert world.run() == []


SAME: dict[str, Callable[[World], None]] = {
    "what the scenario is for": say("document", {"summary": "x", "why": "y", "suites": ["z"], "known": []}),
    "another ROM": say("roms", {**ROMS, "rtl8139": b"another"}),
    "what the guest is for": say("guest", MachineDefinition(summary="another")),
    "the accelerator of boots in real time": say("accelerator", "kvm"),
    "OVMF": put("usr/share/OVMF/OVMF_CODE.fd", b"another"),
    "a ROM of the emulator's own": put("share/efi-e1000.rom", b"another"),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_says_nothing_of_a_boot_changes_nothing(change: Callable[[World], None], world: World) -> None:
    assert len(world.run()) == 1
    change(world)
    assert world.run() == []


@pytest.mark.parametrize("name", ["OVMF_CODE.fd", "OVMF_VARS.fd"])
def test_ovmf_and_its_variables(name: str, world: World) -> None:
    world.scenario, world.machine = "efi-tftp", "q35"
    assert len(world.run()) == 1
    assert world.run() == []
    world.write(f"usr/share/OVMF/{name}", b"another")
    assert len(world.run()) == 1


def test_the_accelerator_of_boots_in_real_time(world: World) -> None:
    world.is_virtual = False
    assert world.run() == ["baseline real"]
    world.accelerator = "kvm"
    assert world.run() == ["baseline kvm"]
    assert world.run() == []


def test_a_guest_with_a_second_nic_may_get_any_rom(world: World) -> None:
    world.guest, world.roms = SECOND_NIC, {**ROMS, "e1000e": b"x"}
    assert len(world.run()) == 1
    world.roms = {**world.roms, "e1000e": b"another"}
    assert len(world.run()) == 1


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        ("bootrig.schedule.boot_key", "digest_recorder", lambda: "another"),
        ("bootrig.schedule.boot_key.metadata", "version", lambda _name: "99"),
        ("bootrig.schedule.boot_key.platform", "python_version", lambda: "4.0"),
        ("bootrig.cache", "__version__", "99"),
    ],
)
def test_other_programs(module: str, name: str, value: object, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(world.run()) == 1
    monkeypatch.setattr(f"{module}.{name}", value)
    assert len(world.run()) == 1


def test_the_sources(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("a.py", "inner/b.S"):
        (tmp_path / name).write_bytes(b"x")
    known = {digest_sources({"package": tmp_path}), digest_sources({"other": tmp_path})}
    (tmp_path / "a.pyc").touch()
    assert digest_sources({"package": tmp_path}) in known
    (tmp_path / "inner" / "b.S").write_bytes(b"y")
    known.add(digest_sources({"package": tmp_path}))
    (tmp_path / "inner" / "b.S").rename(tmp_path / "b.S")
    known.add(digest_sources({"package": tmp_path}))
    assert len(known) == 4
    recorder = {package.__name__: Path(str(package.__file__)).parent for package in boot_key.RECORDER}
    assert boot_key.digest_recorder() == digest_sources(recorder)


def want(reason: Reason, clock: Clock) -> WantedBoot:
    return WantedBoot("baseline", KEY, clock, reason)


def test_no_boot_confirms_itself(world: World) -> None:
    assert world.run() == ["baseline shift7"]
    wanted = [want(Reason.SECOND_LOOK, VIRTUAL), want(Reason.REAL_TIME, REAL_TIME)]
    assert world.run(wanted) == ["baseline shift7.2", "baseline real"]
    assert world.run(wanted) == []
    assert [trace.attempt for trace in world.traces] == ["shift7", "shift7.2", "real"]
    nonces = {(world.directory / trace.directory / CONSOLE).read_text() for trace in world.traces}
    assert len(nonces) == 3


def test_one_side_says_nothing_of_another_in_the_same_run(world: World) -> None:
    world.sides = ("baseline", "candidate")
    wanted = [replace(want(Reason.REAL_TIME, REAL_TIME), side=side) for side in world.sides]
    assert len(world.run(wanted[:1])) == 3
    campaign = world.make_campaign()
    campaign.run()
    assert campaign.boot(wanted) == 2
    assert world.booted == []
    world.launch = Launch(rom_by=RomBy.FILE)
    campaign = world.make_campaign()
    campaign.run()
    for one in wanted:
        campaign.boot([one])
    assert world.booted == ["baseline shift7", "candidate shift7", "baseline real", "candidate real"]


def disturb(*attempts: str) -> Boot:
    def boot(specification: CellSpecification) -> Trace:
        trace = pass_all(specification)
        disturbed = (Disturbance(3, "tftp-data"),) if str(specification.attempt) in attempts else ()
        return structs.replace(trace, outcome=structs.replace(trace.outcome, disturbed=disturbed))

    return boot


LADDER = [f"baseline {attempt}" for attempt in ("shift7", "shift7.2", "shift7.3", "shift5", "real")]


def test_what_was_disturbed_is_not_kept(world: World) -> None:
    world.boot = disturb("shift7")
    assert world.run() == LADDER[:2]
    assert world.run() == []
    assert [trace.attempt for trace in world.traces] == ["shift7"]


def test_a_disturbed_boot_in_real_time_is_kept_where_it_counts(world: World) -> None:
    world.boot = disturb("shift7", "shift7.2", "shift7.3", "shift5", "real")
    assert world.run() == LADDER
    assert world.run() == LADDER[:4]


def test_a_disturbed_confirmation_is_not_kept(world: World) -> None:
    world.boot = disturb("real")
    wanted = [want(Reason.REAL_TIME, REAL_TIME)]
    assert world.run(wanted) == ["baseline shift7", "baseline real"]
    assert world.run(wanted) == ["baseline real"]


def test_all_can_be_booted_anew(world: World) -> None:
    assert len(world.run()) == 1
    (old,) = world.traces
    assert len(world.run(is_fresh=True)) == 1
    console = world.directory / old.directory / CONSOLE
    assert world.run() == []
    assert (world.directory / old.directory / CONSOLE).read_text() == console.read_text()


def test_a_damaged_entry_is_booted_again(world: World) -> None:
    assert len(world.run()) == 1
    (entry,) = ROOM.entries()
    entry.path.write_bytes(entry.path.read_bytes()[:-1])
    assert len(world.run()) == 1
    assert world.run() == []


def test_a_guest_that_does_not_start_is_not_kept(world: World) -> None:
    nic = Device("e1000e", "x", {"netdev": "y", "romfile": "efi-e1000e.rom"})
    world.guest = MachineDefinition(parts=(nic,))
    assert len(world.run()) == 1
    assert len(world.run()) == 1
    assert ROOM.entries() == ()


def test_an_attempt_with_large_files_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "ATTEMPT_LIMIT", 100)
    assert len(world.run()) == 1
    assert ROOM.entries() == ()


def test_a_cache_that_is_full_spoils_no_boot(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, content: bytes, *, durable: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    world.sides = ("baseline", "candidate")
    monkeypatch.setattr(cache, "write_atomically", refuse)
    assert len(world.run()) == 2
    (told,) = caplog.messages
    assert told.startswith("boots of this run are not kept: the cache ")
