"""How the boots of a run without baseline ended, as a page."""

from collections.abc import Iterator, Mapping, Sequence

from bootrig.compare import Outcomes, OutcomeState
from bootrig.errors import is_wrong_input
from bootrig.report.html.anchors import Anchors
from bootrig.report.html.cells import Gatherer
from bootrig.report.html.downloads import LONGEST, Downloads
from bootrig.report.html.evidence import RecordedSide
from bootrig.report.html.heads import describe_rom_files, describe_sides, tell_command, tell_facts
from bootrig.report.html.matrix import TONES, Box, Half, MatrixView, draw_matrix, name_place
from bootrig.report.html.views import CauseView, CellView, Item, Items, Link, Page
from bootrig.report.terminal.matrix import Symbol, natural_order
from bootrig.report.terminal.outcomes import (
    BROKEN,
    HEADINGS,
    MARKS,
    ON_THE_WAY,
    TRUNCATED,
    WRONG_INPUT,
    summary,
    symbol_of,
)
from bootrig.trace.names import CellKey
from bootrig.trace.reading.cached import tell_cached
from bootrig.trace.reading.ends import describe_outcome
from bootrig.trace.reading.side_name import name_side
from bootrig.trace.trace import Trace

WORST = 3
LINKS = 3
FAILED = (OutcomeState.FAILED, OutcomeState.UNSTABLE, OutcomeState.UNCONFIRMED)
Told = Mapping[tuple[str, CellKey], Symbol]


def make_outcome_page(outcomes: Outcomes, sides: Sequence[RecordedSide], *, all_evidence: bool) -> Page:
    """Return the page of a run without baseline, with its evidence."""
    anchors = Anchors()
    answer, _, reason = summary(outcomes).plain.removeprefix("Outcome: ").partition(", ")
    symbols = _find_symbols(outcomes)
    causes = list(_iter_causes(outcomes, anchors))
    names = list(dict.fromkeys(map(name_side, outcomes.traces)))
    roms, _ = describe_rom_files(sides)
    failed = any(state in FAILED for _, state in outcomes.settled)
    return Page(
        title=f"{answer}: {', '.join(names)}",
        sides=", ".join(names),
        facts=tell_facts(sides),
        answer=answer,
        reason=reason,
        tone="regressed" if failed or not outcomes.settled else "changed" if reason else "same",
        notes=tuple(filter(None, [tell_cached(outcomes.traces)])),
        worst=tuple(causes[:WORST]),
        more=f"{len(causes) - WORST} more below" if len(causes) > WORST else "",
        matrix=_draw(outcomes, symbols, anchors),
        side_views=describe_sides(sides),
        roms=roms,
        command=tell_command(sides),
        items=tuple(_iter_items(outcomes)),
        cells=tuple(_iter_cells(outcomes, sides, symbols, anchors, all_evidence=all_evidence)),
    )


def _find_symbols(outcomes: Outcomes) -> Told:
    mixed = any(trace.clock.is_virtual for trace in outcomes.traces)
    symbols = {
        (side, key): WRONG_INPUT if is_wrong_input(message) else BROKEN for side, key, message in outcomes.errors
    }
    symbols |= {(trace.side, trace.key): symbol_of(trace, state, mixed=mixed) for trace, state in outcomes.settled}
    return symbols


def _iter_failures(outcomes: Outcomes) -> Iterator[tuple[OutcomeState, list[Trace]]]:
    """Yield the boots that did not pass, those together that failed for the same reason, worst first."""
    for state in HEADINGS:
        groups: dict[tuple[str, str, str], list[Trace]] = {}
        for trace, became in outcomes.settled:
            if became is state:
                reason = outcomes.tell_ends(trace) or trace.outcome.reason
                groups.setdefault((trace.side, trace.key.scenario, reason), []).append(trace)
        yield from ((state, members) for members in sorted(groups.values(), key=len, reverse=True))


def _iter_causes(outcomes: Outcomes, anchors: Anchors) -> Iterator[CauseView]:
    for state, members in _iter_failures(outcomes):
        if state not in FAILED:
            continue
        first = members[0]
        last = first.outcome.last_unanswered
        yield CauseView(
            name=HEADINGS[state],
            tone="unconfirmed" if state is OutcomeState.UNCONFIRMED else "regressed",
            where=_tell_place(members),
            origin=outcomes.tell_ends(first) or describe_outcome(first.outcome),
            sentences=(first.outcome.reason,) if first.outcome.reason else (),
            whys=(f"the last question that nobody answered: {last}",) if last else (),
            links=tuple(
                Link(f"{one.key.scenario} / {one.key.nic_model}", _find_anchor(one.side, one.key, anchors))
                for one in members[:LINKS]
            ),
            unlinked=max(0, len(members) - LINKS),
        )


