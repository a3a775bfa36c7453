"""Every scenario really boots, and its trace says what happened."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from bootrig.cell.cell import run_cell_file

from bootrig.cell.boot import read_wire
from bootrig.cell.specification import parse_specification
from bootrig.emulator.release.discovery import find_host_emulator
from bootrig.romset.manifest import load_manifest
from bootrig.scenario.scenario import iter_scenarios
from bootrig.trace.trace import OutcomeStatus, TimeMode
from firmware.probe.registry import REPORT_MILESTONES, find_probe_report
from tests.cell.boots import Boots

pytestmark = [pytest.mark.rig, pytest.mark.timeout(900)]
SCENARIOS = {scenario.name: scenario for scenario in iter_scenarios()}
WIRE_ORDER = (
    "dhcp-discover",
    "dhcp-offer",
    "dhcp-request",
    "dhcp-ack",
    "tftp-request",
    "tftp-complete",
    "http-request",
    "http-complete",
    "nbp-entered",
)


def test_the_command_is_content(all_scenarios: Boots) -> None:
    assert all_scenarios.ended.status == 0
    assert f"Outcome: all {len(SCENARIOS)} boots passed" in all_scenarios.ended.out
    assert str(all_scenarios.run_directory) in all_scenarios.ended.out


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_a_scenario_boots(name: str, all_scenarios: Boots) -> None:
    scenario, trace = SCENARIOS[name], all_scenarios.find(name)
    assert (trace.outcome.status, trace.key.nic_model, trace.rom_set) == ("passed", "e1000", "ipxe-debian-12")
    names = [milestone.name for milestone in trace.milestones]
    assert [name for name in names if name in scenario.milestones]
    expected = [*scenario.milestones, *([REPORT_MILESTONES[scenario.report]] if scenario.report else [])]
    assert set(expected) <= set(names)
    assert trace.outcome.milestone == expected[-1]
    assert len(names) == len(set(names))
    assert trace.outcome.reason.startswith(f"{expected[-1]} was reached")
    assert "\x1b" not in trace.console


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_milestones_are_in_the_order_of_the_guest_s_clock(name: str, all_scenarios: Boots) -> None:
    trace = all_scenarios.find(name)
    moments = [milestone.guest_s for milestone in trace.milestones if milestone.guest_s is not None]
    assert moments == sorted(moments)
    dhcp = [milestone.name for milestone in trace.milestones if milestone.name.startswith("dhcp-")]
    assert dhcp == ([] if name == "prompt" else ["dhcp-discover", "dhcp-offer", "dhcp-request", "dhcp-ack"])


@pytest.mark.parametrize("name", ["pxe-tftp", "no-ra", "nbp-sizes[590k]", "script[ipxe]", "efi-tftp"])
def test_milestones_of_one_program_after_another(name: str, all_scenarios: Boots) -> None:
    seen = [milestone.name for milestone in all_scenarios.find(name).milestones]
    assert seen == [milestone for milestone in WIRE_ORDER if milestone in seen]


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.report])
def test_success_is_the_nonce_of_this_very_cell(name: str, all_scenarios: Boots) -> None:
    trace = all_scenarios.find(name)
    cell = all_scenarios.run_directory / "cells" / "ipxe-debian-12" / trace.directory
    nonce = parse_specification((cell / "cell.json").read_bytes()).nonce
    report = find_probe_report(trace.console, nonce)
    assert report is not None
    assert report.kind == SCENARIOS[name].report
    others = {
        parse_specification(path.read_bytes()).nonce
        for path in all_scenarios.run_directory.glob("cells/*/*/cell.json")
        if path.parent != cell
    }
    assert nonce not in others
    assert all(find_probe_report(trace.console, other) is None for other in others)


def test_the_guest_had_the_embedded_rom(all_scenarios: Boots) -> None:
    """What the running device says is the file that was embedded, byte for byte."""
    embedded = all_scenarios.run_directory / "roms" / "ipxe-debian-12"
    manifest = load_manifest(embedded)
    content = (embedded / "efi-e1000.rom").read_bytes()
    assert manifest is not None
    for trace in all_scenarios.traces:
        assert trace.rom.romfile == "efi-e1000.rom"
        assert trace.rom.sha256 == hashlib.sha256(content).hexdigest()
        assert (trace.rom.file_length, trace.rom.rombar) == (len(content), 1)
        assert trace.rom.rom_bar_length == 0x40000


def test_proof_of_which_rom_ran(all_scenarios: Boots) -> None:
    proof = all_scenarios.find("pxe-tftp").rom.proof
    assert re.fullmatch(r"iPXE 1\.0\.0\+git-20190125\.36a4c85-5\.1 -- Open Source Network Boot Firmware", proof[0])
    assert proof[1].startswith("Features: DNS HTTP")
    assert proof[2] == "user class iPXE"


def test_the_emulator_is_told(all_scenarios: Boots) -> None:
    host = find_host_emulator()
    for trace in all_scenarios.traces:
        assert trace.emulator["version"] == host.version_number
        assert trace.emulator["digest"] == host.digest
        assert trace.emulator["command"][0] == str(host.executable)
        assert "-S" in trace.emulator["command"]


def test_each_size_arrives_whole(all_scenarios: Boots) -> None:
    for name, length in (("512", 512), ("2k", 2048), ("16k", 16384), ("100k", 102400), ("590k", 604160)):
        transfers = [
            event.facts
            for event in all_scenarios.find(f"nbp-sizes[{name}]").wire
            if event.kind == "tftp-transfer" and event.facts["completed"]
        ]
        assert length in [facts["bytes"] for facts in transfers]


def test_dhcp_fields_are_where_the_scenario_puts_them(all_scenarios: Boots) -> None:
    def offers(name: str) -> list[tuple[str, bool]]:
        return [
            (str(event.facts["boot_file_name"]), any(option["code"] == 67 for option in event.facts["options"]))
            for event in all_scenarios.find(name).wire
            if event.kind == "dhcp" and event.facts["message"].lower() == "offer"
        ]

    assert set(offers("pxe-tftp")) == {("nbp.0", False)}
    assert set(offers("pxe-tftp-options[file]")) == {("", True)}
    assert set(offers("pxe-tftp-options[no-header]")) == {("", True)}
    assert set(offers("no-boot-file")) == {("", False)}


def test_router_advertisements(all_scenarios: Boots) -> None:
    def kinds(name: str) -> set[str]:
        return {event.kind for event in all_scenarios.find(name).wire}

    assert "router-advertisement" in kinds("pxe-tftp")
    assert "router-solicitation" in kinds("no-ra")
    assert "router-advertisement" not in kinds("no-ra")


def test_a_missing_file_is_refused_and_the_disk_boots(all_scenarios: Boots) -> None:
    trace = all_scenarios.find("tftp-missing")
    (error, *_) = [event.facts for event in trace.wire if event.kind == "tftp-error"]
    assert error["code"] == 1
    assert [m.name for m in trace.milestones][-1] == "disk-booted"


def test_a_script_fetches_over_http(all_scenarios: Boots) -> None:
    (request, *_) = [event.facts for event in all_scenarios.find("script[ipxe]").wire if event.kind == "http-request"]
    assert (request["method"], request["target"], request["version"]) == ("GET", "/nbp.0", "HTTP/1.1")
    assert request["user_agent"] == "iPXE/1.0.0+git-20190125.36a4c85-5.1"


def test_the_prompt_answers(all_scenarios: Boots) -> None:
    trace = all_scenarios.find("prompt")
    assert trace.time_mode is TimeMode.REAL
    assert [milestone.name for milestone in trace.milestones][-3:] == ["prompt-offered", "prompt", "ifstat"]
    assert "iPXE> ifstat" in trace.console


def test_everything_stays_in_the_run_directory(all_scenarios: Boots) -> None:
    for trace in all_scenarios.traces:
        cell = all_scenarios.run_directory / "cells" / "ipxe-debian-12" / trace.directory
        names = {path.name for path in cell.iterdir()}
        assert {"cell.json", "trace.json", "capture.pcap", "console.log", "qemu.log", "dnsmasq.log"} <= names
        assert not (cell / "error.json").exists()
        assert len(read_wire(cell / "capture.pcap")) == len(trace.wire)


def test_usage_is_measured(all_scenarios: Boots) -> None:
    for trace in all_scenarios.traces:
        usage = trace.usage
        assert usage["wall_s"] == pytest.approx(usage["qemu_wall_s"] + usage["rig_s"])
        assert usage["rig_memory_bytes"] > 0
        assert trace.qmp_events[0]["event"] == "RESUME"


def test_a_doubtful_boot_was_confirmed_in_real_time(all_scenarios: Boots) -> None:
    """Whether there is any depends on how busy this machine is; each of them has its confirmation."""
    confirmed = {trace.key for trace in all_scenarios.traces if trace.time_mode is TimeMode.REAL}
    for trace in all_scenarios.traces:
        doubtful = trace.outcome.retransmissions > 0 or trace.outcome.status is OutcomeStatus.FAILED
        if doubtful and trace.time_mode is TimeMode.VIRTUAL:
            assert trace.key in confirmed


def test_a_cell_runs_again_from_its_specification_alone(all_scenarios: Boots, tmp_path: Path) -> None:
    """It names everything by file: wherever those are, the cell can run."""
    cell = all_scenarios.run_directory / "cells" / "ipxe-debian-12" / all_scenarios.find("no-boot-file").directory
    document = json.loads((cell / "cell.json").read_text())
    (tmp_path / "cell.json").write_text(json.dumps({**document, "directory": str(tmp_path)}))
    assert run_cell_file(tmp_path) == 0
    assert json.loads((tmp_path / "trace.json").read_text())["outcome"]["status"] in {"passed", "failed"}
