"""The pool: many cells at a time, each ending by itself, and what is left when the pool or a cell is broken.

The cells are real processes in real namespaces. Their QEMU is none, so each breaks at once and says so.
"""

import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.cell.specification import CellSpecification, parse_specification
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.release.discovery import Emulator
from bootrig.scenario.errors import CellError
from bootrig.schedule import zygote
from bootrig.schedule.campaign import Campaign, Equipment, Side, cell_programs, specify
from bootrig.schedule.errors import PoolError
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.schedule.pool import Pool, default_jobs, start_pool
from bootrig.trace.trace import TimeMode
from firmware.probe.boot.image import MARKER, NONCE_PLACEHOLDER
from firmware.romset import RomFile, RomSet
from tests.cli.command import find_children
from tests.leaks import adopt_orphans

CODE = b"\xea" + MARKER + bytes(4) + b"BOOTRIG " + NONCE_PLACEHOLDER + b" nbp  sum="
NO_QEMU = Emulator("host", ("/nothing/qemu",), Path("/nothing/qemu"), (7, 2, 22), "7.2.22", "ab", ())


def make_side(directory: Path, label: str = "set", stems: tuple[str, ...] = ("e1000", "rtl8139")) -> Side:
    roms = tuple(RomFile(f"efi-{stem}.rom", b"\x55\xaa\x01" + bytes(509)) for stem in stems)
    return Side(RomSet("set", roms), directory / "roms" / label, label)


def make_equipment(directory: Path, time_mode: TimeMode = TimeMode.VIRTUAL) -> Equipment:
    (directory / "probe").write_bytes(CODE)
    return Equipment(
        emulators={"host": NO_QEMU},
        accelerators={"host": "tcg"},
        programs={"bios": directory / "probe"},
        platform_firmware={},
        guests={"pc": MachineDefinition()},
        time_mode=time_mode,
    )


def read_words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def specifications(tmp_path: Path) -> list[CellSpecification]:
    """Cells that break at once."""
    planned = plan_cells(Filters(scenarios=("pxe-tftp", "no-boot-file", "no-ra"), nic_models=("e1000", "rtl8139")))
    side, equipment = make_side(tmp_path), make_equipment(tmp_path)
    return [specify(cell, side, equipment, tmp_path, TimeMode.VIRTUAL) for cell in planned]


@pytest.mark.rig
@pytest.mark.parametrize("jobs", [1, 3])
def test_every_cell_has_one_result(jobs: int, specifications: list[CellSpecification], tmp_path: Path) -> None:
    started: list[str] = []
    with start_pool(jobs, tmp_path) as pool:
        results = list(pool.run(specifications, on_start=lambda cell: started.append(cell.key.label)))
        assert list(pool.run([])) == []
    assert started == [specification.key.label for specification in specifications]
    assert {result.specification.key.label for result in results} == set(started)
    for result in results:
        assert result.trace is None
        assert result.error is not None
        assert result.error.label == ""
        assert str(result.error).startswith(f"{result.specification.key.label}: host: no bios-256k.bin in any data")
        assert result.error.directory == str(result.specification.directory)


@pytest.mark.rig
def test_at_most_so_many_cells_run_at_a_time(specifications: list[CellSpecification], tmp_path: Path) -> None:
    running: set[str] = set()
    most = 0
    with start_pool(2, tmp_path) as pool:
        for result in pool.run(specifications, on_start=lambda cell: running.add(cell.key.label)):
            most = max(most, len(running))
            running.discard(result.specification.key.label)
    assert (most, running) == (2, set())


