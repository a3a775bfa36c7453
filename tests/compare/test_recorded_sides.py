"""Comparing with a side that is recorded: what its recording cannot confirm, and what another emulator says."""

from msgspec.structs import replace

from bootrig.compare import Answer, Confirmation, compare_traces
from bootrig.trace.trace import EmulatorEvidence, Trace
from tests.compare.factory import REAL, Boot, trace

LOST = Boot(passed=False, milestone="dhcp-ack", side="candidate")
CONFIRMED = (trace(LOST), trace(Boot(passed=False, milestone="dhcp-ack", side="candidate", clock=REAL)))


def recorded(boot: Boot) -> Trace:
    return replace(trace(boot), side="baseline", recorded="old of 2026-11-27")


def test_a_lost_boot_is_confirmed_beside_a_recorded_one_that_has_none_in_real_time() -> None:
    verdict = compare_traces([recorded(Boot())], CONFIRMED)
    assert verdict.answer is Answer.NOT_COMPATIBLE
    assert "set was not booted: its boots are those of the recording old of 2026-11-27" in verdict.notes


def test_without_any_boot_in_real_time_it_is_unconfirmed_and_counts_as_a_change() -> None:
    other = Boot(scenario="no-ra", side="candidate")
    verdict = compare_traces([recorded(Boot()), recorded(Boot(scenario="no-ra"))], [*CONFIRMED[:1], trace(other)])
    (found,) = [entry for entry in verdict.differences if entry.rule == "outcome"]
    assert found.confirmation is Confirmation.PENDING
    assert verdict.answer is Answer.COMPATIBLE_WITH_CHANGES


def test_times_of_another_emulator_are_not_compared_and_that_is_said() -> None:
    late = Boot(first_packet_s=30.0, side="candidate")

    def judge(version: str) -> tuple[bool, list[str]]:
        first = replace(recorded(Boot()), emulator=EmulatorEvidence(version="7.2.22"))
        second = replace(trace(late), emulator=EmulatorEvidence(version=version))
        verdict = compare_traces([first], [second])
        return bool(verdict.untimed), [note for note in verdict.notes if note.startswith("booted with QEMU")]

    assert judge("7.2.22") == (True, [])
    timed, (note,) = judge("11.0")
    assert not timed
    assert note.startswith("booted with QEMU 7.2.22 and with QEMU 11.0: what is the emulator's own was not compared (")
    assert "start-time" in note
