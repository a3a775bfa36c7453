"""What lint finds in the ROMs that are booted: errors, or what the candidate has and the baseline does not."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from firmware.lint.check import lint_set
from firmware.lint.finding import Finding, Severity
from firmware.lint.rule import LintOptions
from firmware.lint.subject import SetSubject, examine_set
from firmware.nic import find_nic_model
from firmware.romset import DEFAULT_ROM_NAME, RomSet


def find_new(baseline: RomSet, candidate: RomSet, nic_models: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings that only the candidate has, about the ROMs of the NIC models that are tried."""
    mine, theirs = (_choose(rom_set, nic_models) for rom_set in (candidate, baseline))
    return tuple(finding for finding in lint_set(mine, LintOptions(baseline=theirs)) if finding.is_new)


def find_errors(rom_set: RomSet, nic_models: Collection[str]) -> tuple[Finding, ...]:
    """Return the errors that lint finds in the ROMs of the NIC models that are tried."""
    findings = lint_set(_choose(rom_set, nic_models))
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def find_named(rom_set: RomSet) -> tuple[Finding, ...]:
    """Return what lint finds in a set, with the names under which its ROMs are installed."""
    subject = examine_set(rom_set)
    names = {rom.file: rom.installed_name for rom in subject.roms}
    return tuple(replace(finding, file=names.get(finding.file, "")) for finding in lint_set(subject))


def choose_named(findings: Iterable[Finding], nic_models: Collection[str]) -> tuple[Finding, ...]:
    """Return those of named findings that are about the ROMs of the NIC models that are tried, or about the set."""
    stems = _find_stems(nic_models)
    return tuple(finding for finding in findings if not finding.file or _find_stem(finding.file) in stems)


def find_new_named(baseline: Iterable[Finding], candidate: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the named findings that only the candidate has, where one side's ROMs are not at hand."""
    known = {(finding.rule, finding.file, finding.message) for finding in baseline}
    return tuple(
        replace(finding, is_new=True)
        for finding in candidate
        if (finding.rule, finding.file, finding.message) not in known
    )


def _choose(rom_set: RomSet, nic_models: Collection[str]) -> SetSubject:
    """Return a set's ROMs for some NICs under lint: what else there is or is not does not matter."""
    stems = _find_stems(nic_models)
    subject = examine_set(rom_set)
    return replace(subject, roms=tuple(rom for rom in subject.roms if rom.stem in stems), is_whole=False)


def _find_stems(nic_models: Collection[str]) -> set[str]:
    return {model.rom_stem for name in nic_models if (model := find_nic_model(name)) is not None}


def _find_stem(file: str) -> str:
    match = DEFAULT_ROM_NAME.fullmatch(file)
    return match["stem"] if match else ""
