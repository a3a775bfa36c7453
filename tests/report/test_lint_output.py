"""Findings as text, JSON and SARIF, and the rule list."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootrig.report.format import Findings
from bootrig.report.json import encode_findings
from bootrig.report.places import Place, find_places
from bootrig.report.sarif import FINGERPRINT, findings_as_sarif
from bootrig.report.terminal.findings import render_findings, render_rules, render_summary
from firmware.lint.check import all_rules, lint_set
from firmware.lint.finding import Finding, Severity
from firmware.lint.subject import examine_set
from firmware.romset import RomSet
from tests.firmware.rom_bytes import Bios

CONTENT = bytes(range(64))


def test_a_caret_stands_under_the_bytes() -> None:
    finding = Finding("pci-ids", Severity.WARNING, "wrong", "a.rom", 0x12, 4)
    assert render_findings([finding], {"a.rom": CONTENT}).splitlines() == [
        "a.rom:0x12: warning: wrong [pci-ids]",
        "    00000010  10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f  ................",
        "                    ^~~~~~~~~~~",
    ]


def test_a_caret_ends_with_its_row_and_the_file() -> None:
    long = Finding("x", Severity.NOTE, "m", "a.rom", 0x2E, 40)
    last = Finding("x", Severity.NOTE, "m", "a.rom", 0x3F, 0)
    behind = Finding("x", Severity.NOTE, "m", "a.rom", 0x40, 1)
    nowhere = Finding("x", Severity.NOTE, "m", "set")
    lines = render_findings([long, last, behind, nowhere], {"a.rom": CONTENT}).splitlines()
    assert lines[1] == "    00000020  20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f   !\"#$%&'()*+,-./"
    assert lines[2] == " " * (14 + 3 * 14) + "^~~~~"
    assert lines[5] == " " * (14 + 3 * 15) + "^~"
    assert lines[6:] == ["a.rom:0x40: note: m [x]", "set: note: m [x]"]


def test_a_short_row() -> None:
    finding = Finding("x", Severity.NOTE, "m", "a.rom", 0, 1)
    assert render_findings([finding], {"a.rom": b"AB"}).splitlines()[1] == "    00000000  41 42" + " " * 44 + "AB"


def test_the_summary_counts() -> None:
    findings = (Finding("x", Severity.ERROR, "m", "f"), Finding("x", Severity.NOTE, "m", "f"))
    assert render_summary(findings, 2) == "2 files: 1 error, 0 warnings, 1 note"


def test_the_rule_list_has_every_rule_with_its_paragraph() -> None:
    text = render_rules(all_rules().values())
    assert text.startswith("# Rules of `bootrig lint`\n\n## efi-header (error)\n")
    for rule in all_rules().values():
        assert f"## {rule.name} ({rule.severity})\n\n{rule.summary}\n" in text
        assert rule.paragraph in text


FILES = {"roms/pxe-e1000.rom": Bios(bev=0, class_code=b"\0\0\0").build()}
ROM_SET = RomSet.of_files("mine", {"pxe-e1000.rom": FILES["roms/pxe-e1000.rom"]})
FINDINGS = lint_set(examine_set(ROM_SET, place="roms"))


def test_json() -> None:
    document = json.loads(encode_findings(Findings(findings=FINDINGS, target="mine", files=FILES)))
    assert document["format"] == "bootrig-lint/1"
    assert document["files"] == [{"name": "roms/pxe-e1000.rom", "length": 1024}]
    assert document["counts"] == {"error": 1, "warning": 7, "note": 1}
    assert document["findings"][1] == {
        "rule": "bev",
        "severity": "error",
        "message": "no Bootstrap Entry Vector: the BIOS has nothing to boot",
        "file": "roms/pxe-e1000.rom",
        "offset": 0x5A,
        "length": 2,
        "is_new": None,
    }


def iter_location_problems(result: dict[str, Any]) -> Iterator[str]:
    for location in result.get("locations", ()):
        physical = location["physicalLocation"]
        if physical["region"].get("startLine", 0) < 1:
            yield "no line"
        if re.search(r"[^\w%./:~-]", physical["artifactLocation"]["uri"]):
            yield f"address {physical['artifactLocation']['uri']}"


def iter_sarif_problems(log: dict[str, Any]) -> Iterator[str]:
    """Yield what the standard, or GitHub's page, refuses."""
    if log["version"] != "2.1.0" or set(log) != {"$schema", "version", "runs"}:
        yield "log"
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        if len({rule["id"] for rule in rules}) != len(rules):
            yield "rules"
        for result in run["results"]:
            if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
                yield f"index {result['ruleIndex']}"
            if result["level"] not in ("none", "note", "warning", "error"):
                yield f"level {result['level']}"
            if result.get("baselineState", "new") not in ("new", "unchanged", "updated", "absent"):
                yield f"state {result['baselineState']}"
            yield from iter_location_problems(result)
        marks = [result["partialFingerprints"][FINGERPRINT] for result in run["results"]]
        if len(set(marks)) != len(marks):
            yield "fingerprints"


