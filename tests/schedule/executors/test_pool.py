"""The pool: many cells at a time, each ending by itself, and what is left when the pool or a cell is broken.

The cells are real processes in real namespaces. Their QEMU is none, so each breaks at once and says so.
"""

import json
import os
import signal
import socket
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bootrig.cell import watchdog
from bootrig.cell.process import load_error
from bootrig.cell.specification import CellSpecification, load_specification, write_specification
from bootrig.emulator.release.discovery import Emulator
from bootrig.process_tree import iter_tree
from bootrig.schedule import equipment, zygote
from bootrig.schedule.equipment import collect_programs, specify
from bootrig.schedule.errors import PoolError
from bootrig.schedule.executors import processors
from bootrig.schedule.executors.pool import start_pool
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.schedule.shelf import Place, start_shelf
from bootrig.trace.attempt import Attempt
from bootrig.trace.trace import Clock, ClockKind
from bootrig.workdir import NEW_PREFIX
from tests.cli.command import find_children
from tests.leaks import adopt_orphans
from tests.schedule.sample import CODE, NO_QEMU, make_equipment, make_side

VIRTUAL, REAL = Clock(ClockKind.VIRTUAL, 7), Clock(ClockKind.REAL)


def read_words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def find_zygote() -> int:
    """Return the process that forks cells; this one is also given what earlier tests leave behind while it dies.

    A program that starts has no words for a moment.
    """
    limit_s = time.monotonic() + 10
    while not (found := [pid for pid in find_children(os.getpid()) if b"schedule.zygote" in read_words(pid)]):
        assert time.monotonic() < limit_s
    (child,) = found
    return child


@pytest.fixture
def specifications(tmp_path: Path) -> list[CellSpecification]:
    """Cells that break at once."""
    planned = plan_cells(Filters(scenarios=("pxe-tftp", "no-boot-file", "no-ra"), nic_models=("e1000", "rtl8139")))
    side, shared = make_side(tmp_path), make_equipment()
    return [specify(cell, side, shared, tmp_path, Attempt(VIRTUAL)) for cell in planned]


def make_silent_qemu(directory: Path) -> Emulator:
    """Return a QEMU that says nothing and does not end."""
    program = directory / "qemu-system-x86_64"
    program.write_text("#!/bin/sh\nread nothing < /console.in\n")
    program.chmod(0o755)
    (directory / "bios-256k.bin").touch()
    return replace(NO_QEMU, command=(str(program),), executable=program, data_directories=(directory,))


@pytest.mark.rig
@pytest.mark.parametrize("jobs", [1, 3])
def test_every_cell_has_one_result(jobs: int, specifications: list[CellSpecification], tmp_path: Path) -> None:
    started: list[str] = []
    with start_pool(jobs, tmp_path) as pool:
        results = list(pool.run(specifications, on_start=lambda cell: started.append(str(cell.key))))
        assert list(pool.run([])) == []
    assert started == [str(specification.key) for specification in specifications]
    assert {str(result.specification.key) for result in results} == set(started)
    for result in results:
        assert result.trace is None
        assert result.error is not None
        assert result.error.label == ""
        assert str(result.error).startswith(f"{result.specification.key}: host: no bios-256k.bin in any data")
        assert result.error.directory == str(result.specification.directory)


