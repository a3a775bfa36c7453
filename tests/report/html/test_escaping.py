"""Nothing that a guest, a recipe, a file or a server said becomes an element, an attribute or an address."""

import base64
import hashlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bootrig.compare import Outcomes, compare_traces, judge_failures
from bootrig.legible import ILLEGIBLE
from bootrig.record.run import RecordedRun, Run, RunCell, RunEmulator, RunFirmware, RunHost, RunRom, RunSide
from bootrig.report.html.evidence import PNG, RecordedSide
from bootrig.report.html.outcome_page import make_outcome_page
from bootrig.report.html.rendering import render
from bootrig.report.html.verdict_page import make_verdict_page
from bootrig.trace.cast import CAST_FILE, CastEvent, CastKind, encode_cast
from bootrig.trace.events import Arp, Dhcp, DhcpOption, Dns, DnsQuestion, HttpResponse, Other, TftpOptions
from bootrig.trace.reading.attempts import group_boots
from bootrig.trace.trace import EmulatorEvidence, PlatformFirmwareEvidence, ScreenPicture, Trace
from firmware.lint.finding import Finding, Severity
from tests.compare.factory import Boot, http_request, trace
from tests.report.test_hostile import poison

TAGS = frozenset({
    *("a", "b", "body", "br", "caption", "code", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "g", "h1"),
    *("h2", "h3", "head", "header", "html", "i", "img", "input", "label", "li", "line", "link", "main", "meta", "ol"),
    *("p", "path", "pre", "rect", "script", "section", "span", "strong", "style", "summary", "svg", "table", "tbody"),
    *("td", "text", "th", "thead", "title", "tr", "ul"),
})  # fmt: skip
ATTRIBUTES = frozenset({
    *("alt", "aria-label", "charset", "class", "colspan", "content", "d", "download", "height", "hidden", "href"),
    *("http-equiv", "id", "lang", "name", "open", "placeholder", "rel", "role", "scope", "src", "title", "type"),
    *("viewbox", "width", "x", "x1", "x2", "y", "y1", "y2"),
})  # fmt: skip
ADDRESS = re.compile(
    r"#[A-Za-z0-9_.+/\[\]-]+|data:,|data:application/(vnd\.tcpdump\.pcap|x-asciicast|gzip);base64,[A-Za-z0-9+/=]+"
)
PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
PLACE = "cells/there/shift7"
CLASSES = re.compile(r"[a-z0-9 -]*")
EVIL = (
    "</title></style></script><script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "]]></svg><a href='http://example.org'>",
    "\x00\x1b[31m\x7f\x85",
    "\u202egnp\u2066\u200f\u061c\ud800\ufffe",
)


def make_traces(text: str) -> list[Trace]:
    """Return a boot that passed and one that failed with `text` in every field that a stranger could write."""
    word = re.sub(r"[/@\s]", "", text)[:60]
    option = (text.encode("utf-8", "surrogateescape") if "\ud800" not in text else b"\xff<b>").hex()
    wire = (
        Dhcp(
            guest_s=1.0, from_guest=False, message="offer", reply=True, xid="00000000", boot_file_name="f",
            options=tuple(DhcpOption(code, option) for code in (12, 43, 60, 66, 77, 97)),
        ),
        TftpOptions(guest_s=2.0, from_guest=False, file="f", options=(("blksize", "1"), ("tsize", "2"))),
        HttpResponse(guest_s=3.0, from_guest=False, status=200, headers=(("Server", "s"),)),
        http_request({"User-Agent": "agent"}),
        Dns(guest_s=4.0, from_guest=True, id=1, reply=False, questions=(DnsQuestion("name", 1),)),
        Arp(guest_s=5.0, from_guest=True, operation="request", sender_mac="m", sender="s", target_mac="t", target="u"),
        Other(guest_s=6.0, from_guest=True, protocol="p", reason="r"),
    )  # fmt: skip
    boots = (
        Boot(scenario=f"one{word}", nic="e1000", machine=f"m{word}", firmware=f"f{word}"),
        Boot(scenario="two", passed=False, milestone="dhcp-ack", reason="no", nbp_s=None),
    )
    traces = []
    for boot in boots:
        made = trace(boot)
        made = msgspec.structs.replace(
            made,
            wire=(*made.wire, *wire),
            emulator=EmulatorEvidence(version="7", command=("qemu", "-x")),
            platform_firmware=PlatformFirmwareEvidence(name="seabios", file="bios.bin", version="1"),
        )
        told = {name: poison_events(getattr(made, name), text) for name in ("rom_set", "outcome", "rom", "emulator")}
        told |= {name: poison_events(getattr(made, name), text) for name in ("wire", "console", "truncated", "cached")}
        told["rom"] = msgspec.structs.replace(told["rom"], romfile="e1000.rom")
        # the one that passed has a place that there is, with its console
        place = PLACE if made.passed else f"cells/{text}/{word}"
        pictures = (ScreenPicture("screen-1.png", f"m{text}"), ScreenPicture(f"../{text}", text))
        traces.append(msgspec.structs.replace(made, **told, directory=place, pictures=pictures))
    return traces


def write_files(directory: Path, text: str) -> None:
    """Write what a boot leaves beside its trace, with `text` in it."""
    place = directory / PLACE
    place.mkdir(parents=True)
    look = "".join(f"\x1b[{number}m{text}" for number in (1, 7, 31, 44, 0))
    events = [CastEvent(1.0, CastKind.OUTPUT, look), CastEvent(2.0, CastKind.MARKER, f"m{text}")]
    (place / "screen-1.png").write_bytes(PNG + text.encode("utf-8", "surrogatepass"))
    (place / CAST_FILE).write_bytes(encode_cast(text, events))


