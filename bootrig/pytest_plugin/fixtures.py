"""The fixtures of suites as users write them."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, Unpack

import pytest

from bootrig.pytest_plugin.options import RUNS

if TYPE_CHECKING:
    from bootrig.api import CompareResult, Matrix, Policy, RunResult
    from bootrig.pytest_plugin.console import GuestConsole

Words = str | Iterable[str]


class Selection(TypedDict, total=False):
    """Which cells are booted, and how: the filters are words, one or several."""

    nic: Words
    scenario: Words
    machine: Words
    platform_firmware: Words
    emulator: Words
    suite: Words
    parallelism: int
    time: Literal["virtual", "real"]
    accelerator: Literal["auto", "tcg", "kvm"]
    confirm_by: Literal["auto", "tcg", "kvm"]


class Boot(TypedDict, total=False):
    """Which cell is booted, and how; by default an e1000 with `pxe-tftp`, as that scenario has it."""

    nic: str
    scenario: str
    machine: str
    platform_firmware: str
    emulator: str
    accelerator: Literal["auto", "tcg", "kvm"]


class BootrigRun(Protocol):
    """What `bootrig_run` is."""

    def __call__(self, *sides: str, **selection: Unpack[Selection]) -> "RunResult":
        """Boot sides, as the command takes them.

        Raises:
            InputError: what was asked for is wrong.
            RigError: the rig or its host is broken; no ROM is to blame.
        """


class BootrigCompare(Protocol):
    """What `bootrig_compare` is."""

    def __call__(
        self, baseline: str, candidate: str, policy: "Policy | None" = None, **selection: Unpack[Selection]
    ) -> "CompareResult":
        """Boot two sides, as the command takes them, and compare; `policy` as `bootrig.api.load_policy` returns it.

        Raises:
            InputError: what was asked for is wrong.
            RigError: the rig or its host is broken; no ROM is to blame.
        """


class BootrigConsole(Protocol):
    """What `bootrig_console` is."""

    def __call__(self, side: str, **boot: Unpack[Boot]) -> "GuestConsole":
        """Boot one guest, in real time, and return its console.

        Raises:
            InputError: what was asked for is wrong.
            RigError: the rig or its host is broken; no ROM is to blame.
        """


@pytest.fixture
def bootrig_run(pytestconfig: pytest.Config) -> BootrigRun:
    """Boot ROM sets as `bootrig run` does and return what was seen; see `bootrig.pytest_plugin`."""
    from bootrig import api  # noqa: PLC0415 - pytest has to start fast where nobody boots

    def run(*sides: str, **selection: Unpack[Selection]) -> api.RunResult:
        return api.run(sides, _make_matrix(pytestconfig, selection))

    return run


@pytest.fixture
def bootrig_compare(pytestconfig: pytest.Config) -> BootrigCompare:
    """Compare two ROM sets as `bootrig compare` does and return the verdict; see `bootrig.pytest_plugin`."""
    from bootrig import api  # noqa: PLC0415 - pytest has to start fast where nobody boots

    def compare(
        baseline: str, candidate: str, policy: "Policy | None" = None, **selection: Unpack[Selection]
    ) -> api.CompareResult:
        return api.compare(baseline, candidate, _make_matrix(pytestconfig, selection), policy)

    return compare


@pytest.fixture
def bootrig_console(pytestconfig: pytest.Config) -> Iterator[BootrigConsole]:
    """Boot guests and hand their consoles over, as pexpect objects; see `bootrig.pytest_plugin`."""
    from bootrig import api  # noqa: PLC0415 - pytest has to start fast where nobody boots
    from bootrig.pytest_plugin.console import GuestConsole  # noqa: PLC0415

    with ExitStack() as stack:

        def start(side: str, **boot: Unpack[Boot]) -> GuestConsole:
            words: dict[str, Any] = dict(boot)
            request = api.BootRequest(
                rom_set=side,
                nic_model=words.pop("nic", "e1000"),
                interactive=True,
                runs=pytestconfig.getoption(RUNS),
                **words,
            )
            console = GuestConsole(api.open_console(request))
            stack.callback(console.leave)
            return console

        yield start


def _make_matrix(config: pytest.Config, selection: Selection) -> "Matrix":
    """Return the matrix that keywords ask for."""
    from bootrig import api  # noqa: PLC0415 - pytest has to start fast where nobody boots

    words: dict[str, Any] = dict(selection)
    named = {field: words.pop(name) for name, field in api.FILTERS.items() if name in words}
    filters = {field: (word,) if isinstance(word, str) else tuple(word) for field, word in named.items()}
    time = words.pop("time", None)
    return api.Matrix(
        filters=api.Filters(**filters),
        is_virtual=None if time is None else time == "virtual",
        runs=config.getoption(RUNS),
        **words,
    )
