"""Exit statuses are earned: by what is under test, whatever became of the terminal, pipe or file behind the output."""

import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from bootrig.cli.main import main
from bootrig.errors import ExitStatus
from tests.cli.command import WORDS
from tests.compare.factory import REAL, Boot
from tests.firmware.rom_bytes import Bios, make_combined_rom
from tests.record.test_run import make_run

PASSED = Boot(clock=REAL, first_clock=REAL)
FAILED = replace(PASSED, passed=False, milestone="dhcp-ack", reason="tftp-complete was not reached")

# the status that the work of a verb earns, by its words
EARNED: dict[tuple[str, ...], int] = {
    ("lint", "{d}/efi-e1000.rom"): 0,
    ("lint", "{d}/pxe-e1000.rom", "--report", "json={d}/found.json"): 1,
    ("lint", "{d}/pxe-e1000.rom", "--json"): 1,
    ("lint", "{d}/nothing.rom"): 2,
    ("judge", "{d}/same", "--json", "{d}/found.json"): 0,
    ("judge", "{d}/worse", "--junit", "{d}/found.json"): 1,
    ("judge", "{d}/worse", "--report", "text={d}/found.json", "--report", "json"): 1,
    ("judge", "{d}/neither", "--json", "{d}/found.json"): 3,
    ("judge", "{d}/nothing"): 2,
    ("roms",): 0,
    ("roms", "--json"): 0,
    ("assemble", "fix", "{d}/efi-e1000.rom", "-o", "{d}/fixed.rom"): 0,
    ("assemble", "fix", "{d}/empty", "-o", "{d}/fixed.rom"): 2,
    ("embed", "--into", "{d}"): 2,
    ("store", "path", "0" * 64): 2,
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and bad ROMs and recorded runs."""
    made = tmp_path_factory.mktemp("statuses")
    (made / "efi-e1000.rom").write_bytes(make_combined_rom())
    (made / "pxe-e1000.rom").write_bytes(Bios(bev=0x7000).build())
    (made / "empty").touch()
    for name, sides in (("same", (PASSED, PASSED)), ("worse", (PASSED, FAILED)), ("neither", (FAILED, FAILED))):
        boots = [(boot, replace(boot, attempt="real.2")) for boot in sides]
        make_run(made / name, *zip(("baseline", "candidate"), boots, strict=True))
    return made


@contextmanager
def closed_pipe() -> Iterator[int]:
    reading, writing = os.pipe()
    os.close(reading)
    yield writing


@contextmanager
def full_device() -> Iterator[int]:
    yield os.open("/dev/full", os.O_WRONLY)


@contextmanager
def hung_up_terminal() -> Iterator[int]:
    keeper, end = pty.openpty()
    os.close(keeper)
    yield end


SITUATIONS = (closed_pipe, full_device, hung_up_terminal)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("words", EARNED, ids=lambda words: " ".join(words[:2]))
def test_what_the_work_earned(
    words: tuple[str, ...],
    stream: str,
    situation: Callable[[], AbstractContextManager[int]],
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = directory / "found.json"
    document.unlink(missing_ok=True)
    with situation() as descriptor, os.fdopen(descriptor, "w") as opened:
        monkeypatch.setattr(sys, stream, opened)
        status = main([word.format(d=directory) for word in words])
        monkeypatch.undo()
    earned = ExitStatus(EARNED[words])
    is_printed = earned is not ExitStatus.INPUT and stream == "stdout"
    lost = situation is full_device and is_printed
    assert status == (earned.join(ExitStatus.BROKEN) if lost else earned)
    assert document.exists() is any("found.json" in word for word in words)


BAD_LINT = ("lint", "{d}/pxe-e1000.rom", "--report", "json={d}/found.json", "--report", "text")
WORSE = ("judge", "{d}/worse", "--json", "{d}/found.json")
SAME = ("judge", "{d}/same", "--json", "{d}/found.json")


@pytest.mark.parametrize(
    ("words", "redirection", "status"),
    [
        (BAD_LINT, "| head -1", 1),
        (SAME, "| true", 0),
        (WORSE, "2>&1 | true", 1),
        (SAME, ">&- 2>&-", 0),
        (WORSE, ">/dev/full", 1),
        (SAME, ">/dev/full", 3),
    ],
)
def test_in_a_shell(words: tuple[str, ...], redirection: str, status: int, directory: Path, tmp_path: Path) -> None:
    (directory / "found.json").unlink(missing_ok=True)
    command = shlex.join([*WORDS, *(word.format(d=directory) for word in words)])
    script = f"{{ {command}; echo $? >status; }} {redirection}"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, check=False, capture_output=True, text=True)
    told = "bootrig: standard output: No space left on device\n" if "full" in redirection else ""
    assert ((tmp_path / "status").read_text(), done.stderr) == (f"{status}\n", told)
    assert (directory / "found.json").exists()


def test_a_terminal_that_hangs_up(tmp_path: Path) -> None:
    """SIGHUP ends a command with 129, and the dead terminal changes nothing about it."""
    script = (
        "import sys, time; from types import ModuleType; from bootrig.cli.main import VERBS, main\n"
        "module = sys.modules['bootrig.cli.scripted'] = ModuleType('scripted')\n"
        "module.add_arguments = lambda parser: None\n"
        "module.run = lambda arguments: [print('ready', flush=True), time.sleep(60), print('over')]\n"
        "VERBS['scripted'] = ''\n"
        "sys.exit(main(['scripted']))"
    )
    pid, window = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", script])
    seen = b""
    while b"ready" not in seen:
        seen += os.read(window, 999)
    os.close(window)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == ExitStatus.HUNG_UP == 128 + signal.SIGHUP


@pytest.mark.parametrize(
    ("statuses", "joined"),
    [
        ((0, 0), 0),
        ((0, 3), 3),
        ((3, 1), 1),
        ((1, 2), 2),
        ((3, 2, 1, 0), 2),
        ((2, 130), 130),
        ((129, 3), 129),
        ((143, 1), 143),
    ],
)
def test_several_apply(statuses: tuple[int, ...], joined: int) -> None:
    first, *others = map(ExitStatus, statuses)
    assert first.join(*others) == joined
    assert all(ExitStatus(one).join(ExitStatus(other)) is not None for one, other in product(ExitStatus, repeat=2))