def _tell_place(members: Sequence[Trace]) -> str:
    nics = ", ".join(dict.fromkeys(trace.key.nic_model for trace in members))
    return f"{name_side(members[0])}: {members[0].key.scenario} with {nics}"


def _iter_items(outcomes: Outcomes) -> Iterator[Items]:
    failures = list(_iter_failures(outcomes))
    for state, heading in HEADINGS.items():
        own = tuple(
            Item(outcomes.tell_ends(members[0]) or members[0].outcome.reason, _tell_place(members))
            for one, members in failures
            if one is state
        )
        if own:
            yield Items(heading, "regressed" if state in FAILED else "changed", own)
    for heading, tell in ((ON_THE_WAY, _find_on_the_way), (TRUNCATED, _find_truncated)):
        groups: dict[tuple[str, ...], list[Trace]] = {}
        for trace, _ in outcomes.settled:
            if words := tell(trace):
                groups.setdefault((trace.side, trace.key.scenario, *words), []).append(trace)
        if groups:
            told = tuple(Item("; ".join(words[2:]), _tell_place(members)) for words, members in groups.items())
            yield Items(heading, "changed", told)
    if outcomes.lint:
        found = tuple(Item(f"{one.file}: {one.message}", f"{side} [lint {one.rule}]") for side, one in outcomes.lint)
        yield Items("Errors in the bytes of the ROMs", "regressed", found)


def _find_on_the_way(trace: Trace) -> tuple[str, ...]:
    return trace.outcome.on_the_way if trace.passed else ()


def _find_truncated(trace: Trace) -> tuple[str, ...]:
    return trace.truncated


def _find_anchor(side: str, key: CellKey, anchors: Anchors) -> str:
    return anchors.find(f"{side}/{key}" if side else str(key))


def _draw(outcomes: Outcomes, symbols: Told, anchors: Anchors) -> MatrixView | None:
    ended = {(trace.side, trace.key): (trace, state) for trace, state in outcomes.settled}

    def make_box(label: str, key: CellKey, symbol: Symbol) -> Box:
        words, tone = symbol.meaning, "none"
        if (label, key) in ended:
            trace, state = ended[label, key]
            words = outcomes.tell_ends(trace) or describe_outcome(trace.outcome)
            tone = "passed" if state is OutcomeState.PASSED else "failed"
        title = f"{key}: {symbol.meaning}; {words}"
        return Box(_find_anchor(label, key, anchors), symbol.mark, TONES[symbol.mark], title, (Half(tone, words),))

    return draw_matrix(symbols, make_box) if symbols else None


def _iter_cells(
    outcomes: Outcomes, sides: Sequence[RecordedSide], symbols: Told, anchors: Anchors, *, all_evidence: bool
) -> Iterator[CellView]:
    """Yield the cells of all sides, worst first; the first one that passed of each machine has its packets as well."""
    gatherer = Gatherer(Downloads(None if all_evidence else LONGEST))
    known = {side.label: side for side in sides}
    settled = {(trace.side, trace.key): trace for trace, _ in outcomes.settled}
    problems = {(side, key): message for side, key, message in outcomes.errors}
    shown: set[tuple[str, ...]] = set()

    def order(place: tuple[str, CellKey]) -> tuple[object, ...]:
        key = place[1]
        return -MARKS.index(symbols[place].mark), natural_order(key.scenario), key.machine, key.platform_firmware, place

    for place in sorted(symbols, key=order):
        label, key = place
        trace, symbol = settled.get(place), symbols[place]
        anchor = _find_anchor(label, key, anchors)
        machine = (label, key.machine, key.platform_firmware, key.emulator)
        has_chart = all_evidence or machine not in shown or (trace is not None and not trace.passed)
        if trace is not None and trace.passed:
            shown.add(machine)
        boots = [] if trace is None else [(known[label], trace)]
        evidence = gatherer.gather(key, boots, anchor, has_chart=has_chart)
        yield CellView(
            anchor=anchor,
            name=f"{key.scenario} / {key.nic_model}",
            place=name_place(key.machine, key.platform_firmware, key.emulator),
            mark=symbol.mark,
            tone=TONES[symbol.mark],
            state=symbol.meaning,
            words=f"{label}: {'not booted' if trace is None else describe_outcome(trace.outcome)}",
            sides=evidence.sides,
            is_worst=TONES[symbol.mark] == "regressed",
            problem=problems.get(place, ""),
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
