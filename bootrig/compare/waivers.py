"""Waivers: differences that somebody accepts, with the reason.

[[waiver]]
rule = "rom-bar"                    # a rule's name, or a pattern: "dhcp-*"
nic = ["e1000", "virtio-*"]         # patterns; what is not given meets everything
scenario = ["pxe-*"]
machine = ["pc"]
platform-firmware = ["seabios"]
subject = "feature *"
reason = "migration starts from empty hosts"
expires = 2031-01-01
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from bootrig.compare.difference import Difference
from bootrig.compare.rules import RULES
from bootrig.document.toml import Document, TableReader, load_document, suggest

KEY_FIELDS = ("nic", "scenario", "machine", "platform-firmware", "emulator")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted kind of difference. Patterns are those of the shell; an empty tuple meets everything.

    Attributes:
        rule: pattern of the rule's name.
        reason: why it is accepted.
        nic_models: patterns of NIC models.
        scenarios: patterns of scenarios.
        machines: patterns of machine types.
        platform_firmwares: patterns of platform firmwares.
        emulators: patterns of emulators.
        subject: pattern of the subject.
        expires: the last day on which it holds; None for ever.
    """

    rule: str
    reason: str
    nic_models: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    platform_firmwares: tuple[str, ...] = ()
    emulators: tuple[str, ...] = ()
    subject: str = "*"
    expires: datetime.date | None = None

    def accepts(self, difference: Difference) -> bool:
        """Whether it is about `difference`, apart from its date."""
        if not fnmatchcase(difference.rule, self.rule) or not fnmatchcase(difference.subject, self.subject):
            return False
        key = difference.key
        patterns = (self.nic_models, self.scenarios, self.machines, self.platform_firmwares, self.emulators)
        if key is None:
            return not any(patterns)
        names = (key.nic_model, key.scenario, key.machine, key.platform_firmware, key.emulator)
        return all(_meets(name, some) for name, some in zip(names, patterns, strict=True))

    def is_expired(self, today: datetime.date) -> bool:
        """Whether it does not hold any more."""
        return self.expires is not None and today > self.expires


def _meets(name: str, patterns: tuple[str, ...]) -> bool:
    # The brackets of a scenario's variant are no pattern of the shell.
    return not patterns or any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers in the TOML file `path`.

    Raises:
        DocumentError: it cannot be read or says something wrong; all problems at once.
    """
    document = load_document(path)
    waivers = tuple(_read_waiver(document, table) for table in document.root.tables("waiver", required=True))
    document.finish()
    return waivers


def _read_waiver(document: Document, table: TableReader) -> Waiver:
    rule = table.string("rule")
    if rule and not any(fnmatchcase(name, rule) for name in RULES):
        table.add_problem("rule", f'found "{rule}", expected the name of a rule or a pattern{suggest(rule, RULES)}')
    expires = table.free_value("expires")
    if expires is not None and type(expires) is not datetime.date:
        table.add_problem("expires", f"found {expires!r}, expected a date: 2031-01-01")
        expires = None
    nics, scenarios, machines, firmwares, emulators = (table.strings(name, default=()) for name in KEY_FIELDS)
    return Waiver(
        rule=rule,
        reason=table.string("reason", pattern=r"(?s).*\S.*", expected="a reason in words"),
        nic_models=nics,
        scenarios=scenarios,
        machines=machines,
        platform_firmwares=firmwares,
        emulators=emulators,
        subject=table.string("subject", default="*"),
        expires=expires,
    )


def apply_waivers(
    differences: Iterable[Difference], waivers: Sequence[Waiver], today: datetime.date
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Return the differences, the accepted ones with their reason, and notes on waivers that expired or met nothing."""
    used: set[int] = set()
    missed: set[int] = set()
    result = []
    for difference in differences:
        accepting = [index for index, waiver in enumerate(waivers) if waiver.accepts(difference)]
        holding = [index for index in accepting if not waivers[index].is_expired(today)]
        used.update(accepting)
        missed.update(index for index in accepting if not holding)
        result.append(replace(difference, waiver=waivers[holding[0]].reason) if holding else difference)
    notes = []
    for index, waiver in enumerate(waivers):
        if index in missed:
            notes.append(f'the waiver of {waiver.rule} ("{waiver.reason}") expired on {waiver.expires}')
        elif index not in used:
            notes.append(f'the waiver of {waiver.rule} ("{waiver.reason}") met no difference: it can go')
    return tuple(result), tuple(notes)
