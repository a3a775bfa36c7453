"""Running the rules."""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module

from firmware.lint import rules
from firmware.lint.finding import Fault, Finding
from firmware.lint.rule import ROM_RULES, SET_RULES, LintOptions, Rule
from firmware.lint.subject import RomSubject, SetSubject

# Rules register themselves when their module is imported: a new rule is a new file.
for _module in sorted(module.name for module in pkgutil.iter_modules(rules.__path__)):
    import_module(f"{rules.__name__}.{_module}")


def all_rules() -> Mapping[str, Rule]:
    """Return every rule by its name: those for a ROM by structure, then those for a set."""
    return {**ROM_RULES, **SET_RULES}


def lint_rom(rom: RomSubject) -> tuple[Finding, ...]:
    """Return what the rules for one ROM find, in the order of its bytes."""
    end = len(rom.content)
    findings = [_finding(rule, fault, rom.file, end) for rule in ROM_RULES.values() for fault in rule.check(rom)]
    return tuple(sorted(findings, key=lambda finding: -1 if finding.offset is None else finding.offset))


def lint_set(roms: SetSubject, options: LintOptions | None = None) -> tuple[Finding, ...]:
    """Return what the rules find in a ROM set, file by file, then about the set; with a baseline, whether it is new."""
    findings = _find_all(roms, options or LintOptions())
    if options is None or options.baseline is None:
        return findings
    earlier = _find_all(options.baseline, LintOptions(options.maximum_bar_length))
    before = set(_identify(earlier, options.baseline))
    found = zip(findings, _identify(findings, roms), strict=True)
    return tuple(replace(finding, is_new=identity not in before) for finding, identity in found)


def _identify(findings: Iterable[Finding], roms: SetSubject) -> Iterator[tuple[str, str, str]]:
    """Yield what makes findings the same in two sets, whatever these, their directories and their files are called."""
    names = {rom.file: rom.installed_name for rom in roms.roms}
    return ((finding.rule, names.get(finding.file, ""), finding.message) for finding in findings)


def _find_all(roms: SetSubject, options: LintOptions) -> tuple[Finding, ...]:
    about_roms = [finding for rom in roms.roms for finding in lint_rom(rom)]
    about_set = [
        _finding(rule, fault, roms.name) for rule in SET_RULES.values() for fault in _faults_of_set(rule, roms, options)
    ]
    return (*about_roms, *about_set)


def _faults_of_set(rule: Rule, roms: SetSubject, options: LintOptions) -> Iterable[Fault]:
    if (rule.needs_whole_set and not roms.is_whole) or (rule.needs_baseline and options.baseline is None):
        return ()
    return rule.check(roms, options.baseline if rule.needs_baseline else options)


def _finding(rule: Rule, fault: Fault, file: str, file_length: int | None = None) -> Finding:
    """Return the finding for a fault; an offset behind the end of the file is left out."""
    offset = fault.offset
    if offset is not None and file_length is not None and offset >= file_length:
        offset = None
    return Finding(rule.name, fault.severity or rule.severity, fault.message, fault.file or file, offset, fault.length)
