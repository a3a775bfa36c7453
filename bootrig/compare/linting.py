"""What lint finds in the ROMs that are booted: errors, or what the candidate has and the baseline does not."""

from collections.abc import Collection
from dataclasses import replace

from firmware.lint.check import lint_set
from firmware.lint.finding import Finding, Severity
from firmware.lint.rule import LintOptions
from firmware.lint.subject import SetSubject, examine_set
from firmware.nic import find_nic_model
from firmware.romset import RomSet


def find_new(baseline: RomSet, candidate: RomSet, nic_models: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings that only the candidate has, about the ROMs of the NIC models that are tried."""
    mine, theirs = (_choose(rom_set, nic_models) for rom_set in (candidate, baseline))
    return tuple(finding for finding in lint_set(mine, LintOptions(baseline=theirs)) if finding.is_new)


def find_errors(rom_set: RomSet, nic_models: Collection[str]) -> tuple[Finding, ...]:
    """Return the errors that lint finds in the ROMs of the NIC models that are tried."""
    findings = lint_set(_choose(rom_set, nic_models))
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def _choose(rom_set: RomSet, nic_models: Collection[str]) -> SetSubject:
    """Return a set's ROMs for some NICs under lint: what else there is or is not does not matter."""
    stems = {model.rom_stem for name in nic_models if (model := find_nic_model(name)) is not None}
    subject = examine_set(rom_set)
    return replace(subject, roms=tuple(rom for rom in subject.roms if rom.stem in stems), is_whole=False)
