"""Cells on a real scheduler of Dask with two workers, one of which is killed midway; all on the loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootrig.trace.reading.attempts import settle_traces
from bootrig.trace.trace import Trace
from tests.cell.boots import Boots
from tests.cli.command import load_traces, run_command, start_command

START_S, END_S, PERIOD_S = 60.0, 20.0, 0.02
NIC_MODELS = ("e1000", "e1000e", "ne2k_pci", "pcnet", "rtl8139", "virtio-net-pci")
RUN = ("run", "ipxe-debian-12", "--scenario", "pxe-tftp", *(word for nic in NIC_MODELS for word in ("--nic", nic)))


@dataclass(frozen=True, slots=True)
class Program:
    """A scheduler or worker, and where it has its temporary files."""

    process: subprocess.Popen[bytes]
    temporary: Path

    def await_cell(self) -> None:
        """Wait until a guest of this worker has a console."""
        await_true(lambda: any(self.temporary.glob("bootrig-work-cells-*/cells/*/*/*/console.log")))

    @property
    def left(self) -> list[str]:
        """What it has left of bootrig's."""
        return [path.name for path in self.temporary.glob("bootrig-*")]


def await_true(is_true: Callable[[], bool]) -> None:
    ends = time.monotonic() + START_S
    while not is_true():
        assert time.monotonic() < ends
        time.sleep(PERIOD_S)


@contextmanager
def start_program(directory: Path, word: str, *options: str) -> Iterator[Program]:
    """Start a scheduler or a worker, without dashboard, on the loopback."""
    temporary = directory / "tmp"
    temporary.mkdir(parents=True)
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[3])}
    words = [sys.executable, "-m", f"distributed.cli.dask_{word}", "--host", "127.0.0.1", "--no-dashboard", *options]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=directory)
    try:
        yield Program(process, temporary)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, Program, Program]]:
    """The address of a scheduler, and its two workers."""
    told = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        stack.enter_context(
            start_program(tmp_path / "scheduler", "scheduler", "--port", "0", "--scheduler-file", str(told))
        )
        await_true(lambda: told.exists() and told.read_text().endswith("}"))
        address = json.loads(told.read_text())["address"]
        options = (address, "--nthreads", "1", "--no-nanny")
        first, second = (
            stack.enter_context(start_program(tmp_path / name, "worker", *options, "--name", name))
            for name in ("one", "two")
        )
        yield address.replace("tcp://", "dask://"), first, second


def find_outcomes(traces: list[Trace] | tuple[Trace, ...]) -> dict[str, object]:
    counted = settle_traces([trace for trace in traces if trace.key.nic_model in NIC_MODELS])
    return {str(trace.key): (trace.outcome.status, trace.outcome.milestone, trace.rom.sha256) for trace in counted}


@pytest.mark.rig
@pytest.mark.timeout(900)
def test_a_worker_is_killed_and_all_outcomes_are_those_of_the_pool(
    cluster: tuple[str, Program, Program], all_nic_models: Boots, tmp_path: Path
) -> None:
    on, first, second = cluster
    with start_command(tmp_path / "run", *RUN, "--on", on, "--runs", "runs") as command:
        first.await_cell()
        first.process.kill()
        ended = command.wait()
        traces = load_traces(command.run_directory)
    assert (ended.status, second.left) == (0, [])
    assert "one (tcp://127.0.0.1:" in ended.err
    assert find_outcomes(traces) == find_outcomes(
        [trace for trace in all_nic_models.traces if trace.rom_set == "ipxe-debian-12"]
    )
    assert len(find_outcomes(traces)) == len(NIC_MODELS)
    # interrupted, it leaves nothing behind on the worker that is left
    with start_command(tmp_path / "interrupted", *RUN, "--on", on, "--runs", "runs") as command:
        second.await_cell()
        os.kill(command.pid, signal.SIGINT)
        ended = command.wait()
    assert (ended.status, second.left) == (130, [])


@pytest.mark.rig
def test_where_no_scheduler_answers_no_run_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = run_command(tmp_path / "run", *RUN, "--on", f"dask://127.0.0.1:{port}", "--runs", "runs")
    assert ended.status == 3
    assert f"no scheduler of Dask answers at 127.0.0.1:{port}" in ended.err
    assert list((tmp_path / "run" / "runs").iterdir()) == []
