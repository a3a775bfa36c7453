"""Ctrl-C and other signals at any moment: the right exit status, traces of finished cells kept, nothing left behind.

That no process, namespace or mount is left is what `own_directories` checks after every test (tests/conftest.py).
"""

import os
import signal
from pathlib import Path

import pytest

from bootrig.process_tree import iter_tree
from tests.cli.command import Ended, find_children, load_traces, run_command, start_command

pytestmark = [pytest.mark.rig, pytest.mark.timeout(600)]
SMALL = ("run", "ipxe-debian-12", "--nic", "e1000", "--runs", "runs", "-j", "2")
BOOTING = (*SMALL, "--scenario", "no-ra", "--scenario", "grub", "--time", "real")


def last_line(ended: Ended) -> str:
    """Return the last line of what a command said on standard error, after its progress."""
    return ended.err.splitlines()[-1]


def require_whole(run_directory: Path) -> None:
    """Nothing half-written: what has a file's final name is whole, and no temporary name is left."""
    load_traces(run_directory)
    assert [path for path in run_directory.rglob(".*") if path.name != ".bootrig"] == []


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("*/roms", id="embedding"),
        pytest.param("*/cells.log", id="starting-the-pool"),
        pytest.param("*/cells/*/*/cell.json", id="starting-a-cell"),
        pytest.param("*/cells/*/*/*/logs/dnsmasq.log", id="starting-servers"),
        pytest.param("*/cells/*/*/*/capture.pcap", id="booting"),
    ],
)
def test_ctrl_c(moment: str, tmp_path: Path) -> None:
    with start_command(tmp_path, *BOOTING) as command:
        command.await_file(moment)
        command.send_to_group(signal.SIGINT)
        ended = command.wait()
        assert (ended.status, last_line(ended)) == (130, "bootrig: interrupted")
        require_whole(command.run_directory)


def test_ctrl_c_before_anything_happened(tmp_path: Path) -> None:
    """Whatever the interpreter was doing, it says so in one line."""
    with start_command(tmp_path, *BOOTING) as command:
        command.await_text(Path(f"/proc/{command.pid}/maps"), "_ctypes")
        command.send(signal.SIGINT)
        ended = command.wait()
        assert (ended.status, ended.err) == (130, "bootrig: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_processes(number: signal.Signals, tmp_path: Path) -> None:
    with start_command(tmp_path, *BOOTING) as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        command.send(number)
        ended = command.wait()
        assert (ended.status, last_line(ended)) == (128 + number, f"bootrig: ended by {number.name}")
        require_whole(command.run_directory)


def test_an_impatient_user(tmp_path: Path) -> None:
    with start_command(tmp_path, *BOOTING) as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        for _ in range(5):
            command.send_to_group(signal.SIGINT)
        assert command.wait().status == 130
        load_traces(command.run_directory)


def test_a_kill_that_nobody_can_handle(tmp_path: Path) -> None:
    with start_command(tmp_path, *BOOTING) as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        command.send(signal.SIGKILL)
        assert command.wait().status == 128 + signal.SIGKILL
        load_traces(command.run_directory)


def test_a_kill_while_the_process_that_forks_cells_is_stopped(tmp_path: Path) -> None:
    with start_command(tmp_path, *BOOTING) as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        (zygote,) = (pid for pid in find_children(command.pid) if os.getsid(pid) == pid)
        os.kill(zygote, signal.SIGSTOP)
        command.send(signal.SIGKILL)
        assert command.wait().status == 128 + signal.SIGKILL


def test_guests_and_their_servers_share_a_session(tmp_path: Path) -> None:
    """Linux divides processors among sessions first, and a server in another one than its guest waits for its turn."""
    with start_command(tmp_path, *BOOTING) as command:
        parts = [command.await_descendant(name) for name in ("dnsmasq", "qemu-system-x86")]
        (zygote,) = (pid for pid in find_children(command.pid) if os.getsid(pid) == pid)
        tree = [process.pid for process in iter_tree(zygote)]
        assert set(parts) <= set(tree)
        assert {os.getsid(pid) for pid in tree} == {zygote}
        command.send(signal.SIGINT)
        assert command.wait().status == 130


def test_traces_of_finished_cells_are_kept(tmp_path: Path) -> None:
    words = (*SMALL[:-1], "1", "--scenario", "pxe-tftp", "--scenario", "no-ra", "--time", "real")
    with start_command(tmp_path, *words) as command:
        command.await_file("*/cells/*/no-ra*/*/capture.pcap")
        command.send_to_group(signal.SIGINT)
        ended = command.wait()
        assert ended.status == 130
        assert f"What was seen until now: {command.run_directory}\n" in ended.err
        (trace,) = load_traces(command.run_directory)
        assert trace.key.scenario == "pxe-tftp"
        require_whole(command.run_directory)


def test_ctrl_c_while_comparing_leaves_no_verdict(tmp_path: Path) -> None:
    words = ("compare", "ipxe-debian-12", "ipxe-debian-13", *BOOTING[2:])
    with start_command(tmp_path, *words, "--json", "verdict.json") as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        command.send_to_group(signal.SIGINT)
        assert command.wait().status == 130
        assert not (tmp_path / "verdict.json").exists()
        assert not (command.run_directory / "verdict.json").exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ending_a_single_boot(number: signal.Signals, status: int, tmp_path: Path) -> None:
    words = ("boot", "ipxe-debian-12", "--scenario", "no-ra", "--time", "real", "--runs", "runs")
    with start_command(tmp_path, *words) as command:
        command.await_text(tmp_path / "out", "iPXE")
        command.send_to_group(number)
        assert command.wait().status == status
        assert load_traces(command.run_directory) == []


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """`bootrig boot ... | head -1` ends quietly, and so does the guest."""
    words = ("boot", "ipxe-debian-12", "--scenario", "no-ra", "--runs", "runs")
    ended = run_command(tmp_path, *words, before=("sh", "-c", '("$@"; echo "status $?" >&2) | head -1', "sh"))
    assert (ended.out[:18], ended.err) == ("[    0 s] SeaBIOS ", "status 0\n")
