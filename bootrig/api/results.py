"""What requests give: traces and verdicts, with the directory of the run."""

from dataclasses import dataclass
from pathlib import Path

from bootrig.compare import Outcomes, Verdict
from bootrig.errors import ExitStatus, settle_status
from bootrig.trace.trace import Trace


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
        """The traces that count of boots that failed, and are not known to, unless other boots refuted that."""
        return (*self.outcomes.failures.confirmed, *self.outcomes.failures.unconfirmed)

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
        if self.outcomes.failures.confirmed:
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