@pytest.mark.rig
def test_a_specification_that_cannot_be_written(specifications: list[CellSpecification], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    hopeless = [replace(cell, directory=tmp_path / "file" / str(i)) for i, cell in enumerate(specifications)]
    with start_pool(2, tmp_path) as pool:
        results = list(pool.run([*hopeless[:3], specifications[0]]))
    assert len(results) == 4
    told = [str(result.error) for result in results if result.specification in hopeless]
    assert told == [f"{cell.key.label}: {cell.directory}: Not a directory" for cell in hopeless[:3]]


@pytest.mark.rig
def test_the_process_that_forks_the_cells_is_killed(specifications: list[CellSpecification], tmp_path: Path) -> None:
    def kill(_cell: CellSpecification) -> None:
        # this process is also given what earlier tests leave behind while it dies
        (child,) = (pid for pid in find_children(os.getpid()) if b"schedule.zygote" in read_words(pid))
        os.kill(child, signal.SIGKILL)

    with start_pool(1, tmp_path) as pool, pytest.raises(PoolError, match="the process that forks the cells is gone"):
        list(pool.run(specifications, on_start=kill))


def test_a_pool_whose_process_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with start_pool(1, tmp_path) as pool:
        planned = plan_cells(Filters(scenarios=("pxe-tftp",), nic_models=("e1000",)))
        cell = specify(planned[0], make_side(tmp_path), make_equipment(tmp_path), tmp_path, TimeMode.VIRTUAL)
        with pytest.raises(PoolError, match="the process that forks the cells is gone"):
            list(pool.run([cell]))


def test_one_cell_a_processor_by_default() -> None:
    assert default_jobs() == len(os.sched_getaffinity(0))


def test_the_forking_process_ends_with_its_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a child of this test's, because it takes over signals."""
    adopt_orphans()
    near, far = socket.socketpair()
    child = os.fork()
    if child == 0:
        near.close()
        monkeypatch.setattr(zygote, "run_cell_file", lambda directory: int(directory.name))
        zygote.serve(far)
        os._exit(0)
    far.close()
    near.sendall(b"".join(json.dumps({"directory": f"/d/{status}"}).encode() + b"\n" for status in (0, 3, 4)))
    answers = b""
    while answers.count(b"\n") < 3:
        answers += near.recv(4096)
    told = {answer["directory"]: answer["status"] for answer in map(json.loads, answers.splitlines())}
    assert told == {"/d/0": 0, "/d/3": 3, "/d/4": 4}
    near.close()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_cell_s_specification(tmp_path: Path) -> None:
    (planned,) = plan_cells(Filters(scenarios=("nbp-sizes[2k]",), nic_models=("e1000",)))
    side, equipment = make_side(tmp_path), make_equipment(tmp_path)
    first = specify(planned, side, equipment, tmp_path, TimeMode.VIRTUAL)
    again = specify(planned, side, equipment, tmp_path, TimeMode.REAL)
    assert first.directory == tmp_path / "cells" / "set" / "nbp-sizes_2k_+e1000+pc+seabios+host"
    assert again.directory == tmp_path / "cells" / "set" / "nbp-sizes_2k_+e1000+pc+seabios+host+real"
    assert first.nonce != again.nonce
    assert len(first.nonce) == 16
    assert (first.key, first.scenario, first.rom_set) == (planned.key, planned.scenario, "set")


def test_a_grub_image_is_made_for_the_folder_in_which_it_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (planned,) = plan_cells(Filters(scenarios=("grub",), nic_models=("e1000",)))
    made: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        "bootrig.schedule.campaign.make_grub_image", lambda *words: made.append(words) or Path("/image")
    )
    programs = cell_programs(planned.scenario, make_equipment(tmp_path))
    assert programs["boot/core.0"] == Path("/image")
    assert made == [(planned.scenario.tftp[0].modules, "(pxe)/boot")]


def make_campaign(pool: Pool, directory: Path, **filters: tuple[str, ...]) -> Campaign:
    sides = [make_side(directory, "baseline"), make_side(directory, "candidate", ("e1000",))]
    return Campaign(pool, make_equipment(directory), directory, sides, plan_cells(Filters(**filters)))


@pytest.mark.rig
def test_only_cells_for_which_there_is_a_rom_are_tried(tmp_path: Path) -> None:
    tried: list[tuple[str, str]] = []
    with start_pool(1, tmp_path) as pool:
        campaign = make_campaign(pool, tmp_path, scenarios=("pxe-tftp",), nic_models=("e1000", "rtl8139", "vmxnet3"))
        assert campaign.count_cells() == 3
        campaign.listen(on_start=lambda cell: tried.append((cell.directory.parent.name, cell.key.nic_model)))
        campaign.run()
    assert tried == [("baseline", "e1000"), ("candidate", "e1000"), ("baseline", "rtl8139")]
    assert len(campaign.errors) == 3
    assert campaign.traces("baseline") == ()
    assert campaign.confirmed == frozenset()


@pytest.mark.rig
def test_a_campaign_in_which_cells_break_again_and_again_ends(tmp_path: Path) -> None:
    with start_pool(1, tmp_path) as pool:
        campaign = make_campaign(pool, tmp_path, scenarios=("nbp-sizes",), nic_models=("e1000", "rtl8139"))
        with pytest.raises(CellError, match=r"^5 cells broke, the rest was not tried; the last: nbp-sizes") as caught:
            campaign.run()
    assert caught.value.remedy == "apt-get install seabios"
    assert len(campaign.errors) == 5


@pytest.mark.rig
def test_console_scenarios_run_in_real_time_at_once(tmp_path: Path) -> None:
    modes: list[tuple[str, str]] = []
    told: Callable[[CellSpecification], None] = lambda cell: modes.append((cell.key.scenario, cell.time_mode))  # noqa: E731
    with start_pool(1, tmp_path) as pool:
        campaign = make_campaign(pool, tmp_path, scenarios=("prompt", "pxe-tftp"), nic_models=("rtl8139",))
        campaign.listen(on_start=told)
        campaign.run()
    assert modes == [("pxe-tftp", "virtual"), ("prompt", "real")]
    assert {key.scenario for key in campaign.confirmed} == {"prompt"}
    cells = [parse_specification(path.read_bytes()) for path in tmp_path.glob("cells/*/*/cell.json")]
    assert len({cell.nonce for cell in cells}) == 2
