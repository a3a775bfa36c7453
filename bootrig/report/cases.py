"""A result as test cases: what formats that know nothing but cases are made of, and what the pytest plugin tells."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bootrig.compare import CellState, ComparedBoot, ComparedCell, Difference, Outcomes, OutcomeState, Verdict
from bootrig.errors import INPUT_WORDS, is_wrong_input
from bootrig.record.run import find_run
from bootrig.report.commands import repeat_boot, repeat_comparison
from bootrig.report.format import Findings
from bootrig.report.sentences import format_finding, tell_origin
from bootrig.trace.names import CellKey
from bootrig.trace.reading.ends import describe_outcome
from bootrig.trace.reading.side_name import name_side
from bootrig.trace.trace import Trace
from firmware.lint.finding import Severity

CONSOLE_LINES = 20
WHOLE_SETS = "the sets as wholes"


class CaseState(StrEnum):
    """What became of a case. The rig's faults are apart from those of the ROMs."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    WARNED = "warned"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Section:
    """Lines about a case, under a title: `stages`, `console`, `again`."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        name: what was tried; where there are several sides it begins with the side.
        state: what became of it.
        reason: why; empty where it passed and there is nothing to tell.
        sections: more about it.
        group: the cases that it belongs to.
        side: the label of the side that was booted; empty where two are compared, and for findings.
        key: the cell; None for what is not about one.
        kind: what sort of failure it is, in a word: `outcome`, `unconfirmed`.
        wall_s: how long its boots took, in seconds of wall time; None where nothing tells.
        directory: where its boot is recorded; empty for nowhere.
        file: the file that it is about; empty where it is about none that can be shown.
        line: the line in it.
    """

    name: str
    state: CaseState
    reason: str = ""
    sections: tuple[Section, ...] = ()
    group: str = ""
    side: str = ""
    key: CellKey | None = None
    kind: str = ""
    wall_s: float | None = None
    directory: str = ""
    file: str = ""
    line: int = 1

    @property
    def details(self) -> tuple[str, ...]:
        """The lines of all sections, each behind its title."""
        return tuple(line for section in self.sections for line in (f"{section.title}:", *section.lines))


@dataclass(frozen=True, slots=True)
class _Boots:
    """The boots of two sides that were compared, as far as runs hold them: by side, cell and attempt."""

    traces: Mapping[tuple[str, CellKey, str], Trace]
    directories: Mapping[str, Path]

    def find(self, side: str, key: CellKey, boot: ComparedBoot | None) -> Trace | None:
        return None if boot is None else self.traces.get((side, key, boot.attempt))


def _load_boots(runs: Sequence[Path]) -> _Boots:
    """Return the boots of a comparison's run, or of the two runs that were held against each other.

    Raises:
        JsonFileError: a document of a run is damaged.
    """
    recorded = [find_run(f"{path.absolute()}/") for path in ((runs[0], runs[-1]) if runs else ())]
    sides = tuple(zip(("baseline", "candidate"), recorded, strict=False))
    return _Boots(
        {(side, one.key, one.attempt): one for side, run in sides for one in run.load_traces(run.find_label(side))},
        {side: run.directory for side, run in sides},
    )


def list_verdict_cases(verdict: Verdict, runs: Sequence[Path] = ()) -> tuple[Case, ...]:
    """Return a case a cell, and one of the sets as wholes where these differ.

    A difference that another one explains makes no case fail; it is in a section. What `runs` hold of the boots is told
    of cases that failed, and their times of all.
    """
    found: dict[CellKey | None, list[Difference]] = {}
    for entry in verdict.differences:
        found.setdefault(entry.key, []).append(entry)
    folded = {entry for cause in verdict.causes for entry in (*cause.whys, *cause.followers)}
    boots = _load_boots(runs)
    cases = []
    for cell in verdict.cells:
        case = _judge_cell(cell, found.get(cell.key, []), folded, verdict.broken.get(cell.key, ""))
        group = f"{verdict.baseline} -> {verdict.candidate}: {cell.key.machine} {cell.key.platform_firmware}"
        cases.append(replace(_tell_boots(case, verdict, cell, boots), group=group, key=cell.key))
    if None in found:
        cases.append(replace(_judge(WHOLE_SETS, found[None], folded), group="ROM sets"))
    return tuple(cases)


def _judge_cell(cell: ComparedCell, found: Sequence[Difference], folded: Set[Difference], broken: str) -> Case:
    name = str(cell.key)
    if cell.state is CellState.BROKEN:
        return Case(name=name, state=CaseState.BROKEN, reason=f"the rig broke: {broken}")
    if cell.state is CellState.WRONG_INPUT:
        return Case(name=name, state=CaseState.BROKEN, reason=broken)
    case = _judge(name, found, folded)
    if cell.baseline is None or cell.candidate is None:
        return replace(case, state=CaseState.SKIPPED, reason=f"{cell.state}: not compared")
    if cell.state is CellState.UNSTABLE and case.state is not CaseState.FAILED:
        told = [format_finding(entry.finding) for entry in found if entry.rule == cell.state]
        return replace(case, state=CaseState.SKIPPED, reason=f"{cell.state}: {'; '.join(told)}")
    if cell.state is CellState.BOTH_FAILED and case.state is not CaseState.FAILED:
        first, second = describe_outcome(cell.baseline.outcome), describe_outcome(cell.candidate.outcome)
        return replace(case, state=CaseState.SKIPPED, reason=f"works with neither: {first}, {second}")
    return case


