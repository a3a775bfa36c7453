"""Boots in which a guest did more than the rig's limits keep."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule


@rule("truncated", needs=Needs.CLOCK, follows_from=("network-client", "outcome"), judges_truncated=True)
def check_truncated(pair: CellPair) -> Iterator[Finding]:
    """Did a limit of the rig cut what the guest printed or sent, with the candidate only? A change.

    What is not kept is not compared, on neither side: of such a boot nothing counts but its outcome and its ROM.
    """
    if pair.candidate.truncated and not pair.baseline.truncated:
        statement = "with the candidate the guest prints or sends more than the rig keeps"
        why = "; ".join(pair.candidate.truncated)
        yield Finding(Severity.CHANGE, "limits", None, "more", statement, why)
