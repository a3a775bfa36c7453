"""`bootrig compare` on real ROM sets: what is identical, what got worse, and what it says when it cannot tell."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.command import find_run_directory, load_traces, run_command

pytestmark = [pytest.mark.rig, pytest.mark.timeout(900)]
COMPARE = ("compare", "ipxe-debian-12", "ipxe-debian-13", "--nic", "e1000", "--runs", "runs")


def test_a_rom_set_is_identical_with_itself(tmp_path: Path) -> None:
    words = ("--nic", "e1000", "--nic", "virtio-net-pci", "--scenario", "pxe-tftp")
    outputs = ("--runs", "runs", "--json", "verdict.json", "--junit", "verdict.xml")
    ended = run_command(tmp_path, "compare", "ipxe-debian-12", "ipxe-debian-12", *words, *outputs)
    assert ended.status == 0, ended
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["identical"], verdict["differences"]) == ("compatible", True, [])
    ended_well = ("same", "passed", "passed")
    states = [(cell["state"], cell["baseline"]["status"], cell["candidate"]["status"]) for cell in verdict["cells"]]
    assert states == [ended_well, ended_well]
    assert "no rule found anything" in ended.out
    run_directory = find_run_directory(tmp_path / "runs")
    assert json.loads((run_directory / "verdict.json").read_text()) == verdict
    cases = list(ElementTree.parse(tmp_path / "verdict.xml").getroot().iter("testcase"))
    assert len(cases) == 2
    assert all(case.find("failure") is None for case in cases)
    sides = {path.name for path in (run_directory / "cells").iterdir()}
    assert sides == {"baseline", "candidate"}


def test_a_script_as_uefi_boot_file_stopped_working(tmp_path: Path) -> None:
    ended = run_command(
        tmp_path, *COMPARE, "--scenario", "efi-script", "--machine", "q35-virt", "--json", "-", "--junit", "verdict.xml"
    )
    assert ended.status == 1, ended
    verdict = json.loads(ended.out)
    assert verdict["verdict"] == "not-compatible"
    (regression,) = [difference for difference in verdict["differences"] if difference["severity"] == "regression"]
    assert regression["id"] == "outcome@efi-script/e1000/q35-virt/ovmf/host:efi-script"
    assert regression["confirmation"] == "confirmed"
    assert (regression["rule"], regression["candidate"]) == ("outcome", "failed after dhcp-ack")
    told = " ".join(ended.err.split())
    assert " Verdict: NOT COMPATIBLE: 1 regression in 1 cell; 0 of 1 cell passed on both sides " in told
    assert " 1. Regression: scenario efi-script; NIC e1000 [outcome, confirmed" in told
    assert " Why: OVMF's own PXE client asks for an address, with the baseline it was iPXE; lint finds in " in told
    assert told.endswith("Verdict: NOT COMPATIBLE: 1 regression in 1 cell; 0 of 1 cell passed on both sides")
    run_directory = find_run_directory(tmp_path / "runs")
    real = [trace for trace in load_traces(run_directory) if trace.attempt == "real"]
    assert {trace.rom_set for trace in real} == {"ipxe-debian-12", "ipxe-debian-13"}
    assert {(trace.rom_set, str(trace.outcome.status)) for trace in real} == {
        ("ipxe-debian-12", "passed"),
        ("ipxe-debian-13", "failed"),
    }
    cases = ElementTree.parse(tmp_path / "verdict.xml").getroot().iter("testcase")
    (failed,) = [case for case in cases if case.find("failure") is not None]
    assert "efi-script" in str(failed.attrib)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("compare", "ipxe-debian-12"), 2, "the following arguments are required: candidate"),
        (("compare", "ipxe-debian-12", "ipxe-sid"), 2, 'there is no recipe "ipxe-sid"'),
        (("compare", "ipxe-debian-12", "./nothing"), 2, "there is no file or directory ./nothing"),
        (("compare", "ipxe-debian-12", "./"), 2, "./ has no .rom files"),
        ((*COMPARE, "--waivers", "nothing.toml"), 2, "nothing.toml cannot be read: No such file or directory"),
        ((*COMPARE, "--scenario", "nothing"), 2, 'there is no recipe "nothing"'),
    ],
)
def test_bad_input(words: tuple[str, ...], status: int, message: str, tmp_path: Path) -> None:
    ended = run_command(tmp_path, *words, environment={"BOOTRIG_CACHE": str(tmp_path / "cache")})
    assert (ended.status, ended.out) == (status, "")
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.glob("cache")) + list(tmp_path.glob("*runs"))
