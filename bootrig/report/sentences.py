"""Findings as sentences for people."""

import shlex
from collections.abc import Iterable, Sequence

from bootrig.compare.difference import Confirmation, Difference
from bootrig.compare.finding import Finding, Value
from bootrig.trace.names import CellKey

NOTHING = "nothing"


def count(number: int, word: str) -> str:
    """Return a number of things: `1 cell`, `2 cells`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def capitalise(sentence: str) -> str:
    """Return a sentence with its first letter large; names like iPXE stay as they are."""
    first = sentence.partition(" ")[0]
    return sentence if first[1:] != first[1:].lower() else f"{sentence[:1].upper()}{sentence[1:]}"


def tell_origin(difference: Difference, confirmed_by: str = "", members: Sequence[Difference] = ()) -> str:
    """Return which rule found a difference, what made it a regression, what confirmed it, why it is accepted.

    Where several, the `members`, are told as one, `confirmed_by` is said in the place of the difference's own, and in
    how many of them it is new since the last run.
    """
    told = members or (difference,)
    new = sum(entry.is_new for entry in told)
    confirmed = (confirmed_by or difference.confirmed_by).replace("; ", ", ")
    words = (
        difference.rule,
        "" if not new else "new" if new == len(told) else f"new in {count(new, 'cell')}",
        difference.policy,
        "not confirmed" if difference.confirmation is Confirmation.PENDING else "",
        f"confirmed: {confirmed}" if confirmed else "",
        f"waived: {difference.waiver}" if difference.waiver else "",
    )
    return ", ".join(word for word in words if word)


def tell_rerun(run: str, key: CellKey, side: str = "") -> str:
    """Return the command that boots a cell of a run again, with all machines on which that was tried."""
    words = ["bootrig", "rerun", run, f"{key.scenario}/{key.nic_model}"]
    return shlex.join([*words, "--side", side] if side else words)


def format_finding(finding: Finding) -> str:
    """Return what differs, from what to what, and why it matters."""
    more = None if finding.delta is None else abs(finding.delta)
    values = finding.baseline, finding.candidate, more
    return phrase_finding(finding, *(format_value(value, finding.unit) for value in values))


def phrase_finding(finding: Finding, baseline: str, candidate: str, more: str) -> str:
    """Return the sentence with other words for the values: a group of differences has ranges."""
    statement = finding.statement
    for mark, words in (("{baseline}", baseline), ("{candidate}", candidate), ("{more}", more)):
        quoted = words if words == NOTHING else f'"{words}"'
        statement = statement.replace(f'"{mark}"', quoted).replace(mark, words)
    return f"{statement}: {finding.why}" if finding.why else statement


def format_value(value: Value, unit: str = "") -> str:
    """Return a value as people read it: `nothing` for None, one decimal for seconds."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.1f} {unit}".rstrip()
    if isinstance(value, int):
        return f"{value:,} {unit}".rstrip() if unit == "bytes" else f"{value} {unit}".rstrip()
    return value


def format_range(values: Iterable[Value], unit: str = "") -> str:
    """Return the range of several numbers, `3.1 to 3.4 s`; one value where they all read the same."""
    numbers = sorted(value for value in values if isinstance(value, int | float))
    if not numbers:
        return format_value(None)
    first, last = format_value(numbers[0], unit), format_value(numbers[-1], unit)
    if first == last:
        return first
    return f"{first.removesuffix(unit).rstrip()} to {last}" if unit else f"{first} to {last}"
