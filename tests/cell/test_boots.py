"""Every scenario really boots, and its trace says what happened."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from bootrig.cell.boot import POWER_ON_S
from bootrig.cell.process import run_cell_file
from bootrig.emulator.release.discovery import find_host_emulator
from bootrig.jsonfile import load_json
from bootrig.network.capture import decode_capture
from bootrig.report.html.screens import draw_screens
from bootrig.romset.manifest import find_manifest
from bootrig.scenario.file import iter_scenarios
from bootrig.trace.cast import CAST_FILE, CastKind, parse_cast
from bootrig.trace.events import Dhcp, HttpRequest, RouterAdvertisement, RouterSolicitation, TftpError, TftpTransfer
from bootrig.trace.reading.attempts import find_rungs, settle_traces
from bootrig.trace.trace import Trace
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
    cells = {trace.cell for trace in all_scenarios.traces}
    assert {trace.key.scenario for trace in all_scenarios.traces} == set(SCENARIOS)
    assert {trace.key.machine for trace in all_scenarios.traces} == {"pc", "q35"}
    assert f"Outcome: all {len(cells)} boots passed" in all_scenarios.ended.out
    assert str(all_scenarios.run_directory) in all_scenarios.ended.out


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_a_scenario_boots(name: str, all_scenarios: Boots) -> None:
    scenario, trace = SCENARIOS[name], all_scenarios.find(name)
    assert (trace.outcome.status, trace.key.nic_model, trace.rom_set) == ("passed", "e1000", "ipxe-debian-12")
    names = [milestone.name for milestone in trace.milestones]
    wanted = scenario.expectation
    expected = [*wanted.milestones, *([REPORT_MILESTONES[wanted.report]] if wanted.report else [])]
    assert set(expected) <= set(names)
    assert trace.outcome.milestone == expected[-1]
    assert len(names) == len(set(names))
    assert trace.outcome.reason.startswith(f"{expected[-1]} was reached")
    assert not any("\x1b" in line.text for line in trace.console)


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_milestones_are_in_the_order_of_the_guest_s_clock(name: str, all_scenarios: Boots) -> None:
    trace = all_scenarios.find(name)
    moments = [milestone.guest_s for milestone in trace.milestones if milestone.guest_s is not None]
    assert moments == sorted(moments)
    dhcp = [milestone.name for milestone in trace.milestones if milestone.name.startswith("dhcp-")]
    assert dhcp == ([] if name == "prompt" else ["dhcp-discover", "dhcp-offer", "dhcp-request", "dhcp-ack"])


def test_the_console_of_each_boot_is_kept_to_be_played(all_scenarios: Boots) -> None:
    for trace in all_scenarios.traces:
        directory = all_scenarios.run_directory / trace.directory
        events = parse_cast((directory / CAST_FILE).read_bytes())
        written = "".join(event.text for event in events if event.kind is CastKind.OUTPUT)
        assert (directory / "console.log").read_bytes().decode("cp437").startswith(written)
        assert {event.text for event in events if event.kind is CastKind.MARKER} == {
            milestone.name for milestone in trace.milestones
        }
        assert draw_screens(events)[-1].milestones[-1] == "end"


@pytest.mark.parametrize("name", ["pxe-tftp", "no-ra", "nbp-sizes[590k]", "script[ipxe]", "efi-tftp"])
def test_milestones_of_one_program_after_another(name: str, all_scenarios: Boots) -> None:
    seen = [milestone.name for milestone in all_scenarios.find(name).milestones]
    assert seen == [milestone for milestone in WIRE_ORDER if milestone in seen]


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.expectation.report])
def test_success_is_the_nonce_of_this_very_boot(name: str, all_scenarios: Boots) -> None:
    trace = all_scenarios.find(name)
    (report,) = trace.reports
    assert report.kind == SCENARIOS[name].expectation.report
    assert report.find_number("sum") in trace.expected.sums
    attempt = all_scenarios.run_directory / trace.directory
    served = [path for path in (*attempt.glob("tftp/**/*"), *attempt.glob("http/**/*"), *attempt.glob("disk.img"))]
    assert any(report.nonce.encode() in path.read_bytes() for path in served if path.is_file())
    console = "\n".join(line.text for line in trace.console) + "\n"
    assert find_probe_report(console, report.nonce) == report
    others = {other.nonce for trace_ in all_scenarios.traces if trace_ is not trace for other in trace_.reports}
    assert report.nonce not in others


@pytest.mark.parametrize(
    ("name", "failures"),
    [
        ("tftp-missing", ("tftp://10.0.2.1/missing.0... No such file or directory (2d12603b)",)),
        ("no-boot-file", ("Nothing to boot: No such file or directory (2d03e13b)",)),
        ("script[ipxe]", ()),
        ("pxelinux", ()),
    ],
)
def test_what_failed_on_the_way(name: str, failures: tuple[str, ...], all_scenarios: Boots) -> None:
    assert all_scenarios.find(name).outcome.on_the_way == failures


def test_the_guest_had_the_embedded_rom(all_scenarios: Boots) -> None:
    """What the running device says is the file that was embedded, byte for byte."""
    embedded = all_scenarios.run_directory / "roms" / "ipxe-debian-12"
    manifest = find_manifest(embedded)
    content = (embedded / "efi-e1000.rom").read_bytes()
    assert manifest is not None
    for trace in all_scenarios.traces:
        assert trace.rom.romfile == "efi-e1000.rom"
        assert trace.rom.sha256 == hashlib.sha256(content).hexdigest()
        assert trace.rom.file_length == len(content)
        assert trace.rom.rombar in {1, -1}  # since QEMU 9.2 -1 where nothing sets it: on
        assert trace.rom.rom_bar_length == 0x40000


def test_proof_of_which_rom_ran(all_scenarios: Boots) -> None:
    proof = all_scenarios.find("pxe-tftp").rom.proof
    assert re.fullmatch(r"iPXE 1\.0\.0\+git-20190125\.36a4c85-5\.1 -- Open Source Network Boot Firmware", proof[0])
    assert proof[1].startswith("Features: DNS HTTP")
    assert proof[2] == "user class iPXE"


def test_the_emulator_is_told(all_scenarios: Boots) -> None:
    host = find_host_emulator()
    for trace in all_scenarios.traces:
        assert (trace.emulator.version, trace.emulator.sha256) == (host.version_number, host.digest)
        assert trace.emulator.command[0] == str(host.executable)
        assert "-S" in trace.emulator.command


def test_the_world_is_told(all_scenarios: Boots) -> None:
    """The platform firmware, the services, and what the rig adds to what the files say."""
    for trace in all_scenarios.traces:
        scenario = SCENARIOS[trace.key.scenario]
        assert trace.platform_firmware is not None
        assert trace.platform_firmware.name == trace.key.platform_firmware
        assert len(trace.platform_firmware.sha256) == 64
        assert [service.kind for service in trace.services] == list(scenario.services)
        assert {"dnsmasq", "tftpy"} <= {service.server for service in trace.services}
        assert {"tap", "filter-dump"} <= set(trace.added)
        assert (f"icount shift {trace.clock.shift}" in trace.added) is trace.clock.is_virtual


def test_each_size_arrives_whole(all_scenarios: Boots) -> None:
    for name, length in (("512", 512), ("2k", 2048), ("16k", 16384), ("100k", 102400), ("590k", 604160)):
        transfers = [
            event.bytes
            for event in all_scenarios.find(f"nbp-sizes[{name}]").wire
            if isinstance(event, TftpTransfer) and event.completed
        ]
        assert length in transfers


def test_dhcp_fields_are_where_the_scenario_puts_them(all_scenarios: Boots) -> None:
    def offers(name: str) -> list[tuple[str, bool]]:
        return [
            (event.boot_file_name, event.find_option(67) is not None)
            for event in all_scenarios.find(name).wire
            if isinstance(event, Dhcp) and event.message == "offer"
        ]

    assert set(offers("pxe-tftp")) == {("nbp.0", False)}
    assert set(offers("pxe-tftp-options[file]")) == {("", True)}
    assert set(offers("pxe-tftp-options[no-header]")) == {("", True)}
    assert set(offers("no-boot-file")) == {("", False)}


def test_router_advertisements(all_scenarios: Boots) -> None:
    def kinds(name: str) -> set[type]:
        return {type(event) for event in all_scenarios.find(name).wire}

    assert RouterAdvertisement in kinds("pxe-tftp")
    assert RouterSolicitation in kinds("no-ra")
    assert RouterAdvertisement not in kinds("no-ra")


def test_a_missing_file_is_refused_and_the_disk_boots(all_scenarios: Boots) -> None:
    trace = all_scenarios.find("tftp-missing")
    (error, *_) = [event for event in trace.wire if isinstance(event, TftpError)]
    assert error.code == 1
    assert [m.name for m in trace.milestones][-1] == "disk-booted"


def test_a_script_fetches_over_http(all_scenarios: Boots) -> None:
    (request, *_) = [event for event in all_scenarios.find("script[ipxe]").wire if isinstance(event, HttpRequest)]
    assert (request.method, request.target, request.version) == ("GET", "/nbp.0", "HTTP/1.1")
    assert request.find_header("user-agent") == "iPXE/1.0.0+git-20190125.36a4c85-5.1"


def test_the_prompt_answers(all_scenarios: Boots) -> None:
    trace = all_scenarios.find("prompt")
    assert not trace.clock.is_virtual
    assert [milestone.name for milestone in trace.milestones][-3:] == ["prompt-offered", "prompt", "ifstat"]
    assert any("iPXE> ifstat" in line.text for line in trace.console)


def test_everything_stays_in_the_run_directory(all_scenarios: Boots) -> None:
    for trace in all_scenarios.traces:
        attempt = all_scenarios.run_directory / trace.directory
        names = {path.name for path in attempt.iterdir()}
        assert {"trace.json", "capture.pcap", "capture-guest.pcap", "console.log", "qemu.log", "logs", "tftp"} <= names
        assert {"dnsmasq.log", "tftp.log"} <= {path.name for path in (attempt / "logs").iterdir()}
        assert (attempt.parent / "cell.json").exists()
        assert not (attempt / "error.json").exists()
        captures = attempt / "capture.pcap", attempt / "capture-guest.pcap"
        assert decode_capture(*captures, epoch_s=POWER_ON_S).events == trace.wire


def test_usage_is_measured(all_scenarios: Boots) -> None:
    for trace in all_scenarios.traces:
        usage = trace.usage
        assert usage["wall_s"] == pytest.approx(usage["qemu_wall_s"] + usage["rig_s"])
        assert usage["rig_memory_bytes"] > 0
        assert trace.qmp_events[0]["event"] == "RESUME"


def test_a_disturbed_boot_was_repeated_until_one_counts(all_scenarios: Boots) -> None:
    """Whether there is any depends on how busy this machine is."""
    assert find_rungs(all_scenarios.traces) == ()
    for counted in settle_traces(all_scenarios.traces):
        assert not (counted.clock.is_virtual and counted.outcome.disturbed)


def test_a_cell_runs_again_from_its_specification_alone(all_scenarios: Boots, tmp_path: Path) -> None:
    """It names everything by file, inside the run where it can: wherever the run is, the cell can run."""
    trace = all_scenarios.find("no-boot-file")
    run = tmp_path / "elsewhere"
    shutil.copytree(all_scenarios.run_directory, run, ignore=shutil.ignore_patterns("shift*", "real*", "kvm*"))
    cell = run / Path(trace.directory).parent
    assert run_cell_file(cell, "shift7.2") == 0
    again = load_json(cell / "shift7.2" / "trace.json", Trace)
    assert (again.cell, again.attempt, again.rom) == (trace.cell, "shift7.2", trace.rom)
    assert again.reports[0].nonce != trace.reports[0].nonce
