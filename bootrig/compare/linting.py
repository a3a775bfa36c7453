"""What lint finds in the candidate's ROMs and not in the baseline's."""

from collections.abc import Collection
from dataclasses import replace

from firmware.lint.check import lint_set
from firmware.lint.finding import Finding
from firmware.lint.rule import LintOptions
from firmware.lint.subject import SetSubject, examine_set
from firmware.nic import find_nic_model
from firmware.romset import RomSet


def find_new(baseline: RomSet, candidate: RomSet, nic_models: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings that only the candidate has, about the ROMs of the NIC models that are tried."""
    stems = {model.rom_stem for name in nic_models if (model := find_nic_model(name)) is not None}
    mine, theirs = (_choose(rom_set, stems) for rom_set in (candidate, baseline))
    return tuple(finding for finding in lint_set(mine, LintOptions(baseline=theirs)) if finding.is_new)


def _choose(rom_set: RomSet, stems: Collection[str]) -> SetSubject:
    """Return a set's ROMs for some NICs under lint: what else there is or is not does not matter."""
    subject = examine_set(rom_set)
    return replace(subject, roms=tuple(rom for rom in subject.roms if rom.stem in stems), is_whole=False)
