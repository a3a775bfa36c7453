"""Waivers: differences that somebody accepts, with the reason.

[[waiver]]
id = "start-time@pxe-tftp/*/pc"     # RULE@CELL or RULE@CELL:SUBJECT; patterns, trailing parts may be left out
reason = "the new entropy gathering, accepted by the platform group"
expires = 2031-01-01                # the last day on which it holds; for ever without

[[waiver]]
rule = "rom-bar"                    # or by fields: a rule's name, or a pattern: "dhcp-*"
nic = ["e1000", "virtio-*"]         # patterns; a key left out matches everything
scenario = ["pxe-*"]
machine = ["pc"]
platform_firmware = ["seabios"]
emulator = ["host"]
subject = "feature *"
reason = "migration starts from empty hosts"

A difference of the ROM sets as wholes has no cell: `coverage@*:vmxnet3`, or `rule = "coverage"` with the NIC's model as
the subject. Patterns are those of the shell without brackets, which are those of a scenario's variant.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from bootrig.compare.difference import Difference
from bootrig.compare.rules import RULES
from bootrig.document.toml import TableReader, load_document, suggest
from bootrig.trace.names import CellNameError, DifferencePattern, matches_pattern, parse_difference_pattern

# keys of the file, in the order of a cell's parts
CELL_FIELDS = ("scenario", "nic", "machine", "platform_firmware", "emulator")


@dataclass(frozen=True, slots=True)
class FieldPatterns:
    """Patterns of a rule, a subject and the parts of a cell, each of which matches one of several patterns or any.

    Attributes:
        rule: pattern of the rule's name.
        cell: patterns of the cell's parts, in their order; an empty tuple matches everything.
        subject: pattern of the subject.
    """

    rule: str
    cell: tuple[tuple[str, ...], ...] = ((),) * len(CELL_FIELDS)
    subject: str = "*"

    def matches(self, difference: Difference) -> bool:
        """Whether it is about `difference`."""
        if not matches_pattern(difference.rule, self.rule):
            return False
        if not matches_pattern(difference.finding.subject, self.subject):
            return False
        if difference.key is None:
            return not any(self.cell)
        parts = zip(astuple(difference.key), self.cell, strict=True)
        return all(not some or any(matches_pattern(part, pattern) for pattern in some) for part, some in parts)


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted kind of difference.

    Attributes:
        name: what it accepts, as reports call it: its `id`, or its rule.
        reason: why it is accepted.
        patterns: what it accepts.
        expires: the last day on which it holds; None for ever.
    """

    name: str
    reason: str
    patterns: DifferencePattern | FieldPatterns
    expires: datetime.date | None = None

    def accepts(self, difference: Difference) -> bool:
        """Whether it is about `difference`, apart from its date."""
        if isinstance(self.patterns, DifferencePattern):
            return self.patterns.matches(difference.rule, difference.key, difference.finding.subject)
        return self.patterns.matches(difference)

    def is_expired(self, today: datetime.date) -> bool:
        """Whether it no longer holds."""
        return self.expires is not None and today > self.expires


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers in the TOML file `path`.

    Raises:
        DocumentError: it cannot be read or says something wrong; all problems at once.
    """
    document = load_document(path)
    waivers = read_waivers(document.root, required=True)
    document.finish()
    return waivers


def read_waivers(root: TableReader, *, required: bool) -> tuple[Waiver, ...]:
    """Return the waivers of a document, whose problems it notes; there has to be one where they are `required`."""
    return tuple(_read_waiver(table) for table in root.tables("waiver", required=required))


def _read_waiver(table: TableReader) -> Waiver:
    name, patterns = _read_id(table) if "id" in table else _read_fields(table)
    expires = table.free_value("expires")
    if expires is not None and type(expires) is not datetime.date:
        table.add_problem("expires", f"found {expires!r}, expected a date: 2031-01-01")
        expires = None
    reason = table.string("reason", pattern=r"(?s).*\S.*", expected="a reason in words")
    return Waiver(name, reason, patterns, expires)


def _read_id(table: TableReader) -> tuple[str, DifferencePattern]:
    text = table.string("id")
    try:
        patterns = parse_difference_pattern(text)
    except CellNameError as error:
        table.add_problem("id", str(error))
        return text, DifferencePattern("*", "*", None)
    _require_rule(table, "id", patterns.rule)
    for key in ("rule", "subject", *CELL_FIELDS):
        if key in table:
            table.free_value(key)
            table.add_problem(key, "id says it already")
    return text, patterns


def _read_fields(table: TableReader) -> tuple[str, FieldPatterns]:
    rule = table.string("rule")
    if rule:
        _require_rule(table, "rule", rule)
    cell = tuple(table.strings(key, default=()) for key in CELL_FIELDS)
    return rule, FieldPatterns(rule, cell, table.string("subject", default="*"))


def _require_rule(table: TableReader, key: str, pattern: str) -> None:
    if not any(matches_pattern(name, pattern) for name in RULES):
        hint = suggest(pattern, RULES)
        table.add_problem(key, f'found "{pattern}", expected the name of a rule or a pattern{hint}')


def apply_waivers(
    differences: Iterable[Difference], waivers: Sequence[Waiver], today: datetime.date
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Return the differences, the accepted ones with their reason, and notes on waivers that expired or did nothing."""
    used: set[int] = set()
    missed: set[int] = set()
    result = []
    for difference in differences:
        accepting = [index for index, waiver in enumerate(waivers) if waiver.accepts(difference)]
        holding = [index for index in accepting if not waivers[index].is_expired(today)]
        used.update(accepting)
        missed.update(index for index in accepting if not holding)
        result.append(replace(difference, waiver=waivers[holding[0]].reason) if holding else difference)
    notes = []
    for index, waiver in enumerate(waivers):
        if index in missed:
            notes.append(f'the waiver of {waiver.name} ("{waiver.reason}") expired on {waiver.expires}')
        elif index not in used:
            notes.append(f'the waiver of {waiver.name} ("{waiver.reason}") matched no difference: remove it')
    return tuple(result), tuple(notes)
