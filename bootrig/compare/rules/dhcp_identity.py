"""Who the guest says it is when it asks for an address: servers choose the boot file by it."""

from collections.abc import Iterator

from bootrig.compare.dhcp_messages import Read, iter_unequal
from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import rule

CHOOSES = "DHCP servers that choose the boot file by it may choose another"


def _changes(pair: CellPair, read: Read, subject: str, statement: str, why: str) -> Iterator[Finding]:
    for where, baseline, candidate in iter_unequal(pair, read):
        yield Finding(Severity.CHANGE, f"{subject}{where}", baseline, candidate, f"{statement}{where}", why)


@rule(
    "dhcp-vendor-class",
    topics={"vendor-class", "dhcp-options"},
    owns_dhcp_options={60},
    follows_from=("network-client",),
)
def check_vendor_class(pair: CellPair) -> Iterator[Finding]:
    """Is the vendor class (option 60) the same? A change: servers choose the boot file by it."""
    statement = 'the vendor class is "{candidate}", it was "{baseline}"'
    return _changes(pair, lambda message: message.find_text(60), "vendor class", statement, CHOOSES)


@rule(
    "dhcp-user-class", topics={"user-class", "dhcp-options"}, owns_dhcp_options={77}, follows_from=("network-client",)
)
def check_user_class(pair: CellPair) -> Iterator[Finding]:
    """Is the user class (option 77) the same? A change: `gPXE` or `iPXE` breaks the loop of chained boot loaders."""
    statement = 'the user class is "{candidate}", it was "{baseline}"'
    why = "servers that give a script to one user class and the boot loader to the rest send the wrong one, or loop"
    return _changes(pair, lambda message: message.find_text(77), "user class", statement, why)


@rule("dhcp-architecture", topics={"dhcp-options"}, owns_dhcp_options={93}, follows_from=("network-client",))
def check_architecture(pair: CellPair) -> Iterator[Finding]:
    """Is the client architecture (option 93, RFC 4578 2.1) the same? A change."""
    statement = "the client architecture is {candidate}, it was {baseline}"
    return _changes(pair, lambda message: message.find_hex(93), "client architecture", statement, CHOOSES)


@rule("dhcp-network-interface", topics={"dhcp-options"}, owns_dhcp_options={94}, follows_from=("network-client",))
def check_network_interface(pair: CellPair) -> Iterator[Finding]:
    """Is the network interface identifier (option 94, RFC 4578 2.2: the UNDI version) the same? Info."""
    for where, baseline, candidate in iter_unequal(pair, lambda message: message.find_hex(94)):
        statement = f"the network interface identifier is {{candidate}}, it was {{baseline}}{where}"
        yield Finding(Severity.INFO, f"network interface identifier{where}", baseline, candidate, statement)


@rule("dhcp-client-id", topics={"dhcp-options"}, owns_dhcp_options={61}, follows_from=("network-client", "mac"))
def check_client_id(pair: CellPair) -> Iterator[Finding]:
    """Is the client identifier (option 61) of the same kind?

    A change: servers keep leases and reservations by it. Two guests' own values may differ, so compared are length,
    type and, where both hold the same bytes, their order.
    """
    why = "servers that keep leases and reservations by it give another address"
    return _identifiers(pair, 61, "client identifier", why)


@rule("dhcp-uuid", topics={"dhcp-options"}, owns_dhcp_options={97}, follows_from=("network-client",))
def check_uuid(pair: CellPair) -> Iterator[Finding]:
    """Is the machine identifier (option 97, RFC 4578 2.3) there, and its bytes in the same order? A change."""
    return _identifiers(pair, 97, "machine identifier", "servers that know machines by it no longer know them")


def _identifiers(pair: CellPair, code: int, name: str, why: str) -> Iterator[Finding]:
    for where, baseline, candidate in iter_unequal(pair, lambda message: message.find_hex(code)):
        if isinstance(baseline, str) and isinstance(candidate, str) and not _differ_in_kind(baseline, candidate):
            continue
        statement = f"the {name} is {{candidate}}, it was {{baseline}}{where}"
        yield Finding(Severity.CHANGE, f"{name}{where}", baseline, candidate, statement, why)


def _differ_in_kind(baseline: str, candidate: str) -> bool:
    first, second = bytes.fromhex(baseline), bytes.fromhex(candidate)
    if len(first) != len(second) or first[:1] != second[:1]:
        return True
    return sorted(first) == sorted(second)
