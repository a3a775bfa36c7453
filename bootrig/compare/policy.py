"""Policies: what a site relies on, and what it accepts.

relies_on = ["user-class", "script-magic"]   # changes of rules with these topics are regressions
fail_on = "change"                           # or "regression", the default

[tolerance]
wait_s = 0.5                                 # how far waits of the guest may differ, which its timers make
work_share = 0.25                            # how far the instructions that it runs may differ

[[waiver]]                                   # as in a file of waivers
id = "start-time@pxe-tftp/*/pc"
reason = "the new entropy gathering, accepted by the platform group"
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bootrig.compare.difference import Difference
from bootrig.compare.finding import Severity
from bootrig.compare.registry import TOPICS
from bootrig.compare.rules import RULES
from bootrig.compare.tolerance import SMALLEST, TOLERANCE, Tolerance
from bootrig.compare.waivers import Waiver, read_waivers
from bootrig.document.toml import TableReader, load_document, suggest


class FailOn(StrEnum):
    """The mildest severity with which a comparison ends badly (exit status 1)."""

    REGRESSION = "regression"
    CHANGE = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a site relies on, and what it accepts.

    Attributes:
        relies_on: topics; changes that rules with one of them find are regressions.
        strict: whether every change is a regression.
        fail_on: the mildest severity with which a comparison ends badly.
        tolerance: how far times may differ.
        waivers: differences that are accepted; what is waived stays waived.
    """

    relies_on: Set[str] = frozenset()
    strict: bool = False
    fail_on: FailOn = FailOn.REGRESSION
    tolerance: Tolerance = TOLERANCE
    waivers: tuple[Waiver, ...] = ()

    def apply(self, differences: Iterable[Difference]) -> list[Difference]:
        """Return the differences, those changes that this site relies on as regressions, which say why."""
        return [self._judge(entry) for entry in differences]

    def _judge(self, entry: Difference) -> Difference:
        relied_on = sorted(self.relies_on & RULES[entry.rule].topics)
        if entry.finding.severity is not Severity.CHANGE or not (self.strict or relied_on):
            return entry
        why = f"the policy relies on {', '.join(relied_on)}" if relied_on else "the policy is strict"
        return replace(entry, finding=replace(entry.finding, severity=Severity.REGRESSION), policy=why)

    def find_notes(self) -> list[str]:
        """Return what people should know of the policy: topics that no rule looks at."""
        known = {topic for rule in RULES.values() for topic in rule.topics}
        return [f"the policy relies on {topic}, which no rule looks at yet" for topic in sorted(self.relies_on - known)]


STRICT = Policy(strict=True)


def load_policy(path: Path) -> Policy:
    """Return the policy in the TOML file `path`.

    Raises:
        DocumentError: it cannot be read or says something wrong; all problems at once.
    """
    document = load_document(path)
    root = document.root
    policy = Policy(
        relies_on=_read_topics(root),
        fail_on=root.choice("fail_on", FailOn, FailOn.REGRESSION),
        tolerance=_read_tolerance(root.optional_table("tolerance")),
        waivers=read_waivers(root, required=False),
    )
    document.finish()
    return policy


def _read_topics(root: TableReader) -> frozenset[str]:
    topics = root.strings("relies_on", default=())
    for index, topic in enumerate(topics):
        if topic not in TOPICS:
            known = ", ".join(TOPICS)
            place = f"{root.place('relies_on')}[{index}]"
            hint = suggest(topic, TOPICS)
            root.document.add_problem(place, f'found "{topic}", expected a topic{hint} (there are {known})')
    return frozenset(topics).intersection(TOPICS)


def _read_tolerance(table: TableReader | None) -> Tolerance:
    if table is None:
        return TOLERANCE
    return Tolerance(
        wait_s=table.number("wait_s", TOLERANCE.wait_s, minimum=SMALLEST.wait_s),
        work_share=table.number("work_share", TOLERANCE.work_share, minimum=SMALLEST.work_share),
    )
