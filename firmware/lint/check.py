"""Running the rules."""

from collections.abc import Mapping

from firmware.lint.finding import Fault, Finding
from firmware.lint.rule import ROM_RULES, SET_RULES, LintOptions, Rule
from firmware.lint.rules import efi, headers, pcir, pnp, romset, undi
from firmware.lint.subject import RomSubject, SetSubject

# The modules register their rules when they are imported; here stands in which order people read them.
RULE_GROUPS = (headers, pcir, pnp, undi, efi, romset)


def all_rules() -> Mapping[str, Rule]:
    """Return every rule by its name, in the order of the rule list."""
    groups = [group.__name__ for group in RULE_GROUPS]
    rules = {**ROM_RULES, **SET_RULES}
    return dict(sorted(rules.items(), key=lambda item: groups.index(item[1].check.__module__)))


def lint_rom(rom: RomSubject) -> tuple[Finding, ...]:
    """Return what the rules for one ROM find, in the order of its bytes."""
    end = len(rom.content)
    findings = [_finding(rule, fault, rom.file, end) for rule in ROM_RULES.values() for fault in rule.check(rom)]
    return tuple(sorted(findings, key=lambda finding: -1 if finding.offset is None else finding.offset))


def lint_set(roms: SetSubject, options: LintOptions | None = None) -> tuple[Finding, ...]:
    """Return what the rules find in a ROM set: file by file, then about the set."""
    options = options or LintOptions()
    about_roms = [finding for rom in roms.roms for finding in lint_rom(rom)]
    about_set = [_finding(rule, fault, roms.name) for rule in SET_RULES.values() for fault in rule.check(roms, options)]
    return (*about_roms, *about_set)


def _finding(rule: Rule, fault: Fault, file: str, file_length: int | None = None) -> Finding:
    """Return the finding for a fault; a place behind the end of the file is no place in it."""
    offset = fault.offset
    if offset is not None and file_length is not None and offset >= file_length:
        offset = None
    return Finding(rule.name, fault.severity or rule.severity, fault.message, fault.file or file, offset, fault.length)
