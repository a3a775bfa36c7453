"""What a worker does with orders of a run: real pools, and cells that boot nothing since their guests lack a ROM."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.cell.specification import CellSpecification, write_specification
from bootrig.emulator.release.discovery import Emulator, find_host_emulator
from bootrig.schedule.equipment import specify
from bootrig.schedule.errors import WorkerError
from bootrig.schedule.executors import worker
from bootrig.schedule.executors.order import Answer, Packer, decode_answer, encode_order, unpack
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.trace.attempt import Attempt
from bootrig.trace.trace import TRACE_FILE, Clock, ClockKind, MissingRom
from bootrig.workdir import CACHE_VARIABLE
from tests.schedule.sample import NO_QEMU, make_equipment, make_side

END_S, PERIOD_S = 30.0, 0.02
RUN = "run"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the worker has its places; its cache is its own, too."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the worker know no run before, and forget the test's after it."""
    monkeypatch.setattr(worker, "_ended", set())
    yield
    asyncio.run(worker.end_session(RUN))


def make_cell(run: Path, emulator: Emulator) -> CellSpecification:
    """Return a cell that boots nothing."""
    (planned,) = plan_cells(Filters(scenarios=("pxe-tftp",), nic_models=("e1000",), machines=("pc",)))
    side = make_side(run)
    side.directory.mkdir(parents=True)
    for rom in side.rom_set.roms:
        (side.directory / rom.file_name).write_bytes(rom.content)
    cell = specify(planned, side, make_equipment(), run, Attempt(Clock(ClockKind.VIRTUAL, 7)))
    return replace(cell, emulator=emulator, missing_roms=(MissingRom("e1000", "efi-e1000.rom"),))


def order(cell: CellSpecification) -> Answer:
    """Order a cell twice, as it has to be: the worker lacks everything at first."""
    packed = Packer().pack(cell)
    content = encode_order(packed.order)
    lacking = decode_answer(worker.run_order(RUN, content, {})).lacking
    contents = {digest: packed.contents[digest].read_bytes() for digest in lacking}
    return decode_answer(worker.run_order(RUN, content, contents))


def await_true(is_true: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + END_S
    while not is_true():
        assert time.monotonic() < ends_s
        time.sleep(PERIOD_S)


@pytest.mark.rig
def test_a_run_has_one_place_until_it_ends(temporary: Path, tmp_path: Path) -> None:
    cell = make_cell(tmp_path / "run", find_host_emulator())
    answer = order(cell)
    write_specification(cell)
    result = unpack(cell, answer)
    assert result.error is None
    assert result.trace is not None
    assert (str(result.trace.key), result.trace.directory) == (str(cell.key), cell.attempt_path)
    assert sorted(answer.files) == [TRACE_FILE]
    (place,) = temporary.iterdir()
    again = replace(cell, attempt=Attempt(cell.clock, 2))
    assert decode_answer(worker.run_order(RUN, encode_order(Packer().pack(again).order), {})).error == ""
    assert list(temporary.iterdir()) == [place]
    assert not list((place / "cells").rglob("*.json"))
    asyncio.run(worker.end_session(RUN))
    assert list(temporary.iterdir()) == []
    ended = decode_answer(worker.run_order(RUN, encode_order(Packer().pack(again).order), {}))
    assert (ended.error, ended.files) == ("the run has ended", {})
    assert list(temporary.iterdir()) == []


@pytest.mark.rig
def test_a_run_that_is_not_heard_of_is_forgotten(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "IDLE_S", 0.01)
    assert order(make_cell(tmp_path / "run", find_host_emulator())).error == ""
    await_true(lambda: not list(temporary.iterdir()))


@pytest.mark.rig
def test_an_emulator_that_has_become_another_one_boots_nothing(temporary: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"the emulator host has the digest [0-9a-f]{64}, not ab"):
        order(make_cell(tmp_path / "run", NO_QEMU))
    assert list(temporary.iterdir()) == []
