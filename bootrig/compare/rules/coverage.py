"""Which NICs have a ROM at all."""

from collections.abc import Iterable, Iterator, Mapping

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.compare.registry import set_rule
from bootrig.trace.names import CellKey
from bootrig.trace.trace import MissingRom, Trace

COVERED = "covered"


@set_rule("coverage")
def check_coverage(pairing: Pairing) -> Iterator[tuple[CellPair | None, Finding]]:
    """Does the candidate have a ROM for every NIC of a guest that starts with the baseline?

    QEMU refuses to start a guest one of whose NICs asks for a ROM file that is not there: where the baseline has that
    file, that is a regression, however the boot went on. So is a NIC that worked and has no boot with the candidate any
    more. The other way round it is an improvement. A NIC with a cell whose rig broke is not judged. The subject is the
    NIC's model.
    """
    lost = _find_missing(pairing.only_baseline, pairing.unstarted)
    for nic_model, files in lost.items():
        statement = f"the candidate lacks {files}, for which the NIC {nic_model} asks"
        why = "guests with this NIC do not start any more: QEMU refuses to start them"
        yield None, Finding(Severity.REGRESSION, nic_model, COVERED, None, statement, why)
    for nic_model in _iter_worked(pairing, pairing.only_baseline, pairing.only_candidate):
        if nic_model not in lost:
            statement = f"the candidate has no ROM for the NIC {nic_model}, the baseline boots with it"
            why = "guests with this NIC no longer boot from the network"
            yield None, Finding(Severity.REGRESSION, nic_model, COVERED, None, statement, why)
    gained = _find_missing(pairing.only_candidate, pairing.unstarted)
    for nic_model, files in gained.items():
        statement = f"the candidate has {files}, without which guests with the NIC {nic_model} do not start"
        yield None, Finding(Severity.IMPROVEMENT, nic_model, None, COVERED, statement)
    for nic_model in _iter_worked(pairing, pairing.only_candidate, pairing.only_baseline):
        if nic_model not in gained:
            statement = f"the candidate boots with the NIC {nic_model}, for which the baseline has no ROM"
            yield None, Finding(Severity.IMPROVEMENT, nic_model, None, COVERED, statement)


def _find_missing(started: Iterable[Trace], unstarted: Mapping[CellKey, tuple[MissingRom, ...]]) -> dict[str, str]:
    """Return by NIC model the files that one side lacks, for guests that have started with the other."""
    files: dict[str, set[str]] = {}
    for trace in started:
        for rom in unstarted.get(trace.key, ()):
            files.setdefault(rom.nic_model, set()).add(rom.file)
    return {nic_model: " and ".join(sorted(names)) for nic_model, names in files.items()}


def _iter_worked(pairing: Pairing, traces: tuple[Trace, ...], others: tuple[Trace, ...]) -> Iterator[str]:
    """Yield the NICs that any of `traces` passed with and of which there is nothing else, each once."""
    keys = (*(pair.key for pair in pairing), *pairing.broken, *(trace.key for trace in others))
    elsewhere = {key.nic_model for key in keys}
    worked = (trace.key for trace in traces if trace.passed and trace.key not in pairing.unstarted)
    yield from dict.fromkeys(key.nic_model for key in worked if key.nic_model not in elsewhere)
