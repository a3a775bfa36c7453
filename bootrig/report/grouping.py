"""Equal differences of many cells as one, so that eighty-eight lines become one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bootrig.compare.difference import Difference
from bootrig.compare.finding import Finding, Severity
from bootrig.report.sentences import format_finding, format_range, phrase_finding
from bootrig.trace.names import CellKey

SEVERITY_ORDER = {severity: index for index, severity in enumerate(Severity)}
LIST_LIMIT = 6


@dataclass(frozen=True, slots=True)
class DifferenceGroup:
    """Differences that say the same of several cells, which `where` has in words: `all 11 scenarios; all 8 NICs`."""

    differences: tuple[Difference, ...]
    where: str

    @property
    def first(self) -> Difference:
        """One that speaks for all."""
        return self.differences[0]

    @property
    def confirmed_by(self) -> str:
        """By what boots they were confirmed, as most of them say."""
        return Counter(entry.confirmed_by for entry in self.differences).most_common(1)[0][0]

    @property
    def sentence(self) -> str:
        """What differs and why it matters; numbers as the range over the cells."""
        why = self.first.finding.why
        return f"{self.statement}: {why}" if why else self.statement

    @property
    def statement(self) -> str:
        """What differs alone."""
        findings = [entry.finding for entry in self.differences]
        first = replace(findings[0], why="")
        if first.delta is None:
            return format_finding(first)
        baseline = format_range((finding.baseline for finding in findings), first.unit)
        candidate = format_range((finding.candidate for finding in findings), first.unit)
        more = format_range((abs(finding.delta or 0.0) for finding in findings), first.unit)
        return phrase_finding(first, baseline, candidate, more)


def group_differences(differences: Iterable[Difference], cells: Sequence[CellKey]) -> tuple[DifferenceGroup, ...]:
    """Return equal differences as groups, worst first, then in the order in which the rules found them.

    By `cells`, all that were compared, the words "all" are meant.
    """
    groups: dict[tuple[object, ...], list[Difference]] = {}
    for entry in differences:
        finding = entry.finding
        mark = (entry.rule, finding.severity, finding.subject, _values(finding), entry.waiver, entry.confirmation)
        groups.setdefault(mark, []).append(entry)
    ordered = sorted(groups.values(), key=lambda members: SEVERITY_ORDER[members[0].finding.severity])
    return tuple(
        DifferenceGroup(tuple(members), describe_cells({entry.key for entry in members if entry.key}, cells))
        for members in ordered
    )


def _values(finding: Finding) -> tuple[object, ...]:
    """Return what has to be the same in one group: of numbers the direction is enough."""
    if finding.delta is None:
        return finding.baseline, finding.candidate, finding.statement, finding.why
    return ("more" if finding.delta > 0 else "less",)


def describe_cells(members: Iterable[CellKey], cells: Sequence[CellKey]) -> str:
    """Return a set of cells in words, held against all that were compared."""
    chosen = set(members)
    if not chosen:
        return "the whole set"
    cells = [*cells, *(chosen - set(cells))]
    place = _describe_place(chosen, cells)
    places = {_place(key) for key in chosen}
    near = [key for key in cells if _place(key) in places]
    names, models = {key.scenario for key in chosen}, {key.nic_model for key in chosen}
    scenarios = _describe_names(names, {key.scenario for key in near}, "scenario")
    words = f"{scenarios}; {_describe_nics(chosen, cells)}{place}"
    product = {key for key in near if key.nic_model in models and key.scenario in names}
    return words if product <= chosen else f"{words} ({len(chosen)} of these {len(product)} cells)"


def describe_roms(members: Iterable[CellKey], cells: Sequence[CellKey]) -> str:
    """Return the NICs of cells in words, with machine, platform firmware and emulator, held against `cells`."""
    chosen = set(members)
    if not chosen:
        return "the whole set"
    return f"{_describe_nics(chosen, cells)}{_describe_place(chosen, cells)}"


def _describe_nics(chosen: set[CellKey], cells: Sequence[CellKey]) -> str:
    places = {_place(key) for key in chosen}
    near = {key.nic_model for key in cells if _place(key) in places}
    return _describe_names({key.nic_model for key in chosen}, near, "NIC")


def _place(key: CellKey) -> tuple[str, str, str]:
    return key.machine, key.platform_firmware, key.emulator


def _describe_place(chosen: set[CellKey], cells: Sequence[CellKey]) -> str:
    """Return machine, platform firmware and emulator in words, where not all of them are meant."""
    all_places, own = {_place(key) for key in cells}, {_place(key) for key in chosen}
    if own >= all_places:
        return ""
    varying = [index for index in range(3) if len({place[index] for place in all_places}) > 1]
    names = sorted({" ".join(place[index] for index in varying) for place in own})
    return f"; {', '.join(names)}"


def _describe_names(chosen: set[str], known: set[str], word: str) -> str:
    """Return names in words: `all 8 NICs`, `scenarios grub, script`, `all 8 NICs but rtl8139`."""
    if chosen >= known and len(chosen) > 1:
        return f"both {word}s" if len(chosen) == 2 else f"all {len(chosen)} {word}s"
    missing = sorted(known - chosen)
    if len(missing) <= 2 and len(known) > 4:
        return f"all {word}s but {', '.join(missing)}"
    names = sorted(chosen)
    listed = ", ".join(names[:LIST_LIMIT]) + (f" and {len(names) - LIST_LIMIT} more" if len(names) > LIST_LIMIT else "")
    return f"{word}{'s' if len(names) > 1 else ''} {listed}"
