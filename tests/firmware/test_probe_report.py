"""Reports of probes: the line that the boot probe prints, and probes that are found by their folders."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import probe as room
from firmware.probe import registry
from firmware.probe.probe import ProbeReport
from firmware.probe.registry import find_probe_report, load_probes, require_build

NONCE = "fedcba9876543210"
LINE = f"BOOTRIG {NONCE} nbp  sum=0001f00d ticks=00000012 tsc=00000000deadbeef\r\n"


def test_a_report_is_found_in_what_the_console_shows() -> None:
    report = find_probe_report(f"noise\n{LINE}more", NONCE)
    assert report == ProbeReport("nbp", NONCE, ({"sum": 0x1F00D, "ticks": 0x12, "tsc": 0xDEADBEEF},))
    assert report.find_number("tsc") == 0xDEADBEEF
    assert report.find_number("speed") is None


def test_a_report_is_none_before_its_line_has_ended() -> None:
    for length in range(len(LINE) - 1):
        assert find_probe_report(LINE[:length], NONCE) is None
    assert find_probe_report(LINE[:-1], NONCE) is not None
    assert find_probe_report(LINE.replace("\r\n", "\n"), NONCE) is not None


@pytest.mark.parametrize(
    "console",
    [
        "",
        LINE.replace("f\r", "\r"),
        LINE.replace("BOOTRIG ", "BOOTRIG"),
        LINE.replace("sum=0", "sum="),
        LINE.replace("tsc", "tcs"),
        LINE.replace("nbp ", "cat "),
        LINE.replace(NONCE, "0123456789abcdef"),
        LINE.replace(NONCE, NONCE.upper()),
        f"echo {NONCE}\n",
    ],
)
def test_what_is_not_a_report_of_this_run(console: str) -> None:
    assert find_probe_report(console, NONCE) is None


def test_the_report_of_this_run_is_found_behind_another_s() -> None:
    other = LINE.replace(NONCE, "1111111111111111").replace("nbp ", "disk")
    report = find_probe_report(f"{other}{LINE}", NONCE)
    assert report is not None
    assert report.kind == "nbp"


def test_of_two_reports_the_first_counts() -> None:
    report = find_probe_report(LINE.replace("nbp ", "disk") + LINE, NONCE)
    assert report is not None
    assert report.kind == "disk"


@given(st.text())
def test_any_console_has_a_report_or_none(console: str) -> None:
    assert find_probe_report(console, NONCE) is None


DUMMY = """
import re
from firmware.probe.probe import Probe, ProbeBuild

PROBE = Probe(
    package=__name__,
    builds=(ProbeBuild("{build}", source="dummy.S", bits=32, emulation="elf_i386", address=0x7C00),),
    milestones={{"dummy": "dummy-ran"}},
    pattern=re.compile(r"DUMMY (?P<nonce>\\w+) (?P<kind>dummy) (?P<speed>\\d+)\\n"),
    parse_records=lambda match: ({{"speed": int(match["speed"])}},),
)
"""


@pytest.fixture
def more_probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory whose packages are probes as well, until the test ends."""
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    (tmp_path / "dummy").mkdir()
    yield tmp_path
    sys.modules.pop("firmware.probe.dummy", None)
    vars(room).pop("dummy", None)


def test_a_new_probe_is_a_new_folder(more_probes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (more_probes / "dummy" / "__init__.py").write_text(DUMMY.format(build="dummy"))
    monkeypatch.setattr(registry, "PROBES", load_probes())
    assert list(registry.PROBES) == ["boot", "dummy"]
    report = find_probe_report(f"DUMMY {NONCE} dummy 42\n{LINE}", NONCE)
    assert report == ProbeReport("dummy", NONCE, ({"speed": 42},))
    probe, build = require_build("dummy")
    assert (probe.package, build.source) == ("firmware.probe.dummy", "dummy.S")
    assert probe.milestones == {"dummy": "dummy-ran"}


def test_two_probes_share_no_name(more_probes: Path) -> None:
    (more_probes / "dummy" / "__init__.py").write_text(DUMMY.format(build="bios"))
    with pytest.raises(ValueError, match="two probes have the name bios"):
        load_probes()
