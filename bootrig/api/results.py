"""What requests give: traces and verdicts, with the directory of the run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bootrig.compare import Outcomes, Verdict
from bootrig.errors import ExitStatus, RigError, settle_status
from bootrig.record.recording import Recording
from bootrig.report.cases import Case, CaseState, list_outcome_cases
from bootrig.report.text import encode_verdict
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Trace


class BootAssertionError(AssertionError):
    """A boot failed, or a verdict is bad, where a test wants it to be good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run without baseline gave: how boots ended, and the directory of the run."""

    outcomes: Outcomes
    directory: Path

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The traces of all boots."""
        return self.outcomes.traces

    @property
    def settled(self) -> tuple[Trace, ...]:
        """One trace a side and cell: the one that counts."""
        return tuple(trace for trace, _ in self.outcomes.settled)

    @property
    def failed(self) -> tuple[Trace, ...]:
        """The traces that count of boots that failed, and are not known to, unless other boots refuted that.

        Cells that ended differently when they were repeated are among them.
        """
        failures = self.outcomes.failures
        return (*failures.confirmed, *(trace for trace, _ in failures.unstable), *failures.unconfirmed)

    def require_passed(self) -> None:
        """Make sure that nothing failed: for tests.

        Raises:
            BootAssertionError: a boot failed; with its stages, the end of its console, and the command that repeats it.
            RigError: the rig broke in a cell, and nothing failed.
        """
        __tracebackhide__ = True
        cases = list_outcome_cases(self.outcomes, (self.directory,))
        _require_none(cases, CaseState.FAILED, BootAssertionError)
        _require_none(cases, CaseState.BROKEN, RigError)

    def find(self, scenario: str = "", *, nic: str = "", rom_set: str = "") -> Trace:
        """Return the one trace that counts and fits.

        Raises:
            LookupError: none does, or several do; they are named.
        """
        wanted = {"scenario": scenario, "nic": nic, "rom_set": rom_set}
        fitting = [
            trace
            for trace in self.settled
            if scenario in ("", trace.key.scenario)
            and nic in ("", trace.key.nic_model)
            and rom_set in ("", trace.rom_set)
        ]
        if len(fitting) != 1:
            asked = ", ".join(f"{name} {value}" for name, value in wanted.items() if value) or "no condition"
            among = ", ".join(f"{trace.rom_set} {trace.cell}" for trace in fitting or self.settled) or "nothing"
            raise LookupError(f"{len(fitting)} traces fit {asked}: {among}")
        return fitting[0]

    @property
    def status(self) -> ExitStatus:
        """Bad where a boot failed, broken where boots leave that open, else good; joined with what broke."""
        earned = ExitStatus.BROKEN if self.outcomes.failures.unconfirmed else ExitStatus.GOOD
        if self.outcomes.failures.confirmed or self.outcomes.failures.unstable:
            earned = ExitStatus.BAD
        return settle_status(earned, (message for _, _, message in self.outcomes.errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareResult:
    """What a comparison gave: the verdict, and the directory of the run that it judges."""

    verdict: Verdict
    directory: Path

    @property
    def status(self) -> ExitStatus:
        """Good, bad, broken where nothing was proven, or that the input of a cell is wrong."""
        return self.verdict.status

    def require_compatible(self) -> None:
        """Make sure that the candidate may replace the baseline: for tests.

        Raises:
            BootAssertionError: it may not; with the verdict as text.
            RigError: nothing was proven.
        """
        __tracebackhide__ = True
        if self.status is ExitStatus.GOOD:
            return
        told = encode_verdict(self.verdict).decode()
        raise BootAssertionError(told) if self.status is ExitStatus.BAD else RigError(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """What recording gave: the recording, the directory of the run that booted it, and cells that broke."""

    recording: Recording
    directory: Path
    broken: Mapping[CellKey, str]

    @property
    def status(self) -> ExitStatus:
        """Good, or that the rig broke in some cells, or that their input is wrong."""
        return settle_status(ExitStatus.GOOD, self.broken.values())


def _require_none(cases: Iterable[Case], state: CaseState, error: type[Exception]) -> None:
    """Make sure that no case is in a state.

    Raises:
        Exception: of the type `error`, one is.
    """
    __tracebackhide__ = True
    found = [case for case in cases if case.state is state]
    if found:
        raise error("\n\n".join("\n".join((f"{case.name}: {case.reason}", *case.details)) for case in found))
