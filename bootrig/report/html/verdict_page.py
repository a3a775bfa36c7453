"""A verdict as a page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bootrig.compare import Cause, CellState, ComparedBoot, ComparedCell, Difference, Severity, Verdict
from bootrig.compare.causes import OUTCOME
from bootrig.compare.registry import RULES, Needs
from bootrig.report.cause_words import describe_cause
from bootrig.report.grouping import SEVERITY_ORDER, describe_roms, group_differences
from bootrig.report.html.anchors import Anchors
from bootrig.report.html.cells import Gatherer
from bootrig.report.html.downloads import LONGEST, Downloads
from bootrig.report.html.evidence import RecordedSide
from bootrig.report.html.heads import describe_rom_files, describe_sides, tell_command, tell_facts
from bootrig.report.html.matrix import TONES, Box, Half, MatrixView, draw_matrix, name_place
from bootrig.report.html.views import CauseView, CellView, DifferenceView, Item, Items, Link, Page
from bootrig.report.remedies import find_remedies, name_waiver
from bootrig.report.sentences import capitalise, count, format_finding, tell_origin
from bootrig.report.terminal.details import HEADINGS
from bootrig.report.terminal.matrix import Symbol, natural_order
from bootrig.report.terminal.verdict import NAMES, ORDER, choose_causes, find_symbols, headline
from bootrig.trace.names import CellKey
from bootrig.trace.reading.ends import describe_outcome

SEVERITY_TONES: Mapping[Severity, str] = {
    Severity.REGRESSION: "regressed",
    Severity.CHANGE: "changed",
    Severity.IMPROVEMENT: "improved",
    Severity.INFO: "info",
}
ANSWER_TONES: Mapping[str, str] = {"compatible": "same", "compatible-with-changes": "changed"}
LINKS = 3
TOLD = 2
ROMS = "roms"
CONSOLE_TOPICS = frozenset({"banner", "console", "prompts", "commands", "image-formats"})
CONSOLE_RULES = frozenset({"outcome", "on-the-way"})


def make_verdict_page(verdict: Verdict, sides: tuple[RecordedSide, RecordedSide], *, all_evidence: bool) -> Page:
    """Return the page of a verdict, with the evidence of both sides."""
    compared = [cell.key for cell in verdict.cells if cell.is_compared]
    worst, facts = choose_causes(verdict)
    anchors = Anchors()
    word, _, reason = headline(verdict)[0].removeprefix("Verdict: ").partition(": ")
    rest = [cause for cause in facts if cause not in worst]
    symbols = find_symbols(verdict, facts)
    cells = _Cells(verdict, symbols, sides, anchors, all_evidence=all_evidence)
    roms, rom_words = describe_rom_files(sides)
    left = len(verdict.causes) - len(worst)
    return Page(
        title=f"{word}: {verdict.baseline} -> {verdict.candidate}",
        sides=f"{verdict.baseline or '(no traces)'} \N{RIGHTWARDS ARROW} {verdict.candidate or '(no traces)'}",
        facts=tell_facts(sides),
        answer=word,
        reason=reason,
        tone=ANSWER_TONES.get(verdict.answer, "regressed"),
        notes=verdict.notes,
        worst=tuple(_describe_cause(cause, compared, anchors) for cause in worst),
        more=f"{left} more below" if left else "",
        whole=tuple(_iter_facts(rest, compared)),
        matrix=_draw(verdict, symbols, anchors) if symbols else None,
        side_views=describe_sides(sides),
        roms=roms,
        rom_words=rom_words,
        command=tell_command(sides),
        items=tuple(_iter_items(verdict, compared)),
        cells=tuple(cells.iter_views()),
    )


def _describe_cause(cause: Cause, compared: Sequence[CellKey], anchors: Anchors) -> CauseView:
    words = describe_cause(cause, compared)
    name, tone = NAMES[cause.severity][0], SEVERITY_TONES[cause.severity]
    if cause.is_unconfirmed:
        name, tone = "Regression that is not confirmed", "unconfirmed"
    rest = f"; {count(cause.consequences, 'more difference')} with it" if cause.followers else ""
    # of how a boot ended the why is its reason, and not who is hit
    is_outcome = cause.first.rule == OUTCOME
    said = [(one.share, one.sentence if is_outcome else one.statement) for one in words.wordings]
    told = [f"{share}: {sentence}" if share else sentence for share, sentence in said]
    heads = () if is_outcome else (cause.first,)
    hits = [entry.finding.why for entry in (*heads, *cause.whys, *cause.followers) if entry.finding.why]
    several = len({key.machine for key in cause.cells}) > 1
    links = [
        Link(f"{key.scenario} / {key.nic_model}{f' / {key.machine}' * several}", anchors.find(str(key)))
        for key in cause.cells
    ]
    return CauseView(
        name=name,
        tone=tone,
        where=words.where,
        origin=f"{tell_origin(cause.first, cause.confirmed_by, cause.heads)}{rest}",
        sentences=tuple(map(capitalise, told)),
        whys=words.whys,
        hits=tuple(dict.fromkeys(hits))[:TOLD],
        remedies=find_remedies(cause),
        waiver=name_waiver(cause),
        links=tuple(links[:LINKS]),
        unlinked=max(0, len(links) - LINKS),
    )


def _iter_facts(facts: Iterable[Cause], compared: Sequence[CellKey]) -> Iterator[Item]:
    for cause in facts:
        for wording in describe_cause(cause, compared).wordings:
            yield Item(capitalise(str(wording)), describe_roms(cause.cells, compared))


def _iter_items(verdict: Verdict, compared: Sequence[CellKey]) -> Iterator[Items]:
    """Yield everything that is told beside cells, as the text has it."""
    causes = verdict.causes
    for severity, (heading, _) in HEADINGS.items():
        heads = [entry for cause in causes if cause.severity is severity for entry in cause.heads]
        number = sum(cause.severity is severity for cause in causes)
        yield from _group(f"{heading} ({number})", SEVERITY_TONES[severity], heads, compared)
    followers = [entry for cause in causes for entry in (*cause.whys, *cause.followers)]
    yield from _group("What explains these, or follows from them", "info", followers, compared)
    yield from _group("Waived", "info", [entry for entry in verdict.differences if entry.waiver], compared)
    refuted = "Refuted: not seen at another clock, so it does not count"
    yield from _group(refuted, "info", verdict.refuted, compared)
    missing = tuple(Item(entry.explanation, str(entry.key)) for entry in verdict.not_compared)
    if missing:
        yield Items(f"Not compared ({count(len(missing), 'cell')})", "one", missing)
    if verdict.added:
        yield Items("Added by the rig to what the files say", "info", (Item(", ".join(verdict.added)),))


def _group(heading: str, tone: str, differences: Sequence[Difference], compared: Sequence[CellKey]) -> Iterator[Items]:
    groups = group_differences(differences, compared)
    if groups:
        yield Items(
            heading,
            tone,
            tuple(
                Item(
                    capitalise(one.sentence),
                    f"{one.where} [{tell_origin(one.first, one.confirmed_by, one.differences)}]",
                )
                for one in groups
            ),
        )


def _draw(verdict: Verdict, symbols: Mapping[CellKey, Symbol], anchors: Anchors) -> MatrixView:
    cells = {cell.key: cell for cell in verdict.cells}

    def make_box(_label: str, key: CellKey, symbol: Symbol) -> Box:
        cell = cells[key]
        halves = (_halve("baseline", cell.baseline), _halve("candidate", cell.candidate))
        title = f"{key}: {symbol.meaning}; {halves[0].words}; {halves[1].words}"
        return Box(anchors.find(str(key)), symbol.mark, TONES[symbol.mark], title, halves)

    return draw_matrix({("", key): symbol for key, symbol in symbols.items()}, make_box)


def _halve(label: str, boot: ComparedBoot | None) -> Half:
    if boot is None:
        return Half("none", f"{label}: not booted")
    return Half(
        "passed" if boot.passed else "failed",
        f"{label} {'unstable' if boot.unstable else describe_outcome(boot.outcome)}",
    )


class _Cells:
    """Makes the cells of a verdict's page."""

    def __init__(
        self,
        verdict: Verdict,
        symbols: Mapping[CellKey, Symbol],
        sides: tuple[RecordedSide, RecordedSide],
        anchors: Anchors,
        *,
        all_evidence: bool,
    ) -> None:
        self._verdict, self._symbols, self._sides, self._anchors = verdict, symbols, sides, anchors
        self._gatherer = Gatherer(Downloads(None if all_evidence else LONGEST))
        self._all_evidence = all_evidence
        causes = verdict.causes
        bad = (Severity.REGRESSION, Severity.CHANGE)
        self._examples = {cause.cells[0] for cause in causes if cause.cells and cause.severity in bad}
        self._folded = {entry for cause in causes for entry in (*cause.whys, *cause.followers)}
        self._found: dict[CellKey | None, list[Difference]] = {}
        for entry in verdict.differences:
            self._found.setdefault(entry.key, []).append(entry)

    def iter_views(self) -> Iterator[CellView]:
        """Yield the cells, worst first."""

        def order(cell: ComparedCell) -> tuple[object, ...]:
            key = cell.key
            place = key.machine, key.platform_firmware, key.emulator
            return ORDER.index(self._symbols[key].mark), natural_order(key.scenario), place, key.nic_model

        return (self._make(cell) for cell in sorted(self._verdict.cells, key=order))

    def _make(self, cell: ComparedCell) -> CellView:
        key, symbol = cell.key, self._symbols[cell.key]
        anchor = self._anchors.find(str(key))
        boots = []
        for side, boot in zip(self._sides, (cell.baseline, cell.candidate), strict=True):
            trace = None if boot is None else side.find_trace(key, boot.attempt)
            if trace is not None:
                boots.append((side, trace))
        has_chart = self._all_evidence or not cell.passed_on_both_sides or key in self._examples
        evidence = self._gatherer.gather(key, boots, anchor, has_chart=has_chart)
        there = {
            "packets": evidence.chart is not None,
            "console": evidence.console is not None,
            "times": evidence.bars is not None,
            "lint": bool(evidence.findings),
        }
        found = sorted(self._found.get(key, ()), key=self._rank)
        words = _halve("baseline", cell.baseline).words, _halve("candidate", cell.candidate).words
        return CellView(
            anchor=anchor,
            name=f"{key.scenario} / {key.nic_model}",
            place=name_place(key.machine, key.platform_firmware, key.emulator),
            mark=symbol.mark,
            tone=TONES[symbol.mark],
            state=symbol.meaning,
            words=", ".join(words),
            sides=evidence.sides,
            is_worst=cell.state is CellState.REGRESSED,
            problem=self._verdict.broken.get(key, ""),
            differences=tuple(self._describe(entry, anchor, there) for entry in found),
            bars=evidence.bars,
            chart=evidence.chart,
            console=evidence.console,
            same_console=evidence.same_console,
            screens=evidence.screens,
            pictures=evidence.pictures,
            attempts=evidence.attempts,
            findings=evidence.findings,
            downloads=evidence.downloads,
            commands=evidence.commands,
        )

    def _rank(self, entry: Difference) -> tuple[int, int, bool]:
        """Return how late a difference is told: the worst first, what follows from others behind them."""
        return SEVERITY_ORDER[entry.weight], SEVERITY_ORDER[entry.finding.severity], entry in self._folded

    def _describe(self, entry: Difference, anchor: str, there: Mapping[str, bool]) -> DifferenceView:
        place = _find_evidence(entry)
        link = Link(place, f"{anchor}.{place}") if there.get(place) else None
        if place == ROMS and self._sides[0].recorded is not None:
            link = Link("ROM files", ROMS)
        name = f"with it, {entry.weight}" if entry in self._folded else str(entry.weight)
        sentence = capitalise(format_finding(entry.finding))
        return DifferenceView(name, SEVERITY_TONES[entry.weight], sentence, tell_origin(entry), link)


def _find_evidence(entry: Difference) -> str:
    """Return in which part of a cell a difference is to be seen."""
    rule = RULES[entry.rule]
    if rule.needs is Needs.LOOK:
        return "times"
    if "rom-bar" in rule.topics:
        return ROMS
    if rule.name == "lint":
        return "lint"
    return "console" if rule.name in CONSOLE_RULES or rule.topics & CONSOLE_TOPICS else "packets"
