"""`bootrig run` on rigs that are broken on purpose: exit status 3, what broke, what to do; healthy traces are kept.

That no process, namespace or mount is left is what `own_directories` checks after every test (tests/conftest.py).
"""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig.process import require_tool
from bootrig.romset.embed import embed_rom_set
from bootrig.trace.trace import OutcomeStatus
from firmware.romset import RomSet
from tests.cli.command import Command, Ended, load_traces, run_command, start_command
from tests.emulator.fake_qemu import make_fake_qemu

RUN = ("run", "ipxe-debian-12", "--nic", "e1000", "--runs", "runs")
BOOT = (*RUN, "--scenario", "pxe-tftp")
SLOW_BOOT = (*RUN, "--scenario", "no-ra", "--time", "real")
OVERLAY = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "sh", "-c")
LIMIT = pytest.mark.timeout(600)


def told(ended: Ended) -> str:
    """Return the errors that a command told, without its progress."""
    return "".join(ended.err.partition("bootrig: ")[1:])


# --- a host that lacks something ---------------------------------------------------------------------------------


def make_path(directory: Path, *missing: str) -> dict[str, str]:
    """Return an environment whose PATH has all programs of this machine but some."""
    directory.mkdir()
    for folder in os.get_exec_path():
        for program in Path(folder).glob("*"):
            if program.name not in missing and not (directory / program.name).exists():
                (directory / program.name).symlink_to(program)
    return {"PATH": str(directory)}


@pytest.mark.rig
@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("qemu-system-x86_64", "qemu-system-x86_64 is not installed\n  remedy: apt-get install qemu-system-x86\n"),
        ("as", "as is not installed\n  remedy: apt-get install binutils\n"),
        ("ld", "ld is not installed\n  remedy: apt-get install binutils\n"),
    ],
)
def test_a_program_is_missing(missing: str, message: str, tmp_path: Path) -> None:
    environment = {**make_path(tmp_path / "bin", missing), "BOOTRIG_CACHE": str(tmp_path / "cache")}
    ended = run_command(tmp_path, *BOOT, "--accelerator", "tcg", environment=environment)
    assert (ended.status, ended.out, ended.err) == (3, "", f"bootrig: {message}")


@pytest.mark.rig
@pytest.mark.parametrize(
    ("hidden", "by", "status", "message"),
    [
        ("/usr/sbin/dnsmasq", "/dev/null", 3, "dnsmasq is not installed\n  remedy: apt-get install dnsmasq-base\n"),
        ("/dev/net/tun", "/dev/zero", 3, "cannot create the tap device tap0: "),
        (
            "/usr/share/seabios",
            "{empty}",
            3,
            "no bios-256k.bin in any data directory\n  remedy: apt-get install seabios",
        ),
    ],
)
def test_something_is_hidden(hidden: str, by: str, status: int, message: str, tmp_path: Path) -> None:
    """A bind mount in a mount namespace of its own hides it, nobody else notices."""
    (tmp_path / "empty").mkdir()
    covering = by.format(empty=tmp_path / "empty")
    script = f'mount --bind {covering} {hidden} && exec "$@"'
    ended = run_command(tmp_path, *BOOT, before=(*OVERLAY, script, "sh"))
    assert ended.status == status, ended
    assert message in told(ended)
    assert "Traceback" not in ended.err
    assert "remedy: " in ended.err


@pytest.mark.rig
def test_a_qemu_that_does_not_exist(tmp_path: Path) -> None:
    ended = run_command(tmp_path, *BOOT, environment={"BOOTRIG_QEMU": "/nothing/qemu"})
    assert (ended.status, ended.out) == (3, "")
    assert ended.err == (
        "bootrig: $BOOTRIG_QEMU names /nothing/qemu, which does not exist\n"
        "  remedy: unset it, or name a qemu-system-x86_64\n"
    )


# --- a QEMU that breaks ------------------------------------------------------------------------------------------


@pytest.mark.rig
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("exits", "QEMU ended at once with exit status 1\nfake: no such device\n"),
        (
            "closes-at-once",
            "QEMU started, but: QEMU closed its monitor before the session began\nfake: closing\n",
        ),
    ],
)
def test_a_qemu_that_tells_nothing_about_itself(behaviour: str, message: str, tmp_path: Path) -> None:
    program = make_fake_qemu(tmp_path, behaviour)
    environment = {"BOOTRIG_QEMU": str(program), "BOOTRIG_CACHE": str(tmp_path / "cache")}
    ended = run_command(tmp_path, *BOOT, "--accelerator", "tcg", environment=environment)
    assert (ended.status, ended.out) == (3, "")
    assert message in told(ended)
    assert "Traceback" not in ended.err


