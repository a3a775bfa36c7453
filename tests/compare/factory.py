"""Traces made field by field, as a good boot of a real ROM would leave them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from bootrig.compare import Confirmation, Difference, Finding, Severity
from bootrig.trace.events import (
    IPXE_OPTIONS,
    Dhcp,
    DhcpOption,
    Event,
    HttpRequest,
    TftpError,
    TftpRequest,
    TftpTransfer,
)
from bootrig.trace.names import CellKey
from bootrig.trace.trace import (
    Clock,
    ClockKind,
    ConsoleLine,
    Disturbance,
    Expectation,
    Milestone,
    Outcome,
    OutcomeStatus,
    RomEvidence,
    Trace,
)

VIRTUAL, REAL, KVM = Clock(ClockKind.VIRTUAL, 7), Clock(ClockKind.REAL), Clock(ClockKind.KVM)

NICS = ("e1000", "e1000e", "i82559er", "ne2k_pci", "pcnet", "rtl8139", "virtio-net-pci", "vmxnet3")
SCENARIOS = ("grub", "no-boot-file", "no-ra", "pxe-tftp", "pxelinux", "script")
KIB = 1024

DISCOVER: Mapping[int, str] = {
    53: "01",
    57: "05c0",
    93: "0000",
    94: "010201",
    60: b"PXEClient:Arch:00000:UNDI:002001".hex(),
    77: b"iPXE".hex(),
    55: "010306070c0f111a2b3c42438081",
    175: "b105018086100eeb03010000170101220101130101110101270101190101",
    61: "01525400123456",
    97: "00" + "11" * 8 + "2233445566778899",
}

CONSOLE = """\
SeaBIOS (version 1.16.2)

