"""What appeared, vanished or changed its type between two emulators."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bootrig.emulator.schema.entries import Entry, EntryKind, Row, collect_entries
from bootrig.emulator.schema.shapes import Catalog


class ChangeKind(StrEnum):
    """What happened."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """One difference between the schemas of two emulators: what happened from the first to the second.

    The member is empty where the whole entry is meant; the detail says from what to what, where it changed.
    """

    change: ChangeKind
    kind: EntryKind
    name: str
    member: str = ""
    detail: str = ""

    def __str__(self) -> str:
        place = f"{self.kind} {self.name}" + (f": {self.member}" if self.member else "")
        return f"{self.change}: {place}" + (f": {self.detail}" if self.detail else "")


def compare_schemas(first: Catalog, second: Catalog) -> tuple[SchemaDifference, ...]:
    """Return what is different in `second`, by kind and name."""
    before, after = collect_entries(first), collect_entries(second)
    # A type that could not be asked about is not known to have vanished.
    unasked = {*first.introspection.unasked, *second.introspection.unasked}
    found: list[SchemaDifference] = []
    for kind, name in sorted({*before, *after}, key=lambda key: (list(EntryKind).index(key[0]), key[1])):
        old, new = before.get((kind, name)), after.get((kind, name))
        if old is None:
            found.append(SchemaDifference(ChangeKind.APPEARED, kind, name))
        elif new is None:
            found.append(SchemaDifference(ChangeKind.VANISHED, kind, name))
        elif name not in unasked and f"{name}-machine" not in unasked:
            found += _compare_entries(old, new)
    return tuple(found)


def _compare_entries(old: Entry, new: Entry) -> Iterator[SchemaDifference]:
    before = {row.name: row for row in old.rows}
    after = {row.name: row for row in new.rows}
    for name in sorted({*before, *after}):
        if name not in before:
            yield SchemaDifference(ChangeKind.APPEARED, new.kind, new.name, name)
        elif name not in after:
            yield SchemaDifference(ChangeKind.VANISHED, new.kind, new.name, name)
        else:
            detail = _compare_rows(before[name], after[name])
            if detail:
                yield SchemaDifference(ChangeKind.CHANGED, new.kind, new.name, name, detail)


def _compare_rows(old: Row, new: Row) -> str:
    changes = []
    if old.type != new.type:
        changes.append(_compare_types(old.type, new.type))
    if old.required != new.required:
        changes.append("is required now" if new.required else "is optional now")
    if old.default != new.default:
        changes.append(f"default {_shown(old.default)} became {_shown(new.default)}")
    return ", ".join(changes)


def _shown(default: object) -> str:
    return "none" if default is None else repr(default)


def _compare_types(old: str, new: str) -> str:
    """Say how a type changed; of enumerations only the words that came and went."""
    before, after = old.split(" | "), new.split(" | ")
    if len(before) > 1 and len(after) > 1:
        words = [f"+{word}" for word in after if word not in before]
        return "words " + " ".join(words + [f"-{word}" for word in before if word not in after])
    return f"{old} became {new}"