def _judge(name: str, found: Sequence[Difference], folded: Set[Difference]) -> Case:
    """Return a case that failed where a regression is found that nothing else explains, so is not `folded`."""
    lines = tuple(
        f"{'with it, ' if entry in folded else ''}{entry.weight}: "
        f"{format_finding(entry.finding)} [{tell_origin(entry)}]"
        for entry in sorted(found, key=lambda entry: entry in folded)
    )
    failures = [entry for entry in found if entry.counts and entry not in folded]
    return Case(
        name=name,
        state=CaseState.FAILED if failures else CaseState.PASSED,
        reason="; ".join(format_finding(entry.finding) for entry in failures),
        sections=(Section("differences", lines),) if lines else (),
        kind=", ".join(dict.fromkeys(entry.rule for entry in failures)),
    )


def _tell_boots(case: Case, verdict: Verdict, cell: ComparedCell, boots: _Boots) -> Case:
    """Return the case of a cell with the times of its boots, and with what they showed where it failed."""
    sides = (("baseline", cell.baseline), ("candidate", cell.candidate))
    traces = {side: trace for side, boot in sides if (trace := boots.find(side, cell.key, boot)) is not None}
    times = [trace.usage["wall_s"] for trace in traces.values() if "wall_s" in trace.usage]
    case = replace(case, wall_s=sum(times) if times else None)
    if case.state is not CaseState.FAILED:
        return case
    outcomes = tuple(
        f"{side}: {boot.outcome.status}{f', {boot.outcome.reason}' if boot.outcome.reason else ''}"
        for side, boot in sides
        if boot is not None
    )
    shown = [
        Section(f"{title}, {side}", lines)
        for side, trace in traces.items()
        for title, lines in (("stages", list_stages(trace)), ("console", list_console(trace)))
    ]
    again = Section("again", (repeat_comparison(verdict.baseline, verdict.candidate, cell.key),))
    directory = str(boots.directories["candidate"] / traces["candidate"].directory) if "candidate" in traces else ""
    sections = (Section("outcomes", outcomes), *case.sections, *shown, again)
    return replace(case, sections=sections, directory=directory)


def list_outcome_cases(outcomes: Outcomes, runs: Sequence[Path] = ()) -> tuple[Case, ...]:
    """Return a case a boot that counts, in the run of `runs`, and one a cell that broke."""
    return (*_iter_boots(outcomes, runs[0] if runs else Path()), *_iter_errors(outcomes))


def _iter_boots(outcomes: Outcomes, run: Path) -> Iterator[Case]:
    for trace, state in outcomes.settled:
        case = Case(
            name=f"{name_side(trace)}: {trace.cell}",
            state=CaseState.PASSED,
            group=name_side(trace),
            side=trace.side,
            key=trace.key,
            wall_s=trace.usage.get("wall_s"),
            directory=str(run / trace.directory) if trace.directory else "",
        )
        ends = outcomes.tell_ends(trace)
        reason = f"repeated boots ended differently: {ends}" if ends else trace.outcome.reason
        if state in (OutcomeState.FAILED, OutcomeState.UNSTABLE, OutcomeState.UNCONFIRMED):
            sections = (
                Section("stages", list_stages(trace)),
                Section("console", list_console(trace)),
                Section("again", (repeat_boot(name_side(trace), trace),)),
                Section("run directory", (case.directory,)),
            )
            yield replace(case, state=CaseState.FAILED, reason=reason, sections=sections, kind=state.value)
        elif state is not OutcomeState.PASSED:
            yield replace(case, state=CaseState.SKIPPED, reason=f"{state}: {reason}")
        else:
            yield case


def _iter_errors(outcomes: Outcomes) -> Iterator[Case]:
    for side, key, message in outcomes.errors:
        what = INPUT_WORDS if is_wrong_input(message) else "the rig broke"
        yield Case(
            name=f"{side}: {key}",
            state=CaseState.BROKEN,
            reason=f"{what}: {message.removeprefix(f'{INPUT_WORDS}: ')}",
            group=f"{side}: {what}",
            side=side,
            key=key,
        )


def list_stages(trace: Trace) -> tuple[str, ...]:
    """Return what a boot reached, with the guest's clock and what shows it."""
    return tuple(
        f"{'' if one.guest_s is None else f'{one.guest_s:.3f} s':>12}  {one.name:<16} {one.evidence.text}".rstrip()
        for one in trace.milestones
    )


def list_console(trace: Trace) -> tuple[str, ...]:
    """Return the last lines of a boot's console that have text."""
    return tuple(line.text for line in trace.console if line.text)[-CONSOLE_LINES:]


def list_finding_cases(found: Findings) -> tuple[Case, ...]:
    """Return a case a finding of lint, and one a file in which nothing was found."""
    states = {Severity.ERROR: CaseState.FAILED, Severity.WARNING: CaseState.WARNED}
    told = []
    for finding in found.findings:
        place = found.places.get(finding.file)
        told.append(
            Case(
                name=f"{finding.file}: {finding.rule}",
                state=states.get(finding.severity, CaseState.PASSED),
                reason=finding.message,
                file="" if place is None else place.path,
                line=1 if place is None else place.line,
            )
        )
    named = {finding.file for finding in found.findings}
    return (*told, *(Case(name=file, state=CaseState.PASSED) for file in found.files if file not in named))