@pytest.fixture(scope="module")
def qemu_that_breaks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Return what makes a QEMU that says everything about itself and then, as a cell's guest, does what it is told.

    It is one program file for all tests, so that it is asked about itself once.
    """
    directory = tmp_path_factory.mktemp("qemu")
    real = require_tool("qemu-system-x86_64")
    program = directory / "qemu-system-x86_64"
    program.write_text(f'#!/bin/sh\ncase "$*" in *filter-dump*) . {directory}/behaviour ;; esac\nexec {real} "$@"\n')
    program.chmod(0o755)

    def behave(behaviour: str) -> dict[str, str]:
        (directory / "behaviour").write_text(behaviour)
        return {"BOOTRIG_QEMU": str(program)}

    return behave


@pytest.mark.rig
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("echo 'no such device' >&2; exit 1", "QEMU ended at once with exit status 1\nno such device"),
        # the first process of a namespace, which QEMU is, cannot signal itself; faults end it
        ("exec perl -e 'use POSIX; POSIX::abort()'", "QEMU ended at once with signal SIGSEGV"),
        ("exit 0", "QEMU ended at once with exit status 0"),
    ],
)
def test_a_qemu_that_breaks(
    behaviour: str, message: str, tmp_path: Path, qemu_that_breaks: Callable[[str], dict[str, str]]
) -> None:
    environment = qemu_that_breaks(behaviour)
    with start_command(tmp_path, *BOOT, "--accelerator", "tcg", environment=environment) as command:
        ended = command.wait()
        (cell,) = command.run_directory.glob("cells/*/*/*/")
    assert (ended.status, ended.out) == (3, "")
    assert "broken rig: ipxe-debian-12 pxe-tftp e1000 pc seabios\n" in ended.err
    assert f"bootrig: the rig broke in 1 cell, the first: pxe-tftp/e1000/pc/seabios/host: {message}" in ended.err
    assert f"its run directory: {cell}\n" in ended.err
    assert message in json.loads((cell / "error.json").read_text())["message"]
    assert not (cell / "trace.json").exists()


@pytest.mark.rig
def test_a_rig_that_breaks_again_and_again_is_not_tried_further(
    tmp_path: Path, qemu_that_breaks: Callable[[str], dict[str, str]]
) -> None:
    environment = qemu_that_breaks("exit 1")
    words = ("run", "ipxe-debian-12", "--scenario", "pxe-tftp", "--accelerator", "tcg", "--runs", "runs", "-j", "1")
    with start_command(tmp_path, *words, environment=environment) as command:
        ended = command.wait()
        assert len(list(command.run_directory.glob("cells/*/*/*/error.json"))) == 5
    assert ended.status == 3
    assert "bootrig: 5 boots broke and none did not, the rest was not tried; the last: pxe-tftp/" in ended.err


@LIMIT
@pytest.mark.rig
@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("qemu-system-x86", "QEMU went away with signal SIGKILL"),
        ("dnsmasq", "dnsmasq died midway (exit status -9)"),
    ],
)
def test_a_process_that_dies_midway(program: str, message: str, tmp_path: Path) -> None:
    with start_command(tmp_path, *SLOW_BOOT) as command:
        command.await_text(command.await_file("*/cells/*/*/*/console.log"), "SeaBIOS")
        os.kill(command.await_descendant(program), signal.SIGKILL)
        ended = command.wait()
        assert ended.status == 3
        assert f"no-ra/e1000/pc/seabios/host: {message}" in told(ended)
        assert load_traces(command.run_directory) == []


def find_part(command: Command, part: str) -> int:
    """Return a process of a cell whose guest runs: `qemu`, `dnsmasq`, `init`, `keeper`, `cell`, or their `zygote`."""
    if part == "dnsmasq":
        return command.await_descendant("dnsmasq")
    pid = command.await_descendant("qemu-system-x86")
    for _ in range(("qemu", "init", "keeper", "cell", "zygote").index(part)):
        pid = int(Path(f"/proc/{pid}/status").read_text().partition("PPid:\t")[2].split()[0])
    return pid


@LIMIT
@pytest.mark.rig
@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("init", "what ran in the namespaces was ended by SIGKILL\n"),
        ("keeper", "the keeper of the namespaces was ended by SIGKILL\n"),
        ("cell", "the cell's process was killed by SIGKILL and left no trace\n"),
        ("zygote", "the process that forks the cells is gone\n"),
    ],
)
def test_a_part_of_a_cell_that_is_killed(part: str, message: str, tmp_path: Path) -> None:
    with start_command(tmp_path, *SLOW_BOOT) as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        os.kill(find_part(command, part), signal.SIGKILL)
        ended = command.wait()
    assert ended.status == 3
    assert f"no-ra/e1000/pc/seabios/host: {message}" in told(ended)
    assert "memory" not in told(ended)


@LIMIT
@pytest.mark.rig
@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("qemu", "QEMU"),
        ("dnsmasq", "dnsmasq"),
        ("init", "its init process"),
        ("keeper", "the keeper of its namespaces"),
        ("cell", "the cell's process"),
        ("zygote", "the process that forks the cells"),
    ],
)
def test_a_part_of_a_cell_that_is_stopped(part: str, name: str, tmp_path: Path) -> None:
    with start_command(tmp_path, *SLOW_BOOT) as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        os.kill(find_part(command, part), signal.SIGSTOP)
        ended = command.wait()
    assert ended.status == 3
    assert f"no-ra/e1000/pc/seabios/host: {name} was stopped (SIGSTOP or a debugger)\n" in told(ended)


@LIMIT
@pytest.mark.rig
@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("qemu", "QEMU"),
        ("dnsmasq", "dnsmasq"),
        ("init", "its init process"),
        ("keeper", "the keeper of its namespaces"),
    ],
)
def test_a_part_of_a_single_boot_that_is_stopped(part: str, name: str, tmp_path: Path) -> None:
    words = ("boot", "ipxe-debian-12", "--scenario", "no-ra", "--time", "real", "--runs", "runs")
    with start_command(tmp_path, *words) as command:
        command.await_file("*/cells/*/*/*/capture.pcap")
        os.kill(find_part(command, part), signal.SIGSTOP)
        ended = command.wait()
    assert ended.status == 3
    assert f"{name} was stopped (SIGSTOP or a debugger)\n" in told(ended)


@LIMIT
@pytest.mark.rig
def test_the_traces_of_healthy_cells_are_kept_where_one_breaks(tmp_path: Path) -> None:
    with start_command(tmp_path, *SLOW_BOOT, "--scenario", "pxe-tftp", "-j", "1") as command:
        command.await_file("*/cells/*/no-ra*/*/capture.pcap")
        os.kill(command.await_descendant("dnsmasq"), signal.SIGSTOP)
        ended = command.wait()
        assert ended.status == 3
        (trace,) = load_traces(command.run_directory)
        assert (trace.key.scenario, trace.outcome.status) == ("pxe-tftp", OutcomeStatus.PASSED)


# --- a full disk -------------------------------------------------------------------------------------------------


def count_kibibytes(directory: Path) -> int:
    """Return what the files in a directory take of a tmpfs: whole pages, and each inode once."""
    files = {path.stat().st_ino: path.stat().st_size for path in directory.rglob("*") if path.is_file()}
    return sum(-(-length // 4096) * 4 for length in files.values())


@LIMIT
@pytest.mark.rig
@pytest.mark.parametrize(
    ("more", "message"),
    [
        pytest.param(-1000, "cannot embed into {runs}", id="roms"),
        pytest.param(0, "no space is left where {runs}", id="specification"),
        pytest.param(12, "", id="servers"),
        pytest.param(40, "", id="trace"),
    ],
)
def test_a_full_disk(more: int, message: str, tmp_path: Path, debian_rom_set: Callable[[str], RomSet]) -> None:
    """Run directories go to a file system that has so many KiB more than the embedded ROM set needs."""
    embed_rom_set(debian_rom_set("ipxe-debian-12"), tmp_path / "roms")
    runs = tmp_path / "runs"
    runs.mkdir()
    size = count_kibibytes(tmp_path / "roms") + more
    listing = 'find runs -name trace.json -o -name ".*.json.*"'
    script = f'mount -t tmpfs -o size={size}k none runs && "$@"; status=$?; {listing}; exit $status'
    ended = run_command(tmp_path, *BOOT, "--time", "virtual", before=(*OVERLAY, script, "sh"))
    assert (ended.status, ended.out) == (3, "")
    assert message.format(runs=runs) in told(ended)
    assert "remedy: " in told(ended)
    assert "Traceback" not in ended.err
