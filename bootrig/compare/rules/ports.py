"""From which ports the guest asks servers."""

from collections.abc import Callable, Iterator, Mapping

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule
from bootrig.trace.events import Dns, Tcp, TftpRequest
from bootrig.trace.reading.wire import iter_guest
from bootrig.trace.trace import Trace

LOWEST_FREE_PORT = 1024
WELL_KNOWN, LOWEST, OTHER = "well-known", "the lowest that is free, 1024", "others"


def _first_tftp(trace: Trace) -> int | None:
    return next((event.client_port for event in iter_guest(trace, TftpRequest)), None)


def _first_tcp(trace: Trace) -> int | None:
    return next((event.source_port for event in iter_guest(trace, Tcp)), None)


def _first_dns(trace: Trace) -> int | None:
    return next((event.source_port for event in iter_guest(trace, Dns)), None)


FIRST_PORTS: Mapping[str, Callable[[Trace], int | None]] = {"TFTP": _first_tftp, "TCP": _first_tcp, "DNS": _first_dns}


def _describe(port: int | None) -> str | None:
    """Return what one boot proves of a port; None for none (a port of 0 is one that the trace does not tell)."""
    if not port:
        return None
    return WELL_KNOWN if port < LOWEST_FREE_PORT else LOWEST if port == LOWEST_FREE_PORT else OTHER


@rule("source-ports", topics={"tftp", "dns"}, needs=Needs.CLOCK, follows_from=("network-client",))
def check_source_ports(pair: CellPair) -> Iterator[Finding]:
    """Is the first port from which the guest asks by TFTP, TCP and DNS of the same kind? Info.

    The kinds are those that a single boot proves: a well-known port, the lowest free one (1024: the guest counts up
    from there), and any other. Which other one it is, is a matter of chance.
    """
    for protocol, read in FIRST_PORTS.items():
        first, second = (_describe(read(trace)) for trace in pair.sides)
        if first and second and first != second:
            statement = f"the kind of the guest's first source port for {protocol}: {{candidate}}, it was {{baseline}}"
            why = "firewalls that tell answers by their ports may notice it"
            yield Finding(Severity.INFO, f"{protocol} source port", first, second, statement, why)
