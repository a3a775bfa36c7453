import ast
import types
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

import bootrig
from bootrig.jsonfile import JsonFileError, encode_json, parse_json
from bootrig.trace.events import (
    DhcpOption,
    DnsAnswer,
    DnsQuestion,
    Eapol,
    Event,
    Recorded,
    Varying,
    WireEvent,
    escape,
)

KINDS: tuple[type[Struct], ...] = get_args(Event)
READERS = ("trace/reading", "compare", "report")
NOT_OF_BOOTS = ("findings", "sarif")  # reports on ROMs


def iter_marked_fields(kind: type[Struct], mark: str) -> Iterator[str]:
    """Yield the names of the fields of a kind of event that have a mark: `varies`, `recorded`."""
    for field in structs.fields(kind):
        if any(mark in (meta.extra or ()) for meta in getattr(field.type, "__metadata__", ())):
            yield field.name


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of the type of a field."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        hints = get_type_hints(kind, include_extras=True)
        hints.pop("suboptions", None)
        return st.builds(kind, **{name: _values(hint) for name, hint in hints.items()})
    if get_origin(kind) is Annotated:
        pattern = next(filter(None, (meta.pattern for meta in kind.__metadata__)), None)
        return st.from_regex(pattern, fullmatch=True) if pattern else _values(kind.__origin__)
    if isinstance(kind, types.UnionType) or get_origin(kind) is Union:
        return st.one_of(*map(_values, get_args(kind)))
    if get_origin(kind) is tuple:
        first, *others = get_args(kind)
        return st.lists(_values(first), max_size=3).map(tuple) if others == [...] else st.tuples(*[_values(first)] * 2)
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    return st.integers(0, (1 << 32) - 1) if kind is int else st.from_type(kind)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_every_kind_goes_to_json_and_back(kind, data):
    event = data.draw(_values(kind))
    assert parse_json(encode_json([event]), list[Event], "events") == [event]


def test_options_inside_an_option_go_to_json_and_back():
    option = DhcpOption(175, "b10100", (DhcpOption(0xB1, "00"),))
    assert parse_json(encode_json(option), DhcpOption, "option") == option


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "events: Object missing required field `kind` - at `$[0]`"),
        ('"kind": "smoke"', "events: Invalid value 'smoke' - at `$[0].kind`"),
        ('"kind": "lacp", "guest_s": 1.0', "events: Object missing required field `from_guest` - at `$[0]`"),
        ('"kind": "lacp", "guest_s": "1"', "events: Expected `float`, got `str` - at `$[0].guest_s`"),
        ('"kind": "dhcp", "options": [{"code": "1"}]', "events: Expected `int`, got `str` - at `$[0].options[0].code`"),
        (
            '"kind": "tftp-transfer", "repeated_frames": [1, null]',
            "events: Expected `int`, got `null` - at `$[0].repeated_frames[1]`",
        ),
        ('"kind": "tftp-request", "operation": "erase"', "events: Invalid enum value 'erase' - at `$[0].operation`"),
        (
            '"kind": "dhcp", "options": [{"code": 1, "hex": "0g"}]',
            r"events: Expected `str` matching regex '^([0-9a-f]{2})*\\Z' - at `$[0].options[0].hex`",
        ),
        ('"kind": "http-request", "headers": [["a"]]', "events: Expected `array` of length 2 - at `$[0].headers[0]`"),
    ],
)
def test_wrong_types_are_named_with_their_place(fields, message):
    with pytest.raises(JsonFileError) as caught:
        parse_json(f"[{{{fields}}}]".encode(), list[Event], "events")
    assert str(caught.value) == message


def test_what_a_newer_version_adds_is_passed_over():
    content = b'[{"kind": "eapol", "guest_s": 1, "from_guest": true, "colour": "red"}]'
    assert parse_json(content, list[Event], "events") == [Eapol(guest_s=1.0, from_guest=True)]


def test_fields_that_differ_from_boot_to_boot():
    varying = {kind.__name__: tuple(iter_marked_fields(kind, "varies")) for kind in KINDS}
    assert {name: fields for name, fields in varying.items() if fields} == {
        "Dhcp": ("source_port", "xid"),
        "Dhcp6": ("source_port", "xid"),
        "TftpRequest": ("client_port",),
        "TftpOptions": ("client_port",),
        "TftpTransfer": ("client_port",),
        "TftpError": ("client_port",),
        "Tcp": ("source_port",),
        "Dns": ("source_port", "id"),
        "Other": ("source_port",),
    }


def _find_names_read() -> set[str]:
    """Return the names of attributes that readers of boots use, in expressions and in patterns."""
    root = Path(bootrig.__file__).parent
    paths = [path for room in READERS for path in sorted((root / room).rglob("*.py"))]
    nodes = [
        node
        for path in paths
        if not path.name.startswith(NOT_OF_BOOTS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names.union(*(node.kwd_attrs for node in nodes if isinstance(node, ast.MatchClass)))


def _find_wrong_marks(kinds: Iterable[type[Struct]], read: Set[str]) -> list[str]:
    """Return a sentence for each field that is neither read nor marked, or both.

    Names are looked at, not types: a name that is marked in one kind only may be read of another.
    """
    exempt = {"guest_s", "from_guest", "frame"}
    unmarked, recorded = set(), set()
    for kind in kinds:
        marked = set(iter_marked_fields(kind, "recorded"))
        recorded |= marked
        unmarked |= {*kind.__struct_fields__} - marked - {*iter_marked_fields(kind, "varies")} - exempt
    inner = {name for kind in (DhcpOption, DnsAnswer, DnsQuestion) for name in kind.__struct_fields__}
    return [
        *(f"{name} is read by nobody: mark it as recorded" for name in sorted(unmarked - read)),
        *(f"{name} is read: take its mark away" for name in sorted((recorded - unmarked - inner) & read)),
    ]


def test_a_field_is_read_by_somebody_or_marked():
    assert _find_wrong_marks(KINDS, _find_names_read()) == []


def test_wrong_marks_are_found():
    class Smoke(WireEvent, frozen=True, kw_only=True):
        colour: str
        smell: Recorded[str]
        size: Varying[int]

    assert _find_wrong_marks([Smoke], {"smell", "interface", "ethernet_source"}) == [
        "colour is read by nobody: mark it as recorded",
        "smell is read: take its mark away",
    ]


def test_text_from_the_wire_is_printable_ascii():
    assert escape(b"a b\\\xff\n") == "a b\\x5c\\xff\\x0a"
