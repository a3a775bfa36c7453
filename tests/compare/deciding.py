"""Comparing sides whose boots go as told, with those that are wanted, until nothing is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bootrig.compare import Confirmation, Verdict
from bootrig.trace.events import Eapol
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import WantedBoot
from bootrig.trace.trace import Clock
from tests.compare.factory import VIRTUAL, Boot
from tests.compare.loop import compare_and_boot

Changes = Mapping[str, Any]
Cells = Mapping[str, Mapping[str, Changes]]

C, P, R, N = Confirmation.CONFIRMED, Confirmation.PENDING, Confirmation.REFUTED, Confirmation.NOT_NEEDED
SIDES = ("baseline", "candidate")
GOOD: Changes = {}
LOST = {"passed": False, "milestone": "dhcp-ack", "nbp_s": None}
LOST_EARLIER = {"passed": False, "milestone": "dhcp-discover", "nbp_s": None}
TALKS = {"other": [Eapol(guest_s=5.0, from_guest=True)]}
A, B, C3 = "a/e1000/pc", "a/pcnet/pc", "a/rtl8139/pc"
SILENT = {"messages": (), "tftp": (), "answered": False}


def find_key(name: str) -> CellKey:
    scenario, nic, machine = name.split("/")
    return CellKey(scenario, nic, machine, "seabios")


def find_name(key: CellKey) -> str:
    return f"{key.scenario}/{key.nic_model}/{key.machine}"


def make(name: str, changes: Changes, side: str, clock: Clock = VIRTUAL, first_clock: Clock = VIRTUAL) -> Boot:
    key = find_key(name)
    plain = Boot(scenario=key.scenario, nic=key.nic_model, machine=key.machine, side=side, clock=clock)
    return replace(plain, first_clock=first_clock, **changes)


def decide(
    candidate: Cells, baseline: Cells | None = None, *, first_clock: Clock = VIRTUAL, **options: Any
) -> tuple[Verdict, list[set[str]]]:
    """Compare, boot what is wanted, and compare again.

    Second clocks that no difference needs are left out of what was wanted: those of one boot for each ROM.

    Args:
        candidate: how the candidate's boots go, by cell and clock; what is not named is good.
        baseline: how the baseline's go.
        first_clock: the clock that cells are tried with first.
        options: of `compare_traces`.

    Returns:
        The verdict, and what was wanted each time: cells, with the clock, `+` before the candidate's alone.
    """
    told = {"candidate": candidate, "baseline": baseline or {}}

    def answer(wanted: WantedBoot) -> Boot:
        name = find_name(wanted.key)
        changes = told[wanted.side].get(name, {}).get(wanted.clock.attempt, GOOD)
        return make(name, changes, wanted.side, first_clock=first_clock)

    first = first_clock.attempt
    boots = [
        make(name, told[side].get(name, {}).get(first, GOOD), side, first_clock, first_clock)
        for name in candidate
        for side in told
    ]
    verdict, batches = compare_and_boot(boots, answer, **options)
    return verdict, [{f"{find_name(boot.key)} {boot.clock.attempt}" for boot in batch} for batch in batches]


def states(verdict: Verdict, rule: str) -> dict[str, tuple[Confirmation, str]]:
    """Return what became of the differences of one rule, by cell, and by what they were confirmed."""
    found = [entry for entry in (*verdict.differences, *verdict.refuted) if entry.rule == rule]
    return {find_name(e.key): (e.confirmation, e.confirmed_by) for e in found if e.key}
