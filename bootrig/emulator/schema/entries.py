"""Everything that a QEMU accepts, as a flat list of entries and rows for reference pages and differences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bootrig.emulator.schema.introspection import Member
from bootrig.emulator.schema.shapes import Alternate, Array, Catalog, Enumeration, Object, Scalar, Shape

JSON_TYPES = {"string": "string", "int": "integer", "number": "number", "boolean": "boolean", "null": "null"}


class EntryKind(StrEnum):
    """What an entry is."""

    MACHINE = "machine"
    PROCESSOR = "processor"
    ACCELERATOR = "accelerator"
    DEVICE = "device"
    NETDEV = "netdev"
    CHARDEV = "chardev"
    BLOCKDEV = "blockdev"
    OBJECT = "object"
    COMMAND = "command"
    EVENT = "event"
    OPTION = "option"


# What commands add, and the argument that names its type.
PARTS = (
    (EntryKind.DEVICE, "device_add", "driver"),
    (EntryKind.NETDEV, "netdev_add", "type"),
    (EntryKind.BLOCKDEV, "blockdev-add", "driver"),
    (EntryKind.CHARDEV, "chardev-add", "type"),
    (EntryKind.OBJECT, "object-add", "qom-type"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One member of an entry.

    Members of a nested table follow a dot in the name, those of a variant its word in brackets. The type is written for
    people; the default is None where QEMU reports none.
    """

    name: str
    type: str
    required: bool = False
    default: Any = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that a QEMU accepts: a device, a command, ..."""

    kind: EntryKind
    name: str
    rows: tuple[Row, ...]


def iter_entries(catalog: Catalog) -> Iterator[Entry]:
    """Yield all entries of a QEMU, by kind and name."""
    found = catalog.introspection
    for kind, types in (
        (EntryKind.MACHINE, found.machines),
        (EntryKind.PROCESSOR, found.processors),
        (EntryKind.ACCELERATOR, found.accelerators),
    ):
        for name in sorted(types):
            yield Entry(kind, name, tuple(_rows(catalog, Object(types[name]))))
    for kind, command, tag in PARTS:
        for name in catalog.part_types(command):
            yield _tagged(catalog, kind, name, catalog.find_arguments(command, name), tag)
    for name in catalog.commands:
        yield Entry(EntryKind.COMMAND, name, (*_rows(catalog, catalog.arguments_of(name)), *_result(catalog, name)))
    for name in catalog.events:
        yield Entry(EntryKind.EVENT, name, tuple(_rows(catalog, catalog.event_data(name))))
    for name in sorted(found.options):
        rows = tuple(Row(parameter, "parameter") for parameter in sorted(found.options[name]))
        yield Entry(EntryKind.OPTION, f"-{name}", rows)


def _tagged(catalog: Catalog, kind: EntryKind, name: str, shape: Object | None, tag: str) -> Entry:
    """Return the entry of something whose own name is the word of a tag among its members."""
    rows = _rows(catalog, shape or Object({}))
    return Entry(kind, name, tuple(Row(tag, f'"{name}"', required=True) if row.name == tag else row for row in rows))


def _result(catalog: Catalog, command: str) -> Iterator[Row]:
    """Yield the rows of a command's result, which follow an arrow."""
    member = Member("->", catalog.result_of(command), required=True)
    shape = catalog.resolve(member.type)
    while isinstance(shape, Array):
        member = Member("->", shape.element, required=True)
        shape = catalog.resolve(member.type)
    if not isinstance(shape, Object) or shape.members:
        yield Row("->", describe_type(catalog, catalog.result_of(command)))
        yield from _nested(catalog, member, "->", ())


def _rows(catalog: Catalog, shape: Object, prefix: str = "", above: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield the rows of an object, those of nested tables after their member."""
    for name in sorted(shape.members):
        member = shape.members[name]
        yield Row(
            f"{prefix}{name}",
            describe_type(catalog, member.type),
            member.required and not above,
            member.default,
            member.description,
        )
        yield from _nested(catalog, member, f"{prefix}{name}", above)
    if not above:
        yield from _variant_rows(catalog, shape, "", ("",))


def _nested(catalog: Catalog, member: Member, place: str, above: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a member that is a table; a type within itself is not written out again."""
    inner = catalog.resolve(member.type)
    if isinstance(inner, Object) and member.type not in above:
        path = (*above, member.type)
        yield from _rows(catalog, inner, f"{place}.", path)
        yield from _variant_rows(catalog, inner, place, path)


def _variant_rows(catalog: Catalog, shape: Object, place: str, above: tuple[str, ...]) -> Iterator[Row]:
    for word, type_name in sorted(shape.variants.items()):
        own = catalog.resolve(type_name)
        if isinstance(own, Object) and type_name not in above:
            yield from _rows(catalog, own, f"{place}({word}).", (*above, type_name))


def describe_type(catalog: Catalog, type_name: str) -> str:
    """Return the name of a type for people."""
    return _describe_shape(catalog, catalog.resolve(type_name))


def _describe_shape(catalog: Catalog, shape: Shape) -> str:
    match shape:
        case Scalar():
            return JSON_TYPES.get(shape.json_type, "any value")
        case Enumeration():
            return " | ".join(shape.words)
        case Array():
            return f"array of {describe_type(catalog, shape.element)}"
        case Alternate():
            return " or ".join(dict.fromkeys(describe_type(catalog, option) for option in shape.options))
        case Object():
            return "table"


def collect_entries(catalog: Catalog) -> Mapping[tuple[EntryKind, str], Entry]:
    """Return all entries of a QEMU, by kind and name."""
    return {(entry.kind, entry.name): entry for entry in iter_entries(catalog)}
