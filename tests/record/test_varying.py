"""What differs from boot to boot is taken out of traces; what it proves stays."""

import msgspec

from bootrig.record.varying import find_varying, take_out_varying
from bootrig.trace.events import Dhcp, Dns, TftpRequest
from bootrig.trace.trace import EmulatorEvidence, Trace
from firmware.probe.probe import ProbeReport
from tests.compare.factory import Boot, lines, trace

MAC_XID = "00123456"


def make(xid: str, port: int, nonce: str, number: int = 7) -> Trace:
    """A boot with what varies."""
    asked = TftpRequest(guest_s=9.0, from_guest=True, operation="read", file="x", mode="octet", client_port=port)
    question = Dns(guest_s=9.1, from_guest=True, id=number, reply=False, source_port=port)
    boot = trace(Boot(dhcp={"xid": xid, "client_mac": "52:54:00:12:34:56"}, other=(asked, question), wall_s=number))
    return msgspec.structs.replace(
        boot,
        reports=(ProbeReport("nbp", nonce, ({"sum": 1},)),),
        console=lines(f"BOOTRIG {nonce} nbp sum=1"),
        emulator=EmulatorEvidence(version="7.2", command=("qemu", nonce)),
        confinement=("seccomp",),
    )


def test_two_boots_of_the_same_guest_are_equal() -> None:
    first = take_out_varying(make("a1b2c3d4", 41234, "0123456789abcdef"))
    assert first == take_out_varying(make("deadbeef", 51000, "fedcba9876543210", 9))
    assert first.console[0].text == "BOOTRIG 0000000000000000 nbp sum=1"
    assert (first.usage, first.emulator.command, first.confinement) == ({}, (), ())
    assert all(milestone.wall_s is None for milestone in first.milestones)


def test_what_differs_in_the_guest_stays() -> None:
    boot = make("a1b2c3d4", 41234, "0123456789abcdef")
    other = msgspec.structs.replace(boot, wire=(*boot.wire, replace_port(boot, 45555)))
    ports = [event.client_port for event in take_out_varying(other).wire if isinstance(event, TftpRequest)]
    assert len({port for port in ports if port}) == 2


def replace_port(boot: Trace, port: int) -> TftpRequest:
    return next(
        msgspec.structs.replace(event, client_port=port) for event in boot.wire if isinstance(event, TftpRequest)
    )


def test_an_identifier_of_the_mac_address_and_the_lowest_port_stay() -> None:
    boot = take_out_varying(make(MAC_XID, 1024, "0123456789abcdef"))
    guests = [event for event in boot.wire if isinstance(event, Dhcp) and event.from_guest]
    assert {event.xid for event in guests} == {MAC_XID}
    assert {event.client_port for event in boot.wire if isinstance(event, TftpRequest)} == {0, 1024}


def test_the_fields_are_those_that_are_declared() -> None:
    assert find_varying(Dns) == ("source_port", "id")
