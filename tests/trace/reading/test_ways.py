"""By whom, and over which protocol, the program that reports was loaded."""

from typing import Any

import pytest
from msgspec.structs import replace

from bootrig.trace.events import Dhcp, DhcpOption, Event, HttpRequest, HttpResponse, Tcp, TftpTransfer
from bootrig.trace.reading.outcome import find_outcome
from bootrig.trace.reading.ways import find_way, find_wrong_way, name_ways
from bootrig.trace.trace import (
    Clock,
    ClockKind,
    ConsoleLine,
    Expectation,
    Milestone,
    OutcomeStatus,
    RomEvidence,
    Trace,
)
from firmware.probe.probe import ProbeReport

NBP, SCRIPT, EFI = "nbp.0", "boot.ipxe", "probe.efi"


def discover(user_class: str = "iPXE", guest_s: float = 1.0) -> Dhcp:
    options = (DhcpOption(60, b"PXEClient:Arch:00007".hex()),)
    if user_class:
        options += (DhcpOption(77, user_class.encode().hex()),)
    return Dhcp(guest_s=guest_s, from_guest=True, message="discover", reply=False, xid="1", options=options)


def ack(name: str = "", option: bytes = b"", guest_s: float = 2.0, port: int = 67) -> Dhcp:
    options = (DhcpOption(67, option.hex()),) if option else ()
    fields: dict[str, Any] = {"message": "ack", "reply": True, "xid": "1", "source_port": port}
    return Dhcp(guest_s=guest_s, from_guest=False, boot_file_name=name, options=options, **fields)


def tftp(file: str, guest_s: float, *, completed: bool = True) -> TftpTransfer:
    return TftpTransfer(guest_s=guest_s, from_guest=False, file=file, end_guest_s=guest_s + 0.1, completed=completed)


def http(target: str, guest_s: float, *, status: int = 200, completed: bool = True) -> list[Event]:
    asked = {"method": "GET", "target": target, "version": "HTTP/1.1", "connection": 1}
    answer = {"status": status, "connection": 1, "end_guest_s": guest_s + 0.1, "completed": completed}
    return [
        HttpRequest(guest_s=guest_s, from_guest=True, **asked),
        HttpResponse(guest_s=guest_s, from_guest=False, **answer),
    ]


def tcp(port: int, guest_s: float) -> Tcp:
    return Tcp(guest_s=guest_s, from_guest=True, connection=9, destination_port=port)


def make_trace(wire: list[Event], console: str = "", kind: str = "nbp", **expected: str) -> Trace:
    milestone = "disk-booted" if kind == "disk" else "nbp-entered"
    firmware = "ovmf" if kind == "efi" else "seabios"
    return Trace(
        cell=f"script/e1000/pc/{firmware}/host",
        rom_set="set",
        clock=Clock(ClockKind.VIRTUAL, 7),
        expected=Expectation(report=kind, **expected),
        rom=RomEvidence("", 1, 0, 0, ""),
        milestones=(Milestone("dhcp-ack", 2.0, None), Milestone(milestone, 9.0, 1.0)),
        wire=tuple(wire),
        console=tuple(ConsoleLine(line) for line in console.splitlines()),
        reports=(ProbeReport(kind, "nonce", ()),),
    )


LOADED_SCRIPT = [discover(), ack(SCRIPT), tftp(SCRIPT, 3.0)]
CHAINED = "tftp://10.0.2.1/boot.ipxe... ok\nhttp://10.0.2.1/nbp.0... ok"
DISK = "Booting from Hard Disk..."


