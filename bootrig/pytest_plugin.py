r"""Fixtures for suites that boot guests with bootrig: thin layers over `bootrig.api`.

Installed with bootrig and found by pytest by itself.

`bootrig_run` boots ROM sets and returns what was seen. A boot that fails is a value, to be asserted; wrong input and a
broken rig are exceptions (`bootrig.errors`), so that no ROM is blamed for them:

    def test_our_roms_boot(bootrig_run):
        seen = bootrig_run("ipxe-debian-13", nic="e1000", scenario=["pxe-tftp", "script"])
        assert not seen.failed
        assert seen.find("pxe-tftp").find_milestone("nbp-entered")

`bootrig_console` boots one guest and hands its console over, as a pexpect object that decodes UTF-8:

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

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pexpect.fdpexpect import fdspawn

    from bootrig.api import RunResult

CONSOLE_WAIT_S = 120.0


class BootrigRun(Protocol):
    """What `bootrig_run` is."""

    def __call__(self, *rom_sets: str, **options: str | int | Iterable[str]) -> "RunResult":
        """Boot ROM sets.

        Args:
            rom_sets: ROM sets, as the command takes them.
            options: the filters `nic`, `scenario`, `machine`, `platform_firmware`, `emulator` and `suite`, each a word
                or several; `jobs`, cells at a time; `time`, `virtual` or `real`;
                `accelerator` and `confirm_by`, `auto`, `tcg` or `kvm`.

        Raises:
            InputError: what was asked for is wrong.
            RigError: the rig or its host is broken; no ROM is to blame.
        """


class BootrigConsole(Protocol):
    """What `bootrig_console` is."""

    def __call__(self, rom_set: str, **options: str) -> "fdspawn[str]":
        """Boot one guest, in real time, and return its console.

        Args:
            rom_set: a ROM set, as the command takes it.
            options: `nic`, `scenario`, `machine`, `platform_firmware`, `emulator`, `accelerator`.

        Raises:
            InputError: what was asked for is wrong.
            RigError: the rig or its host is broken; no ROM is to blame.
        """


@pytest.fixture
def bootrig_run(tmp_path_factory: pytest.TempPathFactory) -> BootrigRun:
    """Boot ROM sets as `bootrig run` does and return what was seen; see `bootrig.pytest_plugin`."""
    from bootrig import api  # noqa: PLC0415 - pytest has to start fast where nobody boots

    def run(*rom_sets: str, **options: str | int | Iterable[str]) -> api.RunResult:
        named = {field: options.pop(name) for name, field in api.FILTERS.items() if name in options}
        words = {name: (word,) if isinstance(word, str) else tuple(word) for name, word in named.items()}  # type: ignore[arg-type]
        time = options.pop("time", None)
        if "jobs" in options:
            options["parallelism"] = options.pop("jobs")
        matrix = api.Matrix(
            filters=api.Filters(**words),
            is_virtual=None if time is None else time == "virtual",
            runs=tmp_path_factory.mktemp("bootrig") / "runs",
            **options,  # type: ignore[arg-type]
        )
        return api.run(rom_sets, matrix)

    return run


@pytest.fixture
def bootrig_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootrigConsole]:
    """Boot guests and hand their consoles over, as pexpect objects; see `bootrig.pytest_plugin`."""
    from pexpect.fdpexpect import fdspawn  # noqa: PLC0415 - pytest has to start fast where nobody boots

    from bootrig import api  # noqa: PLC0415

    with ExitStack() as stack:

        def start(rom_set: str, **options: str) -> "fdspawn[str]":
            runs = tmp_path_factory.mktemp("bootrig") / "runs"
            nic_model = options.pop("nic", "e1000")
            request = api.BootRequest(rom_set=rom_set, nic_model=nic_model, interactive=True, runs=runs, **options)  # type: ignore[arg-type]
            console = stack.enter_context(api.open_console(request))
            return fdspawn(console, encoding="utf-8", codec_errors="replace", timeout=CONSOLE_WAIT_S)

        yield start


__all__ = ["BootrigConsole", "BootrigRun", "bootrig_console", "bootrig_run"]
