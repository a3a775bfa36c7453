r"""Fixtures for suites that boot guests with bootrig.

Installed with bootrig and found by pytest by itself. Both fixtures start the command `bootrig` in a process of its own,
so a suite's own threads and signal handlers stay out of it.

`bootrig_run` boots ROM sets and returns what was seen. A boot that fails is a value, to be asserted; a rig that is
broken is an exception, so that no ROM is blamed for it:

    def test_our_roms_boot(bootrig_run):
        seen = bootrig_run("ipxe-debian-13", nic="e1000", scenario=["pxe-tftp", "script"])
        assert not seen.failed
        assert seen.find("pxe-tftp").find_milestone("nbp-entered")

`bootrig_console` boots one guest and hands its console over, as a `pexpect.spawn` that decodes UTF-8:

    def test_our_prompt(bootrig_console):
        console = bootrig_console("ipxe-debian-13", nic="virtio-net-pci")
        console.expect("Press Ctrl-B")
        console.send("\x02")
        console.expect_exact("iPXE> ")
        console.send("ifstat\r")
        console.expect_exact("net0: 52:54:00:12:34:56")

What is sent is typed as fast as the guest takes it. The guest ends with the test; so does a run that is under way when
the test is interrupted. Run directories are made below pytest's temporary directory.

Needs whatever `bootrig doctor` says; mark such tests and leave them out where that is missing.
"""

import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

import bootrig

if TYPE_CHECKING:
    import pexpect

    from bootrig.trace.trace import Trace

CONSOLE_WAIT_S = 120.0
END_S = 10.0
WINDOW = (50, 200)
LEAVE = "\x1d"
GOOD, BAD = 0, 1


class BootrigBrokenError(Exception):
    """The command could not do what it was asked: bad input or a broken rig. No ROM is to blame.

    Attributes:
        status: its exit status: 2 for bad input, 3 for a broken rig.
        output: what it printed.
    """

    def __init__(self, status: int, output: str) -> None:
        super().__init__(f"bootrig ended with exit status {status}\n{output.rstrip()}")
        self.status = status
        self.output = output


@dataclass(frozen=True, slots=True)
class BootrigResult:
    """What one run gave.

    Attributes:
        traces: of all cells, one each: in real time, where a boot in virtual time had to be confirmed.
        directory: the run directory, with everything that was seen.
        output: what the command printed.
    """

    traces: "tuple[Trace, ...]"
    directory: Path
    output: str

    @property
    def failed(self) -> "tuple[Trace, ...]":
        """The traces of boots that failed."""
        return tuple(trace for trace in self.traces if trace.outcome.status != "passed")

    def find(self, scenario: str = "", *, nic: str = "", rom_set: str = "") -> "Trace":
        """Return the one trace that fits.

        Raises:
            LookupError: none does, or several do; they are named.
        """
        wanted = {"scenario": scenario, "nic": nic, "rom_set": rom_set}
        fitting = [
            trace
            for trace in self.traces
            if scenario in ("", trace.key.scenario)
            and nic in ("", trace.key.nic_model)
            and rom_set in ("", trace.rom_set)
        ]
        if len(fitting) != 1:
            asked = ", ".join(f"{name} {value}" for name, value in wanted.items() if value) or "no condition"
            among = ", ".join(f"{trace.rom_set} {trace.key.label}" for trace in fitting or self.traces) or "nothing"
            raise LookupError(f"{len(fitting)} traces fit {asked}: {among}")
        return fitting[0]


class BootrigRun(Protocol):
    """What `bootrig_run` is."""

    def __call__(self, *rom_sets: str, **options: str | int | Iterable[str]) -> BootrigResult:
        """Boot ROM sets.

        Args:
            rom_sets: names of ROM sets, or of recipe files.
            options: the command's: the filters `nic`, `scenario`, `machine`, `platform_firmware` and `emulator`, each a
                word or several; `jobs`, `time`, `accelerator`.

        Raises:
            BootrigBrokenError: bad input or a broken rig.
        """