@pytest.mark.parametrize(
    ("wire", "console", "kind", "way"),
    [
        ([discover(), ack(NBP), tftp(NBP, 3.0)], "", "nbp", ("rom", "tftp")),
        ([discover("gPXE"), ack(option=b"nbp.0\0"), tftp(NBP, 3.0)], "", "nbp", ("rom", "tftp")),
        ([discover(), ack("http://10.0.2.1/nbp.0"), *http("/nbp.0", 3.0)], "", "nbp", ("rom", "http")),
        ([discover(""), ack(EFI), tftp(EFI, 3.0)], "", "efi", ("uefi", "tftp")),
        ([discover(""), ack(NBP), tftp(NBP, 3.0)], "", "nbp", ("", "tftp")),
        ([discover(), ack(NBP, port=4011), tftp(NBP, 3.0)], "", "nbp", ("", "tftp")),
        ([*LOADED_SCRIPT, *http("/nbp.0", 4.0)], CHAINED, "nbp", ("script", "http")),
        ([*LOADED_SCRIPT, *http("/nbp.0", 4.0)], "http://10.0.2.1/nbp.0.", "nbp", ("script", "http")),
        ([*LOADED_SCRIPT, tftp(NBP, 4.0)], "tftp://10.0.2.1/nbp.0............ ok", "nbp", ("script", "tftp")),
        ([*LOADED_SCRIPT, tftp(NBP, 4.0)], "tftp://10.0.2.1/nbp.01... ok", "nbp", ("", "tftp")),
        ([*LOADED_SCRIPT, tftp(NBP, 4.0)], "", "nbp", ("", "tftp")),
        ([*LOADED_SCRIPT, ack(NBP, guest_s=3.5), tftp(NBP, 4.0)], "", "nbp", ("", "tftp")),
        ([discover(), ack("a"), tftp("a", 3.0), tftp("b", 4.0)], "Welcome to GRUB!", "nbp", ("nbp", "tftp")),
        ([discover(), ack("a"), tftp("a", 3.0), tftp("b", 4.0)], "PXELINUX 6.04 PXE", "nbp", ("nbp", "tftp")),
        ([discover(), ack(NBP), tftp(NBP, 3.0), *http("/x", 4.0, status=404)], "", "nbp", ("rom", "tftp")),
        ([discover(), ack(NBP), tftp(NBP, 3.0, completed=False)], "", "nbp", ("", "")),
        ([*LOADED_SCRIPT, tcp(443, 4.0)], "", "nbp", ("", "")),
        ([discover(), ack(NBP), tcp(80, 2.5), tftp(NBP, 3.0)], "", "nbp", ("rom", "tftp")),
        ([], "", "nbp", ("", "")),
        ([discover(), ack(NBP), tftp(NBP, 3.0)], DISK, "disk", ("bios", "disk")),
        ([discover(), ack(NBP), tftp(NBP, 3.0)], "", "disk", ("", "")),
    ],
)
def test_the_way_is_told_where_it_is_shown(wire: list[Event], console: str, kind: str, way: tuple[str, str]) -> None:
    made = make_trace(wire, console, kind)
    assert find_way(made, kind) == way
    first, second = name_ways(made)
    assert ((first.by, first.over), (second.by, second.over)) == (("", ""), way)


PLAIN = [discover(), ack(NBP), tftp(NBP, 3.0)]


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({}, None),
        ({"by": "rom"}, None),
        ({"by": "rom", "over": "tftp"}, None),
        ({"by": "script"}, "is loaded by a script"),
        ({"over": "http"}, "is loaded over HTTP"),
        ({"by": "script", "over": "http"}, "is loaded by a script over HTTP"),
        ({"by": "rom", "over": "http"}, "is loaded by the ROM over HTTP"),
    ],
)
def test_another_way_fails(expected: dict[str, str], words: str | None) -> None:
    made = make_trace(PLAIN, **expected)
    named = Trace(**{**{name: getattr(made, name) for name in made.__struct_fields__}, "milestones": name_ways(made)})
    found, outcome = find_wrong_way(named), find_outcome(named)
    begin = "the nbp program was loaded by the ROM over TFTP, the scenario is about one that "
    assert found == (None if words is None else begin + words)
    assert outcome.status is (OutcomeStatus.PASSED if words is None else OutcomeStatus.FAILED)
    assert words is None or outcome.reason == found


def test_a_way_that_nobody_can_tell_passes() -> None:
    assert find_outcome(make_trace(PLAIN, by="script", over="http")).status is OutcomeStatus.PASSED


def test_a_program_that_did_not_report_came_no_way() -> None:
    assert find_wrong_way(make_trace(PLAIN, kind="efi", by="script")) is None


def test_of_files_that_end_in_one_moment_the_one_begun_last_is_what_was_loaded() -> None:
    """QEMU's main loop may send several packets of virtio-net at once; they have one time then."""
    script = replace(tftp(SCRIPT, 3.0), frame=21)
    asked, answered = http("/nbp.0", 3.0)
    wire = [discover(), ack(SCRIPT), script, replace(asked, frame=25), replace(answered, frame=27)]
    assert find_way(make_trace(wire, CHAINED), "nbp") == ("script", "http")
