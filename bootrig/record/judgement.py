"""Judging recorded boots."""

from bootrig.compare.comparison import DEFAULT, compare_traces
from bootrig.compare.linting import find_new
from bootrig.compare.policy import Policy
from bootrig.compare.verdict import Verdict
from bootrig.record.run import RecordedRun
from bootrig.trace.names import parse_cell_name


def judge(baseline: RecordedRun, candidate: RecordedRun, policy: Policy = DEFAULT) -> Verdict:
    """Hold one recorded side against another, cell by cell and rule by rule.

    Of a run the side `baseline` or `candidate` counts, or its only one.

    Raises:
        RunError: a run has several other sides.
        JsonFileError: a trace is damaged.
    """
    sides = ((baseline, "baseline"), (candidate, "candidate"))
    labels = [recorded.find_label(label) for recorded, label in sides]
    first, second = (recorded.load_traces(label) for (recorded, _), label in zip(sides, labels, strict=True))
    broken = candidate.load_errors(labels[1]) | baseline.load_errors(labels[0])
    rom_sets = [recorded.load_rom_set(label) for (recorded, _), label in zip(sides, labels, strict=True)]
    nic_models = {
        parse_cell_name(cell.cell).nic_model
        for (recorded, _), label in zip(sides, labels, strict=True)
        for cell in recorded.run.cells
        if cell.side == label
    }
    lint = find_new(rom_sets[0], rom_sets[1], nic_models) if rom_sets[0] and rom_sets[1] else ()
    return compare_traces(first, second, policy, broken=broken, lint=lint)
