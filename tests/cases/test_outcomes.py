"""How each ROM set ends in each case, and what is said of it."""

import json
from collections.abc import Callable

import pytest

from bootrig.errors import ExitStatus
from bootrig.trace.events import Dhcp
from bootrig.trace.trace import Trace
from tests.cases.table import CASES, Case
from tests.cell.boots import Boots

pytestmark = [pytest.mark.rig, pytest.mark.timeout(3000)]
# what a DISCOVER's answer may take, and a host that is slow
SOON_S = 0.5


def ring(case: Case) -> pytest.MarkDecorator | tuple[()]:
    return () if case.is_quick else pytest.mark.slow


def find_trace(boots: Boots, case: Case) -> Trace:
    """Return the trace that counts, by what the command said of it."""
    assert boots.ended.status in {ExitStatus.GOOD, ExitStatus.BAD}, boots.ended
    document = json.loads((boots.run_directory.parents[1] / "outcomes.json").read_text())
    (told,) = document["cells"]
    (trace,) = (trace for trace in boots.traces if trace.directory == told["directory"])
    assert (told["status"], told["reason"]) == (trace.outcome.status, trace.outcome.reason)
    assert (told["state"] == "failed") is (not case.passes)
    assert tuple(told["on_the_way"]) == trace.outcome.on_the_way
    return trace


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case), marks=ring(case)) for case in CASES])
def test_a_case_ends_as_it_should(case: Case, boot_case: Callable[[Case], Boots]) -> None:
    trace = find_trace(boot_case(case), case)
    assert trace.outcome.status == ("passed" if case.passes else "failed"), trace.outcome
    for part in case.said:
        assert part in trace.outcome.reason
    if case.passes:
        assert trace.outcome.on_the_way == case.on_the_way
    else:
        assert ("deadline" in trace.outcome.reason) is case.hangs


def waits(trace: Trace) -> float:
    """Return how long a guest waits from its first DISCOVER to its first REQUEST."""
    sent = [event for event in trace.wire if isinstance(event, Dhcp) and event.from_guest]
    first = {event.message: event.guest_s for event in reversed(sent)}
    return first["request"] - first["discover"]


@pytest.mark.parametrize(
    "rom_set",
    [pytest.param(case.rom_set, marks=ring(case)) for case in CASES if case.scenario == "no-proxy-dhcp[told]"],
)
def test_a_site_without_proxy_dhcp_saves_two_seconds(rom_set: str, boot_case: Callable[[Case], Boots]) -> None:
    names = ("no-proxy-dhcp[waits]", "no-proxy-dhcp[told]")
    cases = [case for name in names for case in CASES if (case.scenario, case.rom_set) == (name, rom_set)]
    waiting, told = (waits(find_trace(boot_case(case), case)) for case in cases)
    assert told == pytest.approx(1, abs=SOON_S)
    assert waiting == pytest.approx(3, abs=SOON_S)
