"""Traces: written to a file, read back the same, refused with the place of what is wrong."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.jsonfile import JsonFileError, encode_json, load_json, parse_json, write_json
from bootrig.trace.names import CellKey
from bootrig.trace.trace import (
    Clock,
    ClockKind,
    ConsoleLine,
    Disturbance,
    EmulatorEvidence,
    Evidence,
    Expectation,
    Milestone,
    Outcome,
    OutcomeStatus,
    RomEvidence,
    Trace,
)
from tests.compare.factory import Boot, trace

text = st.text(max_size=20)
texts = st.lists(text, max_size=3).map(tuple)
seconds = st.none() | st.floats(0, 1e6)
clocks = st.builds(Clock, st.sampled_from(ClockKind), st.none() | st.integers(0, 10))
evidence = st.builds(Evidence, st.none() | st.integers(0, 9), text)
traces = st.builds(
    Trace,
    cell=st.just("a/b/c/d/e"),
    side=text,
    rom_set=text,
    attempt=text,
    clock=clocks,
    expected=st.builds(Expectation, report=text, milestones=texts, sums=st.lists(st.integers(0, 9)).map(tuple)),
    ended_by=text,
    outcome=st.builds(
        Outcome,
        st.sampled_from(OutcomeStatus),
        text,
        text,
        st.lists(st.builds(Disturbance, st.integers(0, 9), text), max_size=2).map(tuple),
    ),
    rom=st.builds(RomEvidence, text, st.integers(0, 1), st.integers(0), st.integers(0), text, texts),
    emulator=st.builds(EmulatorEvidence, name=text, version=text, command=texts),
    milestones=st.lists(
        st.builds(Milestone, text, seconds, seconds, st.builds(Evidence, st.none() | st.integers(0, 9), text)),
        max_size=3,
    ).map(tuple),
    console=st.lists(st.builds(ConsoleLine, text, seconds, st.booleans()), max_size=3).map(tuple),
    usage=st.dictionaries(text, st.floats(0, 1e6), max_size=3),
    directory=text,
)
EXAMPLE = trace(Boot())


@settings(deadline=None, max_examples=60)
@given(traces)
def test_any_trace_survives_its_file(value: Trace) -> None:
    assert parse_json(encode_json(value), Trace, "trace") == value


def test_a_trace_with_events_survives_its_file(tmp_path: Path) -> None:
    write_json(tmp_path / "trace.json", EXAMPLE)
    assert load_json(tmp_path / "trace.json", Trace) == EXAMPLE
    assert EXAMPLE.wire
    assert EXAMPLE.key == CellKey("pxe-tftp", "e1000", "pc", "seabios")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_trace_or_refused(content: bytes) -> None:
    with pytest.raises(JsonFileError, match=r"^trace: "):
        parse_json(content, Trace, "trace")


def change(place: str, value: object) -> bytes:
    """Return the example with one value of its JSON changed."""
    document = json.loads(encode_json(EXAMPLE))
    *path, last = place.split(".")
    inner = document
    for word in path:
        inner = inner[int(word) if word.isdecimal() else word]
    inner[int(last) if last.isdecimal() else last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("format", "bootrig-trace/1", "Invalid enum value 'bootrig-trace/1' - at `$.format`"),
        ("clock.kind", "imaginary", "Invalid enum value 'imaginary' - at `$.clock.kind`"),
        ("outcome.status", "won", "Invalid enum value 'won' - at `$.outcome.status`"),
        ("console", 5, "Expected `array`, got `int` - at `$.console`"),
        ("rom.rombar", "on", "Expected `int`, got `str` - at `$.rom.rombar`"),
        ("milestones.0.guest_s", "soon", "Expected `float | null`, got `str` - at `$.milestones[0].guest_s`"),
        ("wire.0.kind", "smoke", "Invalid value 'smoke' - at `$.wire[0].kind`"),
        ("wire.0.guest_s", None, "Expected `float`, got `null` - at `$.wire[0].guest_s`"),
    ],
)
def test_a_wrong_type_is_named_with_its_place(place: str, value: object, message: str) -> None:
    with pytest.raises(JsonFileError) as caught:
        parse_json(change(place, value), Trace, "t.json")
    assert str(caught.value) == f"t.json: {message}"


def test_what_a_reader_does_not_know_is_passed_over() -> None:
    assert parse_json(change("surprise", 1), Trace, "trace") == EXAMPLE


def test_a_trace_s_file_that_is_not_there_or_not_json(tmp_path: Path) -> None:
    with pytest.raises(JsonFileError, match=r"other\.json: No such file or directory"):
        load_json(tmp_path / "other.json", Trace)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(JsonFileError, match=r"bad\.json: Input data was truncated"):
        load_json(tmp_path / "bad.json", Trace)


def test_the_first_milestone_of_a_name() -> None:
    first = EXAMPLE.milestones[0]
    assert EXAMPLE.find_milestone(first.name) == first
    assert EXAMPLE.find_milestone("no-such-milestone") is None
