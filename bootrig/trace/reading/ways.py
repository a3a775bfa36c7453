"""The way by which the program that reports was loaded: by whom, and over which protocol.

Said only where the packets and the console show it; empty words are for what nobody can tell.
"""

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from bootrig.trace.events import Dhcp, HttpRequest, HttpResponse, Tcp, TftpTransfer
from bootrig.trace.reading.network_client import PRODUCTS, find_network_client
from bootrig.trace.trace import Milestone, Trace
from firmware.probe.registry import REPORT_MILESTONES

LOADERS: Mapping[str, str] = {
    "rom": "the ROM",
    "script": "a script",
    "menu": "a boot menu",
    "bios": "the BIOS",
    "uefi": "the platform firmware's own client",
    "nbp": "a second stage",
}
PROTOCOLS: Mapping[str, str] = {
    "tftp": "TFTP",
    "http": "HTTP",
    "https": "HTTPS",
    "nfs": "NFS",
    "san": "a storage network",
    "disk": "the disk",
}
# What GRUB and PXELINUX say first, and SeaBIOS (src/boot.c) before it loads a boot sector.
_SECOND_STAGE = re.compile(r"Welcome to GRUB!|PXELINUX \d")
_FROM_DISK = "Booting from Hard Disk"
_BOOT_SERVER_PORT, _BOOT_FILE, _HTTP_PORT = 4011, 67, 80


def name_ways(trace: Trace) -> tuple[Milestone, ...]:
    """Return the milestones of a boot; of the program that reported they say how it was loaded."""
    names = {REPORT_MILESTONES.get(report.kind, report.kind): report.kind for report in trace.reports}
    return tuple(
        replace(milestone, by=way[0], over=way[1])
        if milestone.name in names and (way := find_way(trace, names[milestone.name]))
        else milestone
        for milestone in trace.milestones
    )


def find_way(trace: Trace, kind: str) -> tuple[str, str]:
    """Return by whom, and over which protocol, the probe of this kind was loaded: words of LOADERS and PROTOCOLS."""
    if kind == "disk":
        by_bios = any(line.text.startswith(_FROM_DISK) for line in trace.console)
        return ("bios", "disk") if by_bios else ("", "")
    loaded = _find_loaded(trace)
    return ("", "") if loaded is None else (_find_loader(trace, *loaded), loaded[0])


def _find_loaded(trace: Trace) -> tuple[str, str] | None:
    """Return protocol and name of the file that came last; None where something may have come in another way.

    Of files that ended in the same moment, as where QEMU sends several packets at once, that is the one begun last.
    """
    came = [
        event
        for event in trace.wire
        if isinstance(event, TftpTransfer) or (isinstance(event, HttpResponse) and event.status == 200)
    ]
    last = max(came, key=lambda event: (event.end_guest_s, event.frame), default=None)
    if last is None or not last.completed or _opens_later(trace, last.end_guest_s):
        return None
    if isinstance(last, TftpTransfer):
        return "tftp", last.file
    asked = [
        event.target
        for event in trace.wire
        if isinstance(event, HttpRequest) and event.connection == last.connection and event.guest_s <= last.guest_s
    ]
    return ("http", asked[-1]) if asked else None


def _opens_later(trace: Trace, guest_s: float) -> bool:
    """Whether the guest opened a connection afterwards whose content is not read: HTTPS, iSCSI, NFS."""
    return any(
        isinstance(event, Tcp) and event.from_guest and event.guest_s > guest_s and event.destination_port != _HTTP_PORT
        for event in trace.wire
    )


def _find_loader(trace: Trace, protocol: str, name: str) -> str:
    """Return who loaded the file `name`."""
    if name in set(_iter_boot_files(trace)):
        client = find_network_client(trace) or ""
        return "rom" if client in PRODUCTS else "uefi" if client.startswith("OVMF") else ""
    if any(_SECOND_STAGE.match(line.text) for line in trace.console):
        return "nbp"
    uri = re.compile(rf"{protocol}://[^/\s]+/+{re.escape(name.lstrip('/'))}\.*(?: |$)")
    return "script" if any(uri.match(line.text.strip()) for line in trace.console) else ""


def _iter_boot_files(trace: Trace) -> Iterator[str]:
    """Yield the names by which DHCP servers told the first program about the boot file, as they are asked for."""
    for event in trace.wire:
        if isinstance(event, TftpTransfer | HttpResponse):
            return  # from here on another program may ask
        if isinstance(event, Dhcp) and not event.from_guest and event.source_port != _BOOT_SERVER_PORT:
            for name in (event.boot_file_name, event.find_text(_BOOT_FILE)):
                if name:
                    yield re.sub(r"\\x00$", "", name)
                    yield re.sub(r"^\w+://[^/]+", "", name)


def find_wrong_way(trace: Trace) -> str | None:
    """Return in words that the program that was to report came by another way than the scenario is about."""
    expected = trace.expected
    milestone = trace.find_milestone(REPORT_MILESTONES.get(expected.report, expected.report))
    if milestone is None:
        return None
    pairs = ((expected.by, milestone.by), (expected.over, milestone.over))
    if not any(asked and seen and asked != seen for asked, seen in pairs):
        return None
    ways = (_spell(milestone.by, milestone.over), _spell(expected.by, expected.over))
    return "the {} program was loaded{}, the scenario is about one that is loaded{}".format(expected.report, *ways)


def _spell(by: str, over: str) -> str:
    return "".join((f" by {LOADERS[by]}" if by else "", f" over {PROTOCOLS[over]}" if over else ""))