class BootrigConsole(Protocol):
    """What `bootrig_console` is."""

    def __call__(self, rom_set: str, **options: str) -> "pexpect.spawn[str]":
        """Boot one guest, in real time, and return its console.

        Args:
            rom_set: name of a ROM set, or of a recipe file.
            options: the command's: `nic`, `scenario`, `machine`, `platform_firmware`, `emulator`, `accelerator`.
        """


def _command(
    verb: str, words: Iterable[str], options: Mapping[str, str | int | Iterable[str]], runs: Path
) -> list[str]:
    """Return the command line that stands for a call of a fixture."""
    argv = [sys.executable, "-m", "bootrig.cli.main", verb, *words]
    for name, value in options.items():
        values = [value] if isinstance(value, str | int) else list(value)
        argv += [word for each in values for word in (f"--{name.replace('_', '-')}", str(each))]
    return [*argv, "--runs", str(runs)]


def _environment() -> dict[str, str]:
    """Return this process's environment, in which the command is the bootrig that this process has."""
    path = [str(Path(bootrig.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "COLUMNS": str(WINDOW[1])}


def settle(traces: "Iterable[Trace]") -> "tuple[Trace, ...]":
    """Return one trace a cell, in real time where there is one."""
    settled: dict[tuple[str, object], Trace] = {}
    for trace in sorted(traces, key=lambda trace: trace.time_mode == "real"):
        settled[trace.rom_set, trace.key] = trace
    return tuple(settled.values())


@pytest.fixture
def bootrig_run(tmp_path_factory: pytest.TempPathFactory) -> BootrigRun:
    """Boot ROM sets with the command `bootrig run` and return what was seen; see `bootrig.pytest_plugin`."""
    from bootrig.deadline import Deadline  # noqa: PLC0415 - pytest shall start fast where nobody boots
    from bootrig.process import run_process  # noqa: PLC0415
    from bootrig.trace.trace import load_trace  # noqa: PLC0415

    def run(*rom_sets: str, **options: str | int | Iterable[str]) -> BootrigResult:
        directory = tmp_path_factory.mktemp("bootrig")
        log = directory / "output"
        argv = _command("run", rom_sets, options, directory / "runs")
        never = Deadline.never("bootrig run: pytest's own timeout decides")
        status = run_process(argv, deadline=never, log=log, environment=_environment(), check=False).status
        output = log.read_text(errors="replace")
        if status not in (GOOD, BAD):
            raise BootrigBrokenError(status, output)
        (run_directory,) = (directory / "runs").iterdir()
        traces = settle(load_trace(path) for path in sorted(run_directory.glob("cells/*/*/trace.json")))
        return BootrigResult(traces, run_directory, output)

    return run


@pytest.fixture
def bootrig_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootrigConsole]:
    """Boot guests and hand their consoles over, as `pexpect.spawn`; see `bootrig.pytest_plugin`."""
    import pexpect  # noqa: PLC0415 - pytest shall start fast where nobody boots

    started: list[pexpect.spawn[str]] = []

    def start(rom_set: str, **options: str) -> "pexpect.spawn[str]":
        argv = _command("boot", [rom_set, "--interactive"], options, tmp_path_factory.mktemp("bootrig") / "runs")
        console = pexpect.spawn(
            argv[0],
            argv[1:],
            env=_environment(),
            encoding="utf-8",
            codec_errors="replace",
            timeout=CONSOLE_WAIT_S,
            dimensions=WINDOW,
        )
        started.append(console)
        return console

    yield start
    for console in started:
        _leave(console)


def _leave(console: "pexpect.spawn[str]") -> None:
    """End the boot behind a console, whatever it is doing: ask as an operator does, then as the system does."""
    import pexpect  # noqa: PLC0415 - pytest shall start fast where nobody boots

    for ask in (lambda: console.send(LEAVE), lambda: console.kill(signal.SIGTERM)):
        if console.isalive():
            with suppress(OSError, pexpect.TIMEOUT):
                ask()
                console.expect(pexpect.EOF, timeout=END_S)
    console.close(force=True)


__all__ = [
    "BootrigBrokenError",
    "BootrigConsole",
    "BootrigResult",
    "BootrigRun",
    "bootrig_console",
    "bootrig_run",
]
