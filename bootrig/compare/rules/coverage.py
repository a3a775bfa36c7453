"""Which NICs have a ROM at all."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.compare.registry import set_rule
from bootrig.trace.trace import Trace


@set_rule("coverage")
def check_coverage(pairing: Pairing) -> Iterator[tuple[CellPair | None, Finding]]:
    """Does every NIC that boots with the baseline have a ROM in the candidate?

    A NIC that worked and has no boot with the candidate any more is a regression, one that only the candidate has an
    improvement. A NIC with a cell whose rig broke is not judged. The subject is the NIC's model.
    """
    covered = {pair.key.nic_model for pair in pairing} | {key.nic_model for key in pairing.broken}
    for nic_model in _iter_worked(pairing.only_baseline, covered | _nic_models(pairing.only_candidate)):
        statement = f"the candidate has no ROM for the NIC {nic_model}, the baseline boots with it"
        why = "guests with this NIC no longer boot from the network"
        yield None, Finding(Severity.REGRESSION, nic_model, "covered", None, statement, why)
    for nic_model in _iter_worked(pairing.only_candidate, covered | _nic_models(pairing.only_baseline)):
        statement = f"the candidate boots with the NIC {nic_model}, for which the baseline has no ROM"
        yield None, Finding(Severity.IMPROVEMENT, nic_model, None, "covered", statement)


def _nic_models(traces: tuple[Trace, ...]) -> set[str]:
    return {trace.key.nic_model for trace in traces}


def _iter_worked(traces: tuple[Trace, ...], elsewhere: set[str]) -> Iterator[str]:
    """Yield the NICs that any of `traces` passed with and that are not `elsewhere`, each once."""
    yield from dict.fromkeys(
        trace.key.nic_model for trace in traces if trace.passed and trace.key.nic_model not in elsewhere
    )
