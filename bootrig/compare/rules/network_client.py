"""Which network stack booted: it explains most of what else differs in such a boot."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import rule
from bootrig.trace.reading.network_client import PRODUCTS, find_network_client


@rule(
    "network-client",
    topics={
        *("user-class", "vendor-class", "option-175", "dhcp-options"),
        *("script-magic", "commands", "image-formats", "prompts", "banner"),
    },
    depends_on_scenario=False,
    follows_from=("lint",),
)
def check_network_client(pair: CellPair) -> Iterator[Finding]:
    """Does the same network stack send the first DHCP DISCOVER: iPXE, gPXE, or the platform firmware's own client?

    A change: with another stack come other DHCP options, and scripts and commands of iPXE are iPXE's only.
    """
    first, second = (find_network_client(trace) for trace in pair.sides)
    if first is None or second is None or first == second:
        return
    why = "DHCP servers and scripts that expect the other one no longer fit"
    if first in PRODUCTS and second not in PRODUCTS:
        why = f"the ROM's own network stack does not run, so there are no scripts, commands and options of {first}"
    statement = "{candidate} asks for an address, with the baseline it was {baseline}"
    yield Finding(Severity.CHANGE, "network client", first, second, statement, why)
