"""The hardware address that the guest sends from."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import rule
from bootrig.trace.events import Arp, Dhcp
from bootrig.trace.trace import Trace

NIC = "nic0"


def _iter_claims(trace: Trace) -> Iterator[tuple[str, str]]:
    """Yield each hardware address that the guest sends as its own, and where."""
    for event in trace.wire:
        if event.from_guest and event.interface == NIC:
            yield event.ethernet_source, "Ethernet header"
            match event:
                case Dhcp():
                    yield event.client_mac, "DHCP field chaddr"
                case Arp():
                    yield event.sender_mac, "ARP sender"


def _foreign(trace: Trace) -> dict[tuple[str, str], None]:
    """Return the addresses that are not the device's, and where the guest sends them."""
    return dict.fromkeys(claim for claim in _iter_claims(trace) if claim[0] not in {"", trace.rom.mac})


def _spell(foreign: dict[tuple[str, str], None], own: str) -> str:
    """Return addresses with their places: `02:00:00:00:00:01 (Ethernet header, ARP sender)`."""
    places: dict[str, list[str]] = {}
    for mac, place in foreign:
        places.setdefault(mac, []).append(place)
    return "; ".join(f"{mac} ({', '.join(where)})" for mac, where in places.items()) or own


@rule("mac", topics={"mac"}, depends_on_scenario=False)
def check_mac(pair: CellPair) -> Iterator[Finding]:
    """Does the guest send from its device's own hardware address: in the Ethernet header, to DHCP servers, in ARP?

    An address that is not the device's, where the baseline sends the device's own, is a regression; another one than
    the baseline's, which is not the device's either, a change; the device's own again an improvement.
    """
    if not all(trace.rom.mac for trace in pair.sides):
        return
    first, second = (_foreign(trace) for trace in pair.sides)
    if first == second:
        return
    values = _spell(first, pair.baseline.rom.mac), _spell(second, pair.candidate.rom.mac)
    statement = "the guest sends from {candidate}, it was {baseline}"
    if {place for _, place in second} - {place for _, place in first}:
        statement = f"the guest sends from {{candidate}}, its device has {pair.candidate.rom.mac}"
        why = "servers and switches know machines by the address of the device"
        yield Finding(Severity.REGRESSION, "MAC address", *values, statement, why)
    elif second.keys() - first.keys():
        why = "servers and switches that know the wrong address do not know this one"
        yield Finding(Severity.CHANGE, "MAC address", *values, statement, why)
    elif first.keys() - second.keys():
        yield Finding(Severity.IMPROVEMENT, "MAC address", *values, statement)
