"""Traces and cell specifications: written to a file, read back the same, refused where they are not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bootrig.cell.cell import UNWRITTEN_STATUS, host_error, load_error, run_cell_file, write_error
from bootrig.scenario.errors import CellError
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.cell.specification import (
    CellSpecification,
    SpecificationError,
    encode_specification,
    parse_specification,
    write_specification,
)
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.launch import ConfigureBy, Launch, Launcher, RomBy
from bootrig.emulator.release.discovery import Emulator
from bootrig.scenario.scenario import Scenario, iter_scenarios
from bootrig.trace.trace import (
    CellKey,
    Milestone,
    Outcome,
    OutcomeStatus,
    RomEvidence,
    TimeMode,
    Trace,
    TraceError,
    WireEvent,
    encode_trace,
    load_trace,
    parse_trace,
    write_trace,
)

text = st.text(max_size=20)
seconds = st.none() | st.floats(0, 1e6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
facts = st.dictionaries(text, values, max_size=3)
traces = st.builds(
    Trace,
    key=st.builds(CellKey, text, text, text, text, text),
    rom_set=text,
    time_mode=st.sampled_from(TimeMode),
    outcome=st.builds(Outcome, st.sampled_from(OutcomeStatus), text, text, st.integers(0, 9)),
    rom=st.builds(
        RomEvidence,
        text,
        st.integers(0, 1),
        st.integers(0),
        st.integers(0),
        text,
        st.lists(text, max_size=3).map(tuple),
    ),
    milestones=st.lists(st.builds(Milestone, text, seconds, seconds, text), max_size=3).map(tuple),
    wire=st.lists(st.builds(WireEvent, text, st.floats(0, 1e6), st.booleans(), facts), max_size=3).map(tuple),
    console=text,
    qmp_events=st.lists(facts, max_size=2).map(tuple),
    emulator=facts,
    usage=st.dictionaries(text, st.floats(0, 1e6), max_size=3),
    directory=text,
)


@settings(deadline=None, max_examples=60)
@given(traces)
def test_any_trace_survives_its_file(trace: Trace) -> None:
    assert parse_trace(encode_trace(trace)) == trace


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_trace_or_refused(content: bytes) -> None:
    with pytest.raises(TraceError):
        parse_trace(content)


EXAMPLE = Trace(
    key=CellKey("pxe-tftp", "e1000", "pc", "seabios"),
    rom_set="set",
    time_mode=TimeMode.VIRTUAL,
    outcome=Outcome(OutcomeStatus.PASSED, "nbp-entered", "nbp-entered was reached"),
    rom=RomEvidence("efi-e1000.rom", 1, 0x40000, 160000, "00" * 32),
    milestones=(Milestone("dhcp-ack", 3.0, None, "ACK"), Milestone("dhcp-ack", 4.0, None, "again")),
    wire=(),
    console="",
)


def test_the_first_milestone_of_a_name() -> None:
    found = EXAMPLE.find_milestone("dhcp-ack")
    assert found is not None
    assert found.guest_s == 3.0
    assert EXAMPLE.find_milestone("nbp-entered") is None


def test_a_key_s_label_is_a_directory_s_name() -> None:
    assert EXAMPLE.key.label == "pxe-tftp/e1000/pc/seabios/host"


def change(document: dict[str, object], **changes: object) -> bytes:
    return json.dumps({**document, **changes}).encode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "bootrig-trace/2"}, "trace: not a trace of the format bootrig-trace/1"),
        ({"time_mode": "imaginary"}, "trace: not a trace: 'imaginary' is not a valid TimeMode"),
        ({"outcome": {"status": "won"}}, "trace: not a trace: 'won' is not a valid OutcomeStatus"),
        ({"wire": 3}, "trace: not a trace: 'int' object is not iterable"),
        ({"surprise": 1}, "trace: not a trace: Trace.__init__() got an unexpected keyword argument 'surprise'"),
    ],
)
def test_what_is_no_trace(changes: dict[str, object], message: str) -> None:
    with pytest.raises(TraceError) as caught:
        parse_trace(change(json.loads(encode_trace(EXAMPLE)), **changes))
    assert str(caught.value) == message


def test_a_trace_that_lacks_something() -> None:
    document = json.loads(encode_trace(EXAMPLE))
    del document["rom"]
    with pytest.raises(TraceError, match="not a trace: 'rom'"):
        parse_trace(json.dumps(document).encode())
    for content in (b"", b"[]", b"3", encode_trace(EXAMPLE)[:-3]):
        with pytest.raises(TraceError):
            parse_trace(content)


def test_a_trace_s_file(tmp_path: Path) -> None:
    write_trace(EXAMPLE, tmp_path / "trace.json")
    assert load_trace(tmp_path / "trace.json") == EXAMPLE
    with pytest.raises(TraceError, match=r"other\.json: No such file or directory"):
        load_trace(tmp_path / "other.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(TraceError, match=r"bad\.json: not a trace: "):
        load_trace(tmp_path / "bad.json")


def make_specification(scenario: Scenario, directory: Path) -> CellSpecification:
    return CellSpecification(
        key=CellKey(scenario.name, "e1000", "pc", "seabios"),
        scenario=scenario,
        rom_set="set",
        data_directory=directory / "roms",
        emulator=Emulator(
            "host",
            ("qemu",),
            Path("/usr/bin/qemu"),
            (7, 2, 22),
            "7.2.22",
            "ab",
            (Path("/data"),),
            environment=(("A", "b"),),
        ),
        accelerator="tcg",
        time_mode=TimeMode.VIRTUAL,
        nonce="fedcba9876543210",
        programs={"bios": Path("/probes/bios")},
        directory=directory / "cell",
        guest=MachineDefinition(machine_options={"graphics": False}),
        launch=Launch(Launcher.LIBVIRT, ConfigureBy.QMP, RomBy.FILE),
        platform_firmware_file=Path("/firmware.bin"),
    )


@pytest.mark.parametrize("scenario", list(iter_scenarios()), ids=lambda scenario: scenario.name)
def test_a_specification_survives_its_file(scenario: Scenario, tmp_path: Path) -> None:
    specification = make_specification(scenario, tmp_path)
    path = write_specification(specification)
    assert path == tmp_path / "cell" / "cell.json"
    assert parse_specification(path.read_bytes()) == specification
    without = replace(specification, platform_firmware_file=None)
    assert parse_specification(encode_specification(without)) == without


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "x"}, "cell specification: not of the format bootrig-cell/1"),
        ({"time_mode": "x"}, "cell specification: not a cell specification: 'x' is not a valid TimeMode"),
        (
            {"launch": {"launcher": "direct", "configure_by": "mail", "rom_by": "file"}},
            "cell specification: not a cell specification: 'mail' is not a valid ConfigureBy",
        ),
        (
            {"scenario": {}},
            "cell specification: not a cell specification: 'machines'",
        ),
        (
            {"programs": None},
            "cell specification: not a cell specification: 'NoneType' object has no attribute 'items'",
        ),
    ],
)
def test_what_is_no_specification(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    document = json.loads(encode_specification(make_specification(next(iter_scenarios()), tmp_path)))
    with pytest.raises(SpecificationError) as caught:
        parse_specification(change(document, **changes))
    assert str(caught.value) == message


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b"\xff"])
def test_other_bytes_are_no_specification(content: bytes) -> None:
    with pytest.raises(SpecificationError, match=r"^x: not "):
        parse_specification(content, "x")


def test_the_error_of_a_cell_is_passed_on_by_its_file(tmp_path: Path) -> None:
    assert write_error(CellError("no tap", label="a+b", remedy="modprobe tun"), tmp_path)
    error = load_error(tmp_path, "a+b", 3)
    assert (str(error), error.remedy, error.directory) == ("a+b: no tap", "modprobe tun", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["error.json"]


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"message": "x"}'])
def test_a_cell_that_left_no_error(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "error.json").write_text(content)
    error = load_error(tmp_path, "a+b", -9)
    assert str(error) == "a+b: the cell ended with exit status -9 and left no trace"


def test_a_cell_that_could_not_write_its_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not write_error(CellError("x"), tmp_path / "file")
    error = load_error(tmp_path, "a+b", UNWRITTEN_STATUS)
    assert str(error) == f"a+b: the rig broke and its error could not be written into {tmp_path}"
    assert error.remedy == "free some space there, or name another place by --runs"


@pytest.mark.parametrize(
    ("error", "message", "remedy"),
    [
        (OSError(28, "No space left on device", "x"), "no space is left where /d is", "free some space there, or"),
        (OSError(122, "Disk quota exceeded", "x"), "no space is left where /d is", "free some space there, or"),
        (OSError(13, "Permission denied", "/x"), "/x: Permission denied", ""),
        (OSError(5, "Input/output error"), "the operating system: Input/output error", ""),
    ],
)
def test_an_error_of_the_operating_system_is_the_host_s(error: OSError, message: str, remedy: str) -> None:
    told = host_error(error, Path("/d"))
    assert str(told) == message
    assert told.remedy.startswith(remedy)


def test_a_directory_without_a_specification(tmp_path: Path) -> None:
    (tmp_path / "cell.json").write_text("{}")
    assert run_cell_file(tmp_path) == 3
    assert json.loads((tmp_path / "error.json").read_text()) == {
        "type": "SpecificationError",
        "message": f"{tmp_path}/cell.json: not of the format bootrig-cell/1",
        "remedy": "",
    }