def test_sarif() -> None:
    places = {"roms/pxe-e1000.rom": Place("roms/pxe-e1000.rom"), "mine": Place("/a b/mine.toml", 3)}
    found = Findings(findings=FINDINGS, target="mine", files=FILES, places=places)
    log = findings_as_sarif(found, all_rules().values(), "0.1")
    assert list(iter_sarif_problems(log)) == []
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("bootrig lint", "0.1")
    assert run["automationDetails"] == {"id": "bootrig/mine/"}
    (location,) = run["results"][1]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "roms/pxe-e1000.rom"},
        "region": {"startLine": 1, "byteOffset": 0x5A, "byteLength": 2},
    }
    about_the_set = run["results"][-1]
    assert about_the_set["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///a%20b/mine.toml"},
        "region": {"startLine": 3},
    }
    assert about_the_set["message"]["text"].startswith("mine: no ROM for ")


def test_sarif_of_what_is_in_no_file_that_can_be_shown() -> None:
    log = findings_as_sarif(Findings(findings=FINDINGS, target="mine", files=FILES), all_rules().values(), "0.1")
    bev = log["runs"][0]["results"][1]
    assert "locations" not in bev
    (related,) = bev["relatedLocations"]
    assert related["physicalLocation"]["region"] == {"byteOffset": 0x5A, "byteLength": 2}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"level": "bad"}, "level bad"),
        ({"ruleIndex": 0}, "index 0"),
        ({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a b"}, "region": {}}}]}, "no line"),
    ],
)
def test_sarif_that_is_wrong_is_found(wrong: dict[str, Any], told: str) -> None:
    log = findings_as_sarif(Findings(findings=FINDINGS, target="mine", files=FILES), all_rules().values(), "0.1")
    log["runs"][0]["results"][1] |= wrong
    assert told in list(iter_sarif_problems(log))


def test_places_of_recipes_packages_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roms").mkdir()
    recipe, package, rom = (tmp_path / name for name in ("roms/mine.toml", "a.deb", "roms/x.rom"))
    recipe.write_text('name = "mine"\n[[rom]]\nname = "x.rom"\n')
    package.touch()
    rom.touch()
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    told = find_places("mine", "mine", {"mine/x.rom": "x.rom", "y.rom": "y.rom"}, is_recipe=True)
    assert told == {
        "mine": Place("roms/mine.toml"), "mine/x.rom": Place("roms/mine.toml", 3), "y.rom": Place("roms/mine.toml")
    }  # fmt: skip
    assert find_places("./a.deb", "a", {"x.rom": "x.rom"}, is_recipe=False) == dict.fromkeys(
        ("a", "x.rom"), Place("a.deb")
    )
    assert find_places("./roms/", "roms", {"roms/x.rom": "x.rom"}, is_recipe=False) == {
        "roms/x.rom": Place("roms/x.rom")
    }
    monkeypatch.chdir(tmp_path / "roms")
    assert find_places("../a.deb", "a", {}, is_recipe=False) == {"a": Place(str(package))}
