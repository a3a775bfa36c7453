"""The page as a whole: of a verdict, of outcomes, of recorded runs, of very many cells."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest
from lxml.html import HtmlElement
from msgspec import structs

from bootrig.compare import compare_traces
from bootrig.jsonfile import load_json, write_json
from bootrig.record.judgement import judge
from bootrig.record.run import RUN_FILE, Run
from bootrig.report.html import encode_outcomes, encode_verdict
from tests.cli.command import run_command
from tests.compare.factory import REAL, Boot, trace
from tests.record.test_run import make_run
from tests.report import sample
from tests.report.sample import make_outcomes

GOOD = Boot(clock=REAL, first_clock=REAL)
LOST = replace(GOOD, passed=False, milestone="dhcp-ack", reason="tftp-complete was not reached: the console says 'No'")
LOST_TWICE = (LOST, replace(LOST, attempt="real.2"))
GOOD_TWICE = (GOOD, replace(GOOD, attempt="real.2"))
CELL = "pxe-tftp/e1000/pc/seabios/host"


def parse(content: bytes) -> HtmlElement:
    return lxml.html.document_fromstring(content)


def read(content: bytes, path: str) -> list[str]:
    return [" ".join(element.text_content().split()) for element in parse(content).cssselect(path)]


def find_dead_links(content: bytes) -> set[str]:
    root = parse(content)
    places = {element.get("id") for element in root.iter() if isinstance(element.tag, str)}
    links = {address[1:] for address in root.xpath("//a/@href") if address.startswith("#")}
    return links - places


def test_the_first_screen_has_the_verdict_its_causes_and_the_matrix() -> None:
    content = encode_verdict(sample.verdict())
    assert read(content, ".answer") == ["NOT COMPATIBLE"]
    (first,) = read(content, ".worst li")
    assert first.startswith(
        "Regression The boot passed with the baseline, with the candidate it failed after tftp-complete"
    )
    assert "waive outcome@efi-script/*/q35/ovmf/host" in first
    boxes = parse(content).cssselect(".matrix .box")
    assert len(boxes) == len(sample.verdict().cells)
    lost = [box for box in boxes if "regressed" in box.get("class")]
    assert lost
    assert {tuple(half.get("class") for half in box.iter("i")) for box in lost} == {("passed", "failed")}
    assert {box.findtext("b") for box in lost} == {"!"}


def test_every_link_leads_somewhere() -> None:
    assert find_dead_links(encode_verdict(sample.verdict())) == set()
    assert find_dead_links(encode_outcomes(make_outcomes(sample.candidate_traces()))) == set()


def test_tables_have_scopes_and_pictures_have_titles(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", ("baseline", GOOD_TWICE), ("candidate", LOST_TWICE))
    root = parse(encode_verdict(judge(run, run), [run.directory]))
    assert all(head.get("scope") for head in root.iter("th"))
    pictures = list(root.iter("svg"))
    assert pictures
    assert all(picture.find("title") is not None and picture.get("role") == "img" for picture in pictures)
    assert not root.cssselect("details.cell[open]")


def test_cells_that_passed_have_no_packets_but_for_the_example_of_a_cause(tmp_path: Path) -> None:
    changed = [replace(GOOD, nic=nic, features="VLAN") for nic in ("e1000", "rtl8139")]
    same = [replace(GOOD, nic=nic) for nic in ("e1000", "rtl8139")]
    run = make_run(tmp_path / "run", ("baseline", tuple(same)), ("candidate", tuple(changed)))
    verdict = judge(run, run)
    few, all_of_them = (
        len(parse(encode_verdict(verdict, [run.directory], all_evidence=wanted)).cssselect("svg.chart"))
        for wanted in (False, True)
    )
    assert (few, all_of_them) == (1, 2)


def test_a_run_of_compare_becomes_a_page_beside_its_run_json(tmp_path: Path) -> None:
    run = make_run(tmp_path / "bootrig-runs" / "1-compare", ("baseline", GOOD_TWICE), ("candidate", LOST_TWICE))
    capture = run.directory / "cells/candidate/pxe-tftp+e1000+pc+seabios+host/real/capture.pcap"
    capture.write_bytes(b"packets")
    for side in ("baseline", "candidate"):
        for path in run.directory.glob(f"cells/{side}/*/*/trace.json"):
            found = trace(GOOD_TWICE[0] if side == "baseline" else LOST)
            place = str(path.parent.relative_to(run.directory))
            write_json(path, structs.replace(found, side=side, directory=place, attempt=path.parent.name))
    ended = run_command(tmp_path, "report", "@last")
    assert (ended.status, ended.err) == (0, "")
    content = (run.directory / "report.html").read_bytes()
    assert ended.out.strip().endswith("report.html")
    assert read(content, ".answer") == ["NOT COMPATIBLE"]
    assert parse(content).get_element_by_id(CELL) is not None
    assert find_dead_links(content) == set()
    (link,) = parse(content).xpath("//a[@download]")
    assert link.get("href") == "data:application/vnd.tcpdump.pcap;base64,cGFja2V0cw=="
    commands = read(content, ".command code")
    words = "--scenario pxe-tftp --nic e1000 --machine pc --platform-firmware seabios"
    assert f"bootrig boot candidate {words} --time real" in commands
    assert f"bootrig boot candidate {words} --interactive" in commands


def test_judge_writes_the_same_page(tmp_path: Path) -> None:
    make_run(tmp_path / "a", ("old", GOOD_TWICE))
    make_run(tmp_path / "b", ("new", LOST_TWICE))
    ended = run_command(tmp_path, "judge", "./a", "./b", "--report", "html=page.html")
    assert ended.status == 1
    content = (tmp_path / "page.html").read_bytes()
    assert len(parse(content).cssselect("svg.chart")) == 1
    assert read(content, ".sides-list strong") == ["old", "new"]


def test_a_run_without_baseline_has_one_side(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", ("set", (GOOD, replace(LOST, scenario="script"))))
    write_json(run.directory / RUN_FILE, structs.replace(load_json(run.directory / RUN_FILE, Run), verb="run"))
    for path in run.directory.glob("cells/set/*/*/trace.json"):
        text = path.read_text().replace('"side": ""', '"side": "set"')
        path.write_text(text)
    ended = run_command(tmp_path, "report", "./run", "-o", "page.html")
    assert (ended.status, ended.err) == (0, "")
    content = (tmp_path / "page.html").read_bytes()
    assert read(content, ".answer") == ["1 of 2 boots FAILED"]
    assert [half.get("class") for half in parse(content).cssselect(".box i")] == ["passed", "failed"]
    assert len(parse(content).cssselect("svg.chart .lane")) == 2
    assert find_dead_links(content) == set()


@pytest.mark.parametrize("words", [("nothing",), ("./run", "-o", "run/nothing/\0"), ("./run", "--policy", "none.toml")])
def test_what_is_wrong_with_the_request_is_said(words: Sequence[str], tmp_path: Path) -> None:
    make_run(tmp_path / "run", ("baseline", (GOOD,)), ("candidate", (GOOD,)))
    if any("\0" in word for word in words):
        words = ("./run", "-o", "run")
    ended = run_command(tmp_path, "report", *words)
    assert ended.status == 2
    assert ended.err.startswith("bootrig:")


def test_known_outcomes_of_a_recorded_run_stay_known(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", ("set", (LOST,)))
    write_json(run.directory / RUN_FILE, structs.replace(load_json(run.directory / RUN_FILE, Run), verb="run"))
    (cell,) = run.directory.glob("cells/set/*")
    path = cell / "real" / "trace.json"
    path.write_text(path.read_text().replace('"side": ""', '"side": "set"'))
    known = {"roms": ["s*"], "outcome": "failed", "because": "it is old"}
    write_json(cell / "cell.json", {"scenario": {"document": {"known": [known]}}})
    run_command(tmp_path, "report", "./run", "-o", "page.html")
    content = (tmp_path / "page.html").read_bytes()
    assert "known to fail" in read(content, "h1")[0]


@pytest.mark.slow
def test_a_page_of_three_hundred_cells_is_under_twenty_megabytes(tmp_path: Path) -> None:
    places = [(f"scenario-{number}", nic) for number in range(75) for nic in ("e1000", "pcnet", "rtl8139", "vmxnet3")]
    first = tuple(replace(GOOD, scenario=scenario, nic=nic) for scenario, nic in places)
    second = tuple(
        replace(boot, passed=False, milestone="dhcp-ack", reason="lost", features="VLAN", nbp_s=None) for boot in first
    )
    run = make_run(tmp_path / "run", ("baseline", first), ("candidate", second))
    content = encode_verdict(judge(run, run), [run.directory])
    assert len(parse(content).cssselect("svg.chart")) == len(places)
    assert len(content) < 20_000_000


def test_a_verdict_without_runs_is_a_page_without_evidence() -> None:
    content = encode_verdict(compare_traces([trace(GOOD)], [trace(GOOD)]))
    assert read(content, ".answer") == ["COMPATIBLE"]
    assert parse(content).cssselect("svg") == []
