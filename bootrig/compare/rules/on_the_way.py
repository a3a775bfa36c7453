"""What failed on the way of a boot that passed."""

import re
from collections.abc import Iterator, Sequence

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Needs, rule

_NUMBER = re.compile(r" \([0-9a-f]{8}\)")
# complaints of older and newer iPXEs about one thing: what was to be booted
_IMAGE = re.compile(r"^(?:Could not (?:chain|boot) image|Nothing to boot|No filename or root path specified)$")
_WORDS = re.compile(r"(?:: |\.\.\. )[^:]{0,200}$")


@rule(
    "on-the-way",
    topics={"commands"},
    needs=Needs.CLOCK,
    witnesses=lambda trace: trace.passed,
    follows_from=("network-client", "outcome"),
)
def check_on_the_way(pair: CellPair) -> Iterator[Finding]:
    """Do the same commands and requests fail on the way, where both boots passed?

    One that newly fails is a change: the script went on by another way. One that fails no longer is an improvement, and
    other words for the same failure are an info. Numbers of errors are not compared: they change with the source.
    """
    if not pair.both_passed:
        return
    first, second = (_index(trace.outcome.on_the_way) for trace in pair.sides)
    for what, new in second.items():
        if what not in first:
            why = "the boot went on by another way, which not every script has"
            yield Finding(Severity.CHANGE, what, None, new, 'on the way this newly fails: "{candidate}"', why)
        elif _NUMBER.sub("", new) != _NUMBER.sub("", first[what]):
            statement = 'the failure "{baseline}" on the way is now told as "{candidate}"'
            yield Finding(Severity.INFO, what, first[what], new, statement)
    for what, old in first.items():
        if what not in second:
            yield Finding(Severity.IMPROVEMENT, what, old, None, 'on the way this fails no longer: "{baseline}"')


def _index(complaints: Sequence[str]) -> dict[str, str]:
    """Return complaints by what failed: without the words of the error and its number."""
    found: dict[str, str] = {}
    for complaint in complaints:
        what = _WORDS.sub("", _NUMBER.sub("", complaint))
        found.setdefault(_IMAGE.sub("Could not boot image", what), complaint)
    return found
