"""No control character comes out of a report, whatever string of a verdict, an outcome or a finding has it."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.text import Text

import bootrig
from bootrig.compare import Outcomes, Verdict, compare_traces
from bootrig.jsonfile import encode_json
from bootrig.legible import ILLEGIBLE
from bootrig.report.format import Findings, load_formats
from bootrig.report.terminal.console import ReportConsole
from firmware.lint.finding import Finding, Severity
from tests.compare.factory import Boot, trace
from tests.report.sample import make_outcomes

FAILED = Boot(passed=False, milestone="dhcp-ack", reason="tftp-complete was not reached", nbp_s=None)
OTHER = Boot(features="VLAN DNS HTTP", prompt="Press Ctrl-B to stop", rom_set="other")
# words of bootrig's own, by which it looks things up, and digits that it made itself
OWN = {"rule", "unit", "kind", "milestone", "cell", "attempt", "hex"}
TEXTS = (
    "\x1b]52;c;eA==\x07",
    "\x00\x08\x0e\x7f",
    "\x9b31m\x85",
    "\u202egnp\u2066\u200f\u061c",
    "\udcff\udc80",
    "\ufffe\u2028",
)


def poison(value: Any, text: str) -> Any:
    """Return `value` with `text` at the end of every string in it."""
    told = value
    if isinstance(value, str) and not isinstance(value, Enum):
        told = value + text
    elif isinstance(value, Path):
        told = Path(f"{value}{text.replace(chr(0), '')}")
    elif isinstance(value, Mapping):
        told = {poison(name, text): poison(one, text) for name, one in value.items()}
    elif isinstance(value, tuple | list | frozenset):
        told = type(value)(poison(one, text) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.init and field.name not in OWN]
        told = replace(value, **{name: poison(getattr(value, name), text) for name in names})
    elif isinstance(value, msgspec.Struct):
        names = [name for name in value.__struct_fields__ if name not in OWN]
        told = msgspec.structs.replace(value, **{name: poison(getattr(value, name), text) for name in names})
    return told


@cache
def make_subjects() -> Mapping[str, Verdict | Outcomes | Findings]:
    """Return something of everything that is told."""
    key = trace(Boot(nic="rtl8139")).key
    sides = [[trace(boot), trace(replace(FAILED, nic="ne2k_pci"))] for boot in (Boot(), OTHER)]
    finding = Finding(rule="bev", severity=Severity.ERROR, file="e1000.rom", message="BEV is wrong", offset=2, length=2)
    return {
        "verdict": compare_traces(sides[0], sides[1], broken={key: "QEMU died"}),
        "outcomes": replace(make_outcomes(sides[0]), errors=(("ours", key, "QEMU died"),)),
        "findings": Findings(findings=(finding,), target="e1000.rom", files={"e1000.rom": b"U\xaa" * 99}),
    }


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map("".join) | st.text(min_size=1, max_size=5))
@example("".join(TEXTS))
def test_no_report_has_a_control_character(text: str) -> None:
    for (name, one), (subject, value) in product(load_formats().items(), make_subjects().items()):
        if (encode := getattr(one, subject)) is None:
            continue
        told = encode(poison(value, text)).decode()
        assert ILLEGIBLE.findall(told) == []
        if name in ("json", "sarif"):
            json.loads(told)
        if name == "junit":
            ElementTree.fromstring(told)


def test_what_json_says_is_what_was_meant() -> None:
    """Its own escapes stand for control characters; a byte of a file name that is not UTF-8 becomes text."""
    assert json.loads(encode_json({"a\x1b": ["\x9b\u202e\x7f", "\udcff"]})) == {"a\x1b": ["\x9b\u202e\x7f", "\\xff"]}


def test_nothing_is_drawn_but_by_the_console_that_makes_texts_legible() -> None:
    drawing = [
        path.name
        for path in Path(bootrig.__file__).parent.rglob("*.py")
        if "from rich" in (source := path.read_text()) and re.search(r"(?<!\w)Console\(", source)
    ]
    assert drawing == []
    stream = io.StringIO()
    ReportConsole(stream).print(Text("\x1b[31m\u202e"), "\x9b[red]")
    assert stream.getvalue() == "\\x1b[31m\\u202e \\x9b[red]\n"
