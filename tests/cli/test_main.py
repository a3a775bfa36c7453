"""The entry point: verbs, errors, exit statuses."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bootrig import __version__
from bootrig.cli.main import VERBS, main, make_parser
from bootrig.errors import BootrigError, InputError, RigError


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], list[str]]:
    """Return a function that makes a verb of a function and returns the command line that calls it."""

    def add(function: Callable[[], int]) -> list[str]:
        module = ModuleType("bootrig.cli.scripted")
        module.add_arguments = lambda parser: parser.add_argument("--dry", action="store_true")  # type: ignore[attr-defined]
        module.run = lambda arguments: function()  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(VERBS, "scripted", "what a test says")
        return ["scripted"]

    return add


def raising(error: BaseException) -> Callable[[], int]:
    def function() -> int:
        raise error

    return function


@pytest.mark.parametrize("status", [0, 1])
def test_the_verb_s_status_is_returned(verb: Callable[[Callable[[], int]], list[str]], status: int) -> None:
    assert main(verb(lambda: status)) == status


@pytest.mark.parametrize(
    ("error", "status", "printed"),
    [
        (InputError("no such recipe", remedy="bootrig roms"), 2, "bootrig: no such recipe\n  remedy: bootrig roms\n"),
        (RigError("QEMU died"), 3, "bootrig: QEMU died\n"),
        (BootrigError("odd"), 3, "bootrig: odd\n"),
        (
            ModuleNotFoundError("No module named 'rich'", name="rich.text"),
            3,
            "bootrig: the Python package rich.text is not installed\n  remedy: bootrig doctor\n",
        ),
        (KeyboardInterrupt(), 130, "bootrig: interrupted\n"),
    ],
)
def test_errors_become_statuses(
    verb: Callable[[Callable[[], int]], list[str]],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    printed: str,
) -> None:
    assert main(verb(raising(error))) == status
    assert capsys.readouterr().err == printed


@pytest.mark.parametrize("error", [ZeroDivisionError("a\nb"), RecursionError("deep"), MemoryError(), StopIteration()])
def test_a_fault_of_ours_is_said_to_be_one(
    verb: Callable[[Callable[[], int]], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: Exception,
) -> None:
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path))
    assert main(verb(raising(error))) == 3
    first, remedy = capsys.readouterr().err.splitlines()
    assert first.startswith(f"bootrig: this is a bug of bootrig: {type(error).__name__}")
    assert str(tmp_path / "bug.txt") in remedy
    assert type(error).__name__ in (tmp_path / "bug.txt").read_text()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the following arguments are required: VERB"),
        (["compress"], "invalid choice: 'compress'"),
        (["doctor", "--jsn"], "unrecognized arguments: --jsn"),
    ],
)
def test_a_wrong_command_line_is_bad_input(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"bootrig {__version__}\n"


@pytest.mark.parametrize("name", list(VERBS))
def test_every_verb_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert VERBS[name][:40] in capsys.readouterr().out.replace("\n", " ")


def test_only_the_wanted_verb_is_imported() -> None:
    assert isinstance(make_parser(["doctor"]), argparse.ArgumentParser)
    script = "import sys; from bootrig.cli.main import make_parser; make_parser([]); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert not {"asyncio", "aiohttp", "requests", "rich", "bootrig.cli.doctor"} & set(loaded)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(closed: str) -> None:
    """Where it runs in namespaces, too, which flushes them before it forks."""
    script = (
        "import sys; from types import ModuleType; from bootrig.cli.main import VERBS, main\n"
        "from bootrig.network.namespace import run_in_namespaces\n"
        "module = sys.modules['bootrig.cli.scripted'] = ModuleType('scripted')\n"
        "module.add_arguments = lambda parser: None\n"
        "module.run = lambda arguments: print('said') or run_in_namespaces(lambda: print('said') or 1)\n"
        "VERBS['scripted'] = ''\n"
        "sys.exit(main(['scripted']))"
    )
    ended = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, script], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.parametrize(
    ("verb", "ended"),
    [
        ("lambda: os.kill(os.getpid(), signal.SIGINT)", (130, "bootrig: interrupted\n")),
        ("os.kill(os.getpid(), signal.SIGINT)", (-2, "")),
    ],
)
def test_ctrl_c_in_the_work_and_before_it(verb: str, ended: tuple[int, str]) -> None:
    script = (
        "from bootrig.cli.entry import main\n"
        "import os, signal, sys; from types import ModuleType; from bootrig.cli.main import VERBS\n"
        "module = sys.modules['bootrig.cli.scripted'] = ModuleType('scripted')\n"
        "module.add_arguments = lambda parser: None\n"
        f"work = {verb}\n"
        "module.run = lambda arguments: work() or 0\n"
        "VERBS['scripted'] = ''\n"
        "sys.argv[1:] = ['scripted']\n"
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == ended