iPXE (http://ipxe.org) 00:02.0 C000 PCI2.10 PnP PMM+06FCF1B0+06F0F1B0 C000
Press Ctrl-B to configure iPXE (PCI 00:02.0)...

{product} {version} -- Open Source Network Boot Firmware -- http://ipxe.org
Features: {features}

{prompt}...
net0: 52:54:00:12:34:56 using 82540em on 0000:00:02.0 (open)
{tail}
"""


@dataclass(frozen=True)
class Boot:
    """What a boot was like; `trace` makes it one. Times are those of the guest's clock in seconds."""

    scenario: str = "pxe-tftp"
    nic: str = "e1000"
    machine: str = "pc"
    firmware: str = "seabios"
    rom_set: str = "set"
    side: str = ""
    clock: Clock = VIRTUAL
    first_clock: Clock = VIRTUAL
    attempt: str = ""
    wall_s: float = 0.5
    passed: bool = True
    milestone: str = "nbp-entered"
    reason: str = ""
    disturbed: int = 0
    on_the_way: tuple[str, ...] = ()
    file_length: int = 160 * KIB
    bar_length: int = 256 * KIB
    mac: str = "52:54:00:12:34:56"
    own_name: str = ""
    product: str = "iPXE"
    version: str = "1.0.0+"
    features: str = "DNS HTTP iSCSI TFTP PXE bzImage Menu"
    prompt: str = "Press Ctrl-B for the iPXE command line"
    tail: str = ""
    console: str | None = None
    options: Mapping[int, str] = field(default_factory=lambda: dict(DISCOVER))
    request_options: Mapping[int, str] | None = None
    messages: Sequence[tuple[float, str]] = ((0.0, "discover"), (1.0, "discover"), (3.0, "request"))
    dhcp: Mapping[str, Any] = field(default_factory=dict)
    secs: Sequence[int] = (4, 10, 18)
    answered: bool = True
    first_packet_s: float = 4.0
    ack_s: float = 3.1
    request_s: float = 3.6
    last_byte_s: float = 4.4
    nbp_s: float | None = 4.5
    disk_s: float | None = None
    tftp: Sequence[tuple[str, Sequence[tuple[str, str]], int]] = (
        ("nbp.0", (("blksize", "1432"), ("tsize", "0")), 42430),
    )
    tftp_errors: Sequence[tuple[int, str]] = ()
    http: Sequence[HttpRequest] = ()
    other: Sequence[Event] = ()

    @property
    def key(self) -> CellKey:
        return CellKey(self.scenario, self.nic, self.machine, self.firmware)


def trace(boot: Boot) -> Trace:
    """Return the trace of `boot`."""
    console = CONSOLE.format(
        product=boot.product, version=boot.version, features=boot.features, prompt=boot.prompt, tail=boot.tail
    )
    return Trace(
        cell=str(boot.key),
        side=boot.side,
        rom_set=boot.rom_set,
        attempt=boot.attempt or boot.clock.attempt,
        clock=boot.clock,
        first_clock=boot.first_clock,
        expected=Expectation(milestones=(*filter(None, [boot.milestone]), *(() if boot.passed else ("never",)))),
        outcome=Outcome(
            OutcomeStatus.PASSED if boot.passed else OutcomeStatus.FAILED,
            boot.milestone,
            boot.reason,
            tuple(Disturbance(number, "tftp-data") for number in range(boot.disturbed)),
            on_the_way=boot.on_the_way,
        ),
        rom=RomEvidence(
            "efi.rom", 1, boot.bar_length, boot.file_length, "0" * 64, mac=boot.mac, own_name=boot.own_name
        ),
        milestones=_milestones(boot),
        wire=tuple(sorted(_wire(boot), key=lambda event: event.guest_s)),
        console=lines(console if boot.console is None else boot.console),
        usage={"wall_s": boot.wall_s, "qemu_wall_s": boot.wall_s},
        directory=f"cells/{boot.rom_set}/{boot.key.directory_name}/{boot.attempt or boot.clock.attempt}",
    )


def lines(text: str) -> tuple[ConsoleLine, ...]:
    """Return the lines of a console on which nothing was wrapped or wiped."""
    return tuple(ConsoleLine(line.rstrip()) for line in text.split("\n"))


def _milestones(boot: Boot) -> tuple[Milestone, ...]:
    found = []
    if boot.nbp_s is not None:
        found.append(Milestone("nbp-entered", boot.first_packet_s + boot.nbp_s, 0.4))
    if boot.disk_s is not None:
        found.append(Milestone("disk-booted", boot.first_packet_s + boot.disk_s, 0.4))
    if boot.milestone not in {"", *(milestone.name for milestone in found)}:
        found.append(Milestone(boot.milestone, None, None))
    return tuple(found)


def dhcp_options(contents: Mapping[int, str]) -> tuple[DhcpOption, ...]:
    """Return DHCP options, the suboptions of iPXE's taken apart."""
    return tuple(
        DhcpOption(code, content, _suboptions(bytes.fromhex(content)) if code == IPXE_OPTIONS else ())
        for code, content in contents.items()
    )


def _suboptions(content: bytes) -> tuple[DhcpOption, ...]:
    found, offset = [], 0
    while offset + 1 < len(content):
        end = offset + 2 + content[offset + 1]
        found.append(DhcpOption(content[offset], content[offset + 2 : end].hex()))
        offset = end
    return tuple(found)


def dhcp(guest_s: float, message: str, options: Mapping[int, str] | None = None, **changes: Any) -> Dhcp:
    """Return a message of the guest."""
    fields: dict[str, Any] = {"reply": False, "xid": "2bc63215", "client_mac": "52:54:00:12:34:56"} | changes
    return Dhcp(guest_s=guest_s, from_guest=True, message=message, options=dhcp_options(options or {}), **fields)


def answer(guest_s: float, message: str) -> Dhcp:
    """Return a message of the server."""
    return Dhcp(guest_s=guest_s, from_guest=False, message=message, reply=True, xid="2bc63215")


def _wire(boot: Boot) -> list[Event]:
    start = boot.first_packet_s
    events = list(boot.other)
    for (offset, message), secs in zip(boot.messages, [*boot.secs, *[0] * 9], strict=False):
        options = dict(boot.options)
        if message == "request":
            options = dict(boot.request_options) if boot.request_options is not None else {**options, 50: "0a000210"}
        events.append(dhcp(start + offset, message, options, **{"secs": secs, **boot.dhcp}))
    if boot.answered:
        events += [answer(start + 0.01, "offer"), answer(start + boot.ack_s, "ack")]
    for file, pairs, length in boot.tftp:
        events += _fetch(boot, file, tuple(pairs), length)
    for code, text in boot.tftp_errors:
        events.append(TftpError(guest_s=start + boot.last_byte_s, from_guest=True, code=code, text=text))
    events += [structs.replace(request, guest_s=start + boot.last_byte_s + 0.01) for request in boot.http]
    return events


def _fetch(boot: Boot, file: str, options: tuple[tuple[str, str], ...], length: int) -> tuple[Event, Event]:
    asked_s, block_length = boot.first_packet_s + boot.request_s, int(dict(options).get("blksize", "512"))
    request = TftpRequest(guest_s=asked_s, from_guest=True, operation="read", file=file, mode="octet", options=options)
    transfer = TftpTransfer(
        guest_s=asked_s + 0.1,
        from_guest=False,
        file=file,
        block_length=block_length,
        blocks=length // block_length + 1,
        bytes=length,
        end_guest_s=boot.first_packet_s + boot.last_byte_s,
        completed=True,
    )
    return request, transfer


def http_request(headers: Mapping[str, str | None] | None = None, **changes: Any) -> HttpRequest:
    """Return an HTTP request; a header that is None is left out."""
    names = {"Connection": "keep-alive", "User-Agent": "iPXE/1.0.0+", "Host": "10.0.2.1", **(headers or {})}
    fields: dict[str, Any] = {"method": "GET", "target": "/nbp.0", "version": "HTTP/1.1"} | changes
    pairs = tuple((name, value) for name, value in names.items() if value is not None)
    return HttpRequest(guest_s=0.0, from_guest=True, headers=pairs, **fields)


def difference(**changes: Any) -> Difference:
    """Return a difference that tests can bend, by its fields and those of its finding."""
    plain = Difference(
        rule="dhcp-user-class",
        key=CellKey("pxe-tftp", "e1000", "pc", "seabios"),
        finding=Finding(
            severity=Severity.CHANGE,
            subject="user class",
            baseline="gPXE",
            candidate="iPXE",
            statement='the user class is "{candidate}", it was "{baseline}"',
        ),
        confirmation=Confirmation.NOT_NEEDED,
    )
    own = {name: changes.pop(name) for name in ("rule", "key", "confirmation", "waiver") if name in changes}
    return replace(plain, finding=replace(plain.finding, **changes), **own)