@pytest.mark.rig
def test_modules_of_the_user_s_directory_are_not_bootrig_s(
    specifications: list[CellSpecification], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('not mine')\n")
    monkeypatch.chdir(tmp_path)
    with start_pool(1, tmp_path) as pool:
        (result,) = pool.run(specifications[:1])
    assert "no bios-256k.bin" in str(result.error)


@pytest.mark.rig
def test_at_most_so_many_cells_run_at_a_time(specifications: list[CellSpecification], tmp_path: Path) -> None:
    running: set[str] = set()
    most = 0
    with start_pool(2, tmp_path) as pool:
        for result in pool.run(specifications, on_start=lambda cell: running.add(str(cell.key))):
            most = max(most, len(running))
            running.discard(str(result.specification.key))
    assert (most, running) == (2, set())


@pytest.mark.rig
def test_a_specification_that_cannot_be_written(specifications: list[CellSpecification], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    hopeless = [replace(cell, cell_directory=tmp_path / "file" / str(i)) for i, cell in enumerate(specifications)]
    with start_pool(2, tmp_path) as pool:
        results = list(pool.run([*hopeless[:3], specifications[0]]))
    assert len(results) == 4
    told = [str(result.error) for result in results if result.specification in hopeless]
    assert told == [f"{cell.key}: {cell.cell_directory}: Not a directory" for cell in hopeless[:3]]


@pytest.mark.rig
def test_the_process_that_forks_the_cells_is_killed(specifications: list[CellSpecification], tmp_path: Path) -> None:
    def kill(_cell: CellSpecification) -> None:
        os.kill(find_zygote(), signal.SIGKILL)

    with start_pool(1, tmp_path) as pool, pytest.raises(PoolError, match="the process that forks the cells is gone"):
        list(pool.run(specifications, on_start=kill))


@pytest.mark.rig
@pytest.mark.parametrize(
    ("number", "how"), [(signal.SIGKILL, "is gone"), (signal.SIGSTOP, "was stopped (SIGSTOP or a debugger)")]
)
def test_another_process_forks_the_cells_that_are_left(
    number: signal.Signals, how: str, specifications: list[CellSpecification], tmp_path: Path
) -> None:
    with start_pool(1, tmp_path) as pool:
        results = []
        for result in pool.run(specifications):
            results.append(result)
            if len(results) == 1:
                os.kill(find_zygote(), number)
    errors = [str(result.error) for result in results]
    fault = f"{specifications[1].key}: the process that forks the cells {how}"
    assert (len(errors), errors[1]) == (len(specifications), fault)
    assert all("no bios-256k.bin in any data" in error for error in errors if error != fault)


@pytest.mark.rig
def test_a_cell_that_does_not_end_is_killed_and_the_next_one_runs(
    specifications: list[CellSpecification], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its QEMU says nothing, for which the cell itself would wait longer."""
    monkeypatch.setattr(watchdog, "SETUP_S", 5 - watchdog.GRACE_S - specifications[0].scenario.deadline.wall_s)
    silent = make_silent_qemu(tmp_path)
    with start_pool(1, tmp_path) as pool:
        first, second = pool.run([replace(specifications[0], emulator=silent), specifications[1]])
    assert first.error is not None
    assert f"{first.specification.key}: the cell did not end within 5 s: the cell's process sleeps" in str(first.error)
    assert str(first.error).endswith("QEMU sleeps")
    assert load_error(first.specification.directory, "", 0).args == first.error.args
    assert "no bios-256k.bin in any data" in str(second.error)


@pytest.mark.rig
def test_a_pool_that_is_interrupted_leaves_nothing_half_written(
    specifications: list[CellSpecification], tmp_path: Path
) -> None:
    begun = specifications[0].directory / f"{NEW_PREFIX}x"

    def interrupt(_cell: CellSpecification) -> None:
        begun.parent.mkdir(parents=True, exist_ok=True)
        begun.touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), start_pool(1, tmp_path) as pool:
        list(pool.run(specifications, on_start=interrupt))
    assert not begun.exists()


class _SeenError(Exception):
    """QEMU runs."""


@pytest.mark.rig
@pytest.mark.parametrize("clock", [VIRTUAL, REAL])
def test_in_virtual_time_all_of_a_cell_has_one_processor(
    clock: Clock, specifications: list[CellSpecification], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "NAME", f"\0bootrig-test-{os.getpid()}-{{}}")
    allowed = os.sched_getaffinity(0)
    cell = replace(specifications[0], emulator=make_silent_qemu(tmp_path), attempt=Attempt(clock))

    def look() -> None:
        tree = list(iter_tree(find_zygote()))
        if any(b"qemu-system" in read_words(process.pid) for process in tree):
            raise _SeenError([os.sched_getaffinity(process.pid) for process in tree if process.generation])

    with start_pool(1, tmp_path) as pool, pytest.raises(_SeenError) as caught:
        list(pool.run([cell], go_on=look))
    (found,) = caught.value.args
    assert len(found) >= 3
    assert found == [{min(allowed)} if clock.is_virtual else allowed] * len(found)


class _ColdBootError(Exception):
    """A cell boots cold."""


@pytest.mark.rig
def test_cells_boot_cold_where_those_that_make_their_prefixes_are_killed(
    specifications: list[CellSpecification], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "SETUP_S", 1 - watchdog.GRACE_S - specifications[0].scenario.deadline.wall_s)
    silent = [
        replace(cell, emulator=make_silent_qemu(tmp_path), prefix=key)
        for cell, key in zip(specifications[:2], ("first", "second"), strict=True)
    ]
    told: list[str] = []

    def start(cell: CellSpecification) -> None:
        raise _ColdBootError(str(cell.directory))

    with start_shelf(told.append) as shelf:
        with start_pool(2, tmp_path, shelf) as pool, pytest.raises(_ColdBootError, match=r"/shift7$"):
            list(pool.run(silent, on_start=start))
        assert [shelf.look(cell.prefix) for cell in silent] == [Place.FAILED] * 2
    assert len(told) == 1
    assert "the cell did not end within 1 s" in told[0]


def test_a_pool_whose_process_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with start_pool(1, tmp_path) as pool:
        planned = plan_cells(Filters(scenarios=("pxe-tftp",), nic_models=("e1000",)))
        cell = specify(planned[0], make_side(tmp_path), make_equipment(), tmp_path, Attempt(VIRTUAL))
        with pytest.raises(PoolError, match="the process that forks the cells is gone"):
            list(pool.run([cell]))


def test_the_forking_process_ends_with_its_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a child of this test's, because it takes over signals."""
    adopt_orphans()
    near, far = socket.socketpair()
    child = os.fork()
    if child == 0:
        near.close()
        monkeypatch.setattr(zygote, "run_cell_file", lambda directory, attempt, prefix=None: int(directory.name))
        zygote.serve(far)
        os._exit(0)
    far.close()
    near.sendall(
        b"".join(
            json.dumps({"directory": f"/d/{status}", "attempt": "real", "console": False}).encode() + b"\n"
            for status in (0, 3, 4)
        )
    )
    answers = b""
    while answers.count(b"\n") < 6:
        answers += near.recv(4096)
    told = [json.loads(line) for line in answers.splitlines()]
    ended = {answer["directory"]: answer["status"] for answer in told if "status" in answer}
    assert ended == {"/d/0": 0, "/d/3": 3, "/d/4": 4}
    assert {answer["directory"] for answer in told if answer.get("process", 0) > 1} == set(ended)
    near.close()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_cell_s_specification_is_written_and_read_back(tmp_path: Path) -> None:
    (planned,) = plan_cells(Filters(scenarios=("nbp-sizes[2k]",), nic_models=("e1000",)))
    side, shared = make_side(tmp_path), make_equipment()
    first = specify(planned, side, shared, tmp_path, Attempt(VIRTUAL))
    again = specify(planned, side, shared, tmp_path, Attempt(REAL))
    cell = tmp_path / "cells" / "set" / "nbp-sizes_2k_+e1000+pc+seabios+host"
    assert (first.cell_directory, first.directory) == (cell, cell / "shift7")
    assert (again.cell_directory, again.directory) == (cell, cell / "real")
    assert first.attempt_path == f"cells/set/{cell.name}/shift7"
    assert first.nonce != again.nonce
    assert len(first.nonce) == 16
    path = write_specification(first)
    assert str(tmp_path) not in path.read_text()
    read = load_specification(cell, "shift7")
    assert read == replace(first, nonce=read.nonce)
    assert read.nonce != first.nonce


def test_a_run_can_be_carried_elsewhere(tmp_path: Path) -> None:
    (planned,) = plan_cells(Filters(scenarios=("pxe-tftp",), nic_models=("e1000",)))
    (tmp_path / "here").mkdir()
    here = tmp_path / "here"
    specification = specify(planned, make_side(here), make_equipment(), here, Attempt(VIRTUAL))
    write_specification(specification)
    (tmp_path / "here").rename(tmp_path / "there")
    cell = tmp_path / "there" / "cells" / "set" / specification.cell_directory.name
    read = load_specification(cell, "real")
    assert read.data_directory == tmp_path / "there" / "roms" / "set"
    assert read.programs["bios"] == tmp_path / "there" / "programs" / sha256(CODE).hexdigest()
    assert read.directory == cell / "real"


def test_a_grub_image_is_made_for_the_folder_in_which_it_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (planned,) = plan_cells(Filters(scenarios=("grub",), nic_models=("e1000",)))
    made: list[tuple[object, ...]] = []
    monkeypatch.setattr(equipment, "make_grub_image", lambda *words: made.append(words) or b"grub")
    programs = collect_programs(planned.scenario, make_equipment(), tmp_path)
    assert programs["boot/core.0"].read_bytes() == b"grub"
    assert programs["boot/core.0"].parent == tmp_path / "programs"
    ((modules, prefix),) = made
    assert (set(modules) >= {"pxe", "tftp"}, prefix) == (True, "(pxe)/boot")
