"""`bootrig boot`: one boot with its console, shown or handed over."""

import os
import pty
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from bootrig.cli.terminal import Keyboard, Screen, start_raw_terminal
from tests.cli.command import WORDS, find_run_directory, load_traces, run_command

BOOT = ("boot", "ipxe-debian-12", "--runs", "runs")
LIMIT = pytest.mark.timeout(600)
WAIT_S = 60


@LIMIT
@pytest.mark.rig
def test_the_console_is_shown_with_the_guest_s_clock(tmp_path: Path) -> None:
    ended = run_command(tmp_path, *BOOT, "--scenario", "no-boot-file")
    lines = ended.out.splitlines()
    assert ended.status == 0, ended
    assert lines[0].startswith("[    0 s] SeaBIOS (version ")
    assert any("-- Open Source Network Boot Firmware" in line for line in lines)
    assert any("] BOOTRIG " in line for line in lines)  # the last line, which the guest may not have ended yet
    assert "Outcome: passed, disk-booted was reached" in ended.out
    assert "  failed on the way: Nothing to boot: No such file or directory (2d03e13b)" in lines
    milestones = [line.split()[2] for line in lines[lines.index("") :] if line.startswith("   ")]
    assert milestones == ["dhcp-discover", "dhcp-offer", "dhcp-request", "dhcp-ack", "disk-booted"]
    run_directory = find_run_directory(tmp_path / "runs")
    (trace,) = load_traces(run_directory)
    assert lines[-1].startswith(f"Everything that was seen: {tmp_path}/runs/")
    assert lines[-1].endswith(trace.directory)


@LIMIT
@pytest.mark.rig
def test_a_boot_that_fails(tmp_path: Path) -> None:
    own = tmp_path / "recipes" / "scenarios"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(
        'summary = "no file"\nreport = "nbp"\n[dhcp]\n[deadline]\nguest_s = 90\nwall_s = 120\n'
    )
    environment = {"BOOTRIG_RECIPES": str(own.parent)}
    ended = run_command(tmp_path, *BOOT, "--scenario", "mine", environment=environment)
    assert ended.status == 1
    assert "Outcome: failed, nbp-entered was not reached: the console says 'Nothing to boot: No such file" in ended.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--scenario", "nbp-sizes"), "nbp-sizes has variants, name one\n  remedy: known: nbp-sizes[512], nbp-sizes"),
        (("--scenario", "pxe-ttp"), 'there is no recipe "pxe-ttp"'),
        (("--interactive",), "--interactive: standard input is neither a terminal nor a pipe"),
        (("--nic", "e1001"), "unknown NIC model 'e1001'; did you mean \"e1000\"?"),
        (("--machine", "q35", "--scenario", "grub"), "no cell is left by these filters"),
    ],
)
def test_bad_input(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    ended = run_command(tmp_path, *BOOT, *words)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
    assert not (tmp_path / "runs").exists()


@contextmanager
def start_interactive(directory: Path, *words: str) -> Iterator["pexpect.spawn[str]"]:
    """Yield the command on a terminal of its own."""
    spawned = pexpect.spawn(
        WORDS[0],
        [*WORDS[1:], *BOOT, "--interactive", *words],
        cwd=str(directory),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        encoding="utf-8",
        timeout=WAIT_S,
    )
    try:
        yield spawned
    finally:
        spawned.close(force=True)


@LIMIT
@pytest.mark.rig
def test_somebody_types_at_the_prompt_and_leaves(tmp_path: Path) -> None:
    with start_interactive(tmp_path, "--nic", "virtio-net-pci") as console:
        before = termios.tcgetattr(console.child_fd)
        console.expect_exact("The guest's console is yours; Ctrl-] ends.")
        console.expect("Press Ctrl-B")
        console.send("\x02")
        console.expect_exact("iPXE> ")
        assert termios.tcgetattr(console.child_fd) != before
        console.send("\x03\rset net0/user bootrig\r")
        console.expect_exact("iPXE> ")
        console.send("show net0/user\r")
        console.expect_exact(":string = bootrig")
        console.send("\x1d")
        console.expect_exact("Outcome: left")
        console.expect("Everything that was seen: (.*)\r\n")
        console.expect(pexpect.EOF)
        console.wait()
        assert console.exitstatus == 0
        assert termios.tcgetattr(console.child_fd) == before
    run_directory = find_run_directory(tmp_path / "runs")
    (trace,) = load_traces(run_directory)
    assert any(":string = bootrig" in line.text for line in trace.console)
    assert trace.attempt == "real"


@LIMIT
@pytest.mark.rig
def test_the_operator_stays_after_the_scenario_has_ended(tmp_path: Path) -> None:
    with start_interactive(tmp_path) as console:
        console.expect(r"BOOTRIG [0-9a-f]{16} nbp[^\n]*\n")
        console.send("\x1d")
        console.expect_exact("Outcome: left")
        console.expect_exact("nbp-entered")
        console.expect(pexpect.EOF)


@LIMIT
@pytest.mark.rig
def test_the_terminal_goes_away(tmp_path: Path) -> None:
    """A window is closed: the boot ends, and so does everything that it started."""
    pid, window = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(WORDS[0], [*WORDS, *BOOT, "--interactive"])
    seen = b""
    while b"SeaBIOS" not in seen:
        seen += os.read(window, 4096)
    os.close(window)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGHUP


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard input is a terminal."""
    keeper, end = pty.openpty()
    with open(end, closefd=False) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield end
    os.close(keeper)
    os.close(end)


def test_a_terminal_is_restored_even_after_an_error(terminal: int) -> None:
    before = termios.tcgetattr(terminal)
    with pytest.raises(ZeroDivisionError), start_raw_terminal():
        assert not termios.tcgetattr(terminal)[3] & termios.ISIG
        raise ZeroDivisionError
    assert termios.tcgetattr(terminal) == before


def test_the_colours_of_a_guest_end_with_it(terminal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, window = pty.openpty()
    tty.setraw(window)
    with open(window, "w", closefd=False) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with start_raw_terminal():
            Keyboard().show("\x1b]0;title\a\x1b[31mmenu", 0.0)
    assert os.read(shown, 100) == b"\x1b[31mmenu\x1b[m"
    os.close(shown)
    os.close(window)


def test_a_pipe_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "input").open("w+") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with start_raw_terminal():
            pass


def test_only_whole_lines_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.show("\x1b[1miPX", 0.0)
    assert capsys.readouterr().out == ""
    screen.show("E\x1b[0m 1.0\r\n\r\n  ok  \nrest", 3.4)
    assert capsys.readouterr().out == "[    3 s] iPXE 1.0\n[    3 s]   ok\n"
    screen.show("\n", None)
    assert capsys.readouterr().out == "[    0 s] rest\n"
