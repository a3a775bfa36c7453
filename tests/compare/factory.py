"""Traces made field by field, as a good boot of a real ROM would leave them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bootrig.compare import Confirmation, Difference, Severity
from bootrig.trace.trace import (
    CellKey,
    Milestone,
    Outcome,
    OutcomeStatus,
    RomEvidence,
    TimeMode,
    Trace,
    WireEvent,
)

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
    time_mode: TimeMode = TimeMode.VIRTUAL
    passed: bool = True
    milestone: str = "nbp-entered"
    reason: str = ""
    retransmissions: int = 0
    file_length: int = 160 * KIB
    bar_length: int = 256 * KIB
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
    first_packet_s: float = 70.0
    ack_s: float = 3.1
    request_s: float = 3.6
    last_byte_s: float = 4.4
    nbp_s: float | None = 4.5
    disk_s: float | None = None
    tftp: Sequence[tuple[str, Sequence[tuple[str, str]], int]] = (
        ("nbp.0", (("blksize", "1432"), ("tsize", "0")), 42430),
    )
    tftp_errors: Sequence[tuple[int, str]] = ()
    http: Sequence[Mapping[str, Any]] = ()
    other: Sequence[WireEvent] = ()

    @property
    def key(self) -> CellKey:
        return CellKey(self.scenario, self.nic, self.machine, self.firmware)


def trace(boot: Boot) -> Trace:
    """Return the trace of `boot`."""
    return Trace(
        key=boot.key,
        rom_set=boot.rom_set,
        time_mode=boot.time_mode,
        outcome=Outcome(
            OutcomeStatus.PASSED if boot.passed else OutcomeStatus.FAILED,
            boot.milestone,
            boot.reason,
            boot.retransmissions,
        ),
        rom=RomEvidence("efi.rom", 1, boot.bar_length, boot.file_length, "0" * 64),
        milestones=_milestones(boot),
        wire=tuple(sorted(_wire(boot), key=lambda event: event.guest_s)),
        console=CONSOLE.format(
            product=boot.product,
            version=boot.version,
            features=boot.features,
            prompt=boot.prompt,
            tail=boot.tail,
        )
        if boot.console is None
        else boot.console,
        usage={"wall_s": 0.5},
        directory=f"cells/{boot.rom_set}/{boot.key.label}",
    )


def _milestones(boot: Boot) -> tuple[Milestone, ...]:
    found = []
    if boot.nbp_s is not None:
        found.append(Milestone("nbp-entered", boot.first_packet_s + boot.nbp_s, 0.4, "nonce"))
    if boot.disk_s is not None:
        found.append(Milestone("disk-booted", boot.first_packet_s + boot.disk_s, 0.4, "nonce"))
    return tuple(found)


def _wire(boot: Boot) -> list[WireEvent]:
    start = boot.first_packet_s
    events = list(boot.other)
    for (offset, message), secs in zip(boot.messages, [*boot.secs, *[0] * 9], strict=False):
        options = dict(boot.options)
        if message == "request":
            options = dict(boot.request_options) if boot.request_options is not None else {**options, 50: "0a000210"}
        facts = {
            "message": message,
            "xid": "2bc63215",
            "client_mac": "52:54:00:12:34:56",
            "secs": secs,
            "flags": 0,
            "options": [{"code": code, "hex": content, "value": None} for code, content in options.items()],
            **boot.dhcp,
        }
        events.append(WireEvent("dhcp", start + offset, True, facts))
    if boot.answered:
        events.append(WireEvent("dhcp", start + 0.01, False, {"message": "offer", "options": []}))
        events.append(WireEvent("dhcp", start + boot.ack_s, False, {"message": "ack", "options": []}))
    for file, options, length in boot.tftp:
        block_length = int(dict(options).get("blksize", "512"))
        request = {"file": file, "mode": "octet", "options": [list(pair) for pair in options]}
        transfer = {
            "file": file,
            "block_length": block_length,
            "blocks": length // block_length + 1,
            "bytes": length,
            "end_guest_s": start + boot.last_byte_s,
            "completed": True,
        }
        events.append(WireEvent("tftp-request", start + boot.request_s, True, request))
        events.append(WireEvent("tftp-transfer", start + boot.request_s + 0.1, False, transfer))
    for code, text in boot.tftp_errors:
        events.append(WireEvent("tftp-error", start + boot.last_byte_s, True, {"code": code, "text": text}))
    for facts in boot.http:
        events.append(WireEvent("http-request", start + boot.last_byte_s + 0.01, True, facts))
    return events


def http_request(**changes: Any) -> dict[str, Any]:
    """Return the facts of an HTTP request; `headers` takes a mapping."""
    headers = {"Connection": "keep-alive", "User-Agent": "iPXE/1.0.0+", "Host": "10.0.2.1"}
    headers |= changes.pop("headers", {})
    return {
        "method": "GET",
        "target": "/nbp.0",
        "version": "HTTP/1.1",
        "headers": [[name, value] for name, value in headers.items() if value is not None],
        "user_agent": headers["User-Agent"],
        **changes,
    }


def difference(**changes: Any) -> Difference:
    """Return a difference that tests can bend."""
    plain = Difference(
        rule="dhcp-user-class",
        severity=Severity.CHANGE,
        key=CellKey("pxe-tftp", "e1000", "pc", "seabios"),
        subject="user class",
        baseline="gPXE",
        candidate="iPXE",
        statement='the user class is "{candidate}", it was "{baseline}"',
        confirmation=Confirmation.NOT_NEEDED,
    )
    return replace(plain, **changes)