def poison_events(value: Any, text: str) -> Any:
    """Return a value with `text` in its strings, apart from those whose form reading a trace has checked."""
    if isinstance(value, tuple):
        return tuple(poison_events(one, text) for one in value)
    if isinstance(value, DhcpOption):
        return value
    if isinstance(value, Dhcp):
        options = value.options
        return msgspec.structs.replace(poison(msgspec.structs.replace(value, options=()), text), options=options)
    if hasattr(value, "tcp_options"):
        return msgspec.structs.replace(poison(value, text), tcp_options=value.tcp_options)
    return poison(value, text)


def make_side(label: str, traces: Sequence[Trace], text: str, directory: Path) -> RecordedSide:
    run = Run(
        id=f"1{text}",
        verb="compare",
        argv=("compare", text),
        bootrig=f"0{text}",
        started=f"2026{text}",
        host=RunHost(cpus=1, python=text, accelerator=text),
        sides=(RunSide(label=label, given=text, version=text, roms=(RunRom(f"r{text}", text, 1, 2),)),),
        emulators={f"host{text}": RunEmulator(text, text)},
        platform_firmware={f"seabios{text}": RunFirmware(text, text, text)},
        cells=tuple(RunCell(one.cell, label, "cells") for one in traces),
    )
    boots = {key: boots for (_, _, key), boots in group_boots(traces).items()}
    finding = Finding(rule="bev", severity=Severity.ERROR, file="e1000.rom", message=f"m{text}", is_new=True)
    return RecordedSide(label, RecordedRun(run, directory), boots, {"e1000.rom": (finding,)})


def make_pages(text: str) -> list[bytes]:
    """Return the page of a verdict and that of outcomes, with all evidence, of boots that are full of `text`."""
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name), text)
        return make_pages_of(text, Path(name))


def make_pages_of(text: str, directory: Path) -> list[bytes]:
    """Return the pages of boots whose files are in a directory."""
    baseline = [msgspec.structs.replace(one, side="baseline") for one in make_traces(text)]
    candidate = [
        msgspec.structs.replace(one, side="candidate", rom_set=f"{one.rom_set}2", wire=one.wire[1:], console=())
        for one in make_traces(text)
    ]
    key = trace(Boot(nic="rtl8139")).key
    verdict = compare_traces(baseline, candidate, broken={key: f"QEMU died{text}"})
    sides = make_side("baseline", baseline, text, directory), make_side("candidate", candidate, text, directory)
    outcomes = Outcomes(
        tuple(baseline),
        judge_failures(baseline),
        (("baseline", key, text),),
        (("baseline", sides[0].findings["e1000.rom"][0]),),
    )
    return [
        render(make_verdict_page(replace(verdict, notes=(*verdict.notes, text)), sides, all_evidence=True)),
        render(make_outcome_page(outcomes, sides[:1], all_evidence=True)),
    ]


def check_page(content: bytes) -> None:
    """Make sure that a page consists of what the templates have, and of nothing else."""
    told = content.decode()
    assert ILLEGIBLE.findall(told) == []
    root = lxml.html.document_fromstring(content)
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    assert not [one for one in root.iter() if not isinstance(one.tag, str)]  # comments, instructions
    assert {element.tag for element in elements} <= TAGS
    for element in elements:
        assert set(element.keys()) <= ATTRIBUTES, element.tag
        if "href" in element.keys():  # noqa: SIM118 - it is no mapping
            assert ADDRESS.fullmatch(element.get("href"))
        if "src" in element.keys():  # noqa: SIM118
            assert PICTURE.fullmatch(element.get("src"))
        assert CLASSES.fullmatch(element.get("class", ""))
    for name in ("script", "style"):
        (one,) = [element for element in elements if element.tag == name]
        digest = base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode()
        (policy,) = [element.get("content") for element in elements if element.get("http-equiv")]
        assert f"{name}-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none';")
    assert "url(" not in told
    assert "@import" not in told


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(EVIL), min_size=1, max_size=3).map("".join) | st.text(min_size=1, max_size=6))
@example("".join(EVIL))
@example("harmless")
def test_no_text_becomes_a_part_of_the_page(text: str) -> None:
    for content in make_pages(text):
        check_page(content)


def test_what_is_said_is_there_to_be_read() -> None:
    pages = make_pages("<script>alert(1)</script>\x1b")
    for content in pages:
        text = lxml.html.document_fromstring(content).text_content()
        assert "<script>alert(1)</script>\\x1b" in text
        screen, *_ = lxml.html.document_fromstring(content).cssselect(".screen")
        assert lxml.html.document_fromstring(content).cssselect("img")
        assert screen.text_content().lstrip().startswith("<script>alert(1)</script>")


def test_a_page_of_which_a_text_is_not_escaped_is_found() -> None:
    """The check can say no."""
    (content, _) = make_pages("harmless")
    for there, wrong in (
        (b"<main>", b"<main><script>alert(1)</script>"),
        (b"<main>", b"<main><img src=x>"),
        (b"<main>", b"<main onclick='x'>"),
        (b"<main>", b"<main><a href='javascript:alert(1)'>x</a>"),
        (b"<main>", b"<main>\x1b"),
        (b'"use strict"', b'"use sloppy"'),
    ):
        try:
            check_page(content.replace(there, wrong, 1))
        except (AssertionError, ValueError):
            continue
        raise AssertionError(wrong)
