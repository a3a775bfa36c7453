"""What virtual time shows counts only after real time showed it too."""

from dataclasses import replace

import pytest

from bootrig.compare import Confirmation, compare_traces, needs_confirmation
from bootrig.trace.trace import CellKey, TimeMode, Trace
from tests.compare.factory import NICS, Boot, trace

SLOW = {"request_s": 16.6, "last_byte_s": 17.4, "nbp_s": 17.5}


def boots(scenarios: tuple[str, ...] = ("no-ra", "pxe-tftp"), **changes: object) -> list[Trace]:
    return [
        trace(replace(Boot(scenario=scenario, nic=nic), **changes))  # type: ignore[arg-type]
        for scenario in scenarios
        for nic in NICS
    ]


def real(keys: set[CellKey], **changes: object) -> list[Trace]:
    return [
        trace(replace(Boot(scenario=key.scenario, nic=key.nic_model, time_mode=TimeMode.REAL), **changes))  # type: ignore[arg-type]
        for key in sorted(keys)
    ]


def test_equal_boots_need_no_confirmation() -> None:
    assert needs_confirmation(compare_traces(boots(), boots())) == set()


def test_one_cell_a_scenario_stands_for_all_nics() -> None:
    keys = needs_confirmation(compare_traces(boots(), boots(**SLOW)))
    assert sorted(key.scenario for key in keys) == ["no-ra", "pxe-tftp"]


def test_one_cell_stands_for_all_scenarios_before_the_first_packet() -> None:
    keys = needs_confirmation(compare_traces(boots(), boots(first_packet_s=200.0)))
    assert len(keys) == 1


def test_every_failed_cell_is_confirmed_by_itself() -> None:
    verdict = compare_traces(boots(), boots(passed=False))
    assert len(needs_confirmation(verdict)) == 16


def test_a_failure_in_real_time_needs_no_confirmation() -> None:
    verdict = compare_traces(boots(), boots(passed=False, time_mode=TimeMode.REAL))
    assert needs_confirmation(verdict) == set()
    assert len(verdict.regressions) == 16


def test_differences_that_virtual_time_cannot_make_up_need_none() -> None:
    assert needs_confirmation(compare_traces(boots(), boots(features="DNS", bar_length=1 << 16))) == set()


@pytest.mark.parametrize("keep", [True, False], ids=["beside", "instead"])
def test_real_time_confirms(keep: bool) -> None:
    first, second = boots(("no-ra",)), boots(("no-ra",), **SLOW)
    keys = needs_confirmation(compare_traces(first, second))
    again = compare_traces(*_add(first, second, real(keys), real(keys, **SLOW), keep=keep))
    assert {entry.confirmation for entry in again.differences} == {Confirmation.CONFIRMED}
    assert len(again.regressions) == 8
    assert needs_confirmation(again) == set()


@pytest.mark.parametrize("keep", [True, False], ids=["beside", "instead"])
def test_real_time_refutes(keep: bool) -> None:
    first, second = boots(("no-ra",)), boots(("no-ra",), **SLOW)
    keys = needs_confirmation(compare_traces(first, second))
    again = compare_traces(*_add(first, second, real(keys), real(keys), keep=keep))
    assert again.differences == ()
    assert again.identical
    assert len(again.refuted) == 7
    assert needs_confirmation(again) == set()


def _add(
    first: list[Trace], second: list[Trace], third: list[Trace], fourth: list[Trace], *, keep: bool
) -> tuple[list[Trace], list[Trace]]:
    if not keep:
        gone = {entry.key for entry in third}
        first, second = ([entry for entry in side if entry.key not in gone] for side in (first, second))
    return [*first, *third], [*second, *fourth]


def test_a_failure_of_virtual_time_that_passes_in_real_time_is_nothing() -> None:
    second = [*boots(("no-ra",))[1:], trace(Boot(scenario="no-ra", nic=NICS[0], passed=False))]
    keys = needs_confirmation(compare_traces(boots(("no-ra",)), second))
    assert keys == {CellKey("no-ra", NICS[0], "pc", "seabios")}
    again = compare_traces([*boots(("no-ra",)), *real(keys)], [*second, *real(keys)])
    assert again.differences == ()


def test_a_much_slower_nic_is_confirmed_by_itself() -> None:
    slower = [trace(Boot(nic=NICS[0], request_s=95.0, last_byte_s=96.0, nbp_s=97.0))]
    verdict = compare_traces(boots(("pxe-tftp",)), [*slower, *boots(("pxe-tftp",), **SLOW)[1:]])
    assert len(needs_confirmation(verdict)) == 2


def test_a_loaded_host_does_not_make_boots_slow_that_were_not_in_virtual_time() -> None:
    key = {CellKey("no-ra", NICS[0], "pc", "seabios")}
    verdict = compare_traces([*boots(("no-ra",)), *real(key)], [*boots(("no-ra",)), *real(key, **SLOW)])
    assert verdict.differences == ()
    assert [entry.subject for entry in verdict.refuted] == ["from the DHCP answer to the first file request"]


def test_in_real_time_only_nothing_has_to_be_confirmed() -> None:
    mode = {"time_mode": TimeMode.REAL}
    verdict = compare_traces(boots(**mode), boots(**mode, **SLOW))
    assert len(verdict.regressions) == 16
    assert {entry.confirmation for entry in verdict.regressions} == {Confirmation.CONFIRMED}
    assert needs_confirmation(verdict) == set()
