"""Rules about ROM sets: which files there are, and the ROM BARs that they make."""

from collections.abc import Iterator
from difflib import get_close_matches

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import LintOptions, set_rule
from firmware.lint.subject import RomSubject, SetSubject
from firmware.nic import NIC_MODELS, ROM_STEMS
from firmware.romset import PREFIXES, choose_rom

KIB = 1024


def length_text(length: int) -> str:
    """Return a length in bytes as people write it: `256 KiB`."""
    return f"{length // KIB} KiB" if length % KIB == 0 else f"{length} bytes"


@set_rule("nic-covered", Severity.WARNING, needs_whole_set=True)
def check_coverage(roms: SetSubject, options: LintOptions) -> Iterator[Fault]:
    """The set has a ROM for every NIC model that QEMU has a default ROM for.

    QEMU does not start a guest with a NIC whose default ROM it does not find; where the set shadows another data
    directory, its ROM is used, which was not tested.
    """
    for model in NIC_MODELS.values():
        if not any(rom.stem == model.rom_stem for rom in roms.roms):
            yield Fault(f"no ROM for {model.qom_type}: neither efi-{model.rom_stem}.rom nor pxe-{model.rom_stem}.rom")


@set_rule("rom-name", Severity.WARNING, needs_whole_set=True)
def check_names(roms: SetSubject, options: LintOptions) -> Iterator[Fault]:
    """Each ROM file has one of QEMU's default names.

    QEMU finds a default ROM by its name: efi-e1000.rom on current machine types, pxe-e1000.rom on those up to pc-1.4
    (and pxe-eepro100.rom on all of them).
    """
    known = [f"{prefix}-{stem}.rom" for prefix in PREFIXES for stem in ROM_STEMS]
    for rom in roms.roms:
        if rom.prefix:
            continue
        close = get_close_matches(rom.name, known, 1, cutoff=0.75)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield Fault(f"no device looks for a ROM of this name{hint}", file=rom.file)


@set_rule("max-bar", Severity.ERROR)
def check_maximum_bar(roms: SetSubject, options: LintOptions) -> Iterator[Fault]:
    """No ROM makes a larger ROM BAR than was allowed with `--max-bar`.

    The BAR is the file's length, rounded up to a power of two. A gate for builds: machine types promise their guests a
    BAR length, and current ones 256 KiB.
    """
    if options.maximum_bar_length is None:
        return
    for rom in roms.roms:
        if rom.bar_length > options.maximum_bar_length:
            yield Fault(
                f"{len(rom.content)} bytes make a ROM BAR of {length_text(rom.bar_length)}, "
                f"at most {length_text(options.maximum_bar_length)} is allowed",
                file=rom.file,
            )


def _iter_pairs(roms: SetSubject, baseline: SetSubject) -> Iterator[tuple[str, str, RomSubject, RomSubject]]:
    """Yield stem, prefix, and the ROM that is installed for them before and after."""
    for stem in ROM_STEMS:
        for prefix in PREFIXES:
            after, before = (
                choose_rom({rom.prefix: rom for rom in subject.roms if rom.stem == stem}, prefix)
                for subject in (roms, baseline)
            )
            if after is not None and before is not None:
                yield stem, prefix, before, after


@set_rule("bar-against-baseline", Severity.ERROR, needs_baseline=True)
def check_bar_against_baseline(roms: SetSubject, baseline: SetSubject) -> Iterator[Fault]:
    """Each ROM makes a ROM BAR of the same length as the baseline's (with `--against`).

    The BAR's length is the file's, rounded up to a power of two, and belongs to a guest's state. Where it changes, live
    migration and restoring a saved guest between hosts with the two sets fail: "Size mismatch". Pad a smaller ROM with
    `bootrig assemble pad`; make a larger one smaller, or keep the old set for the old machine types.
    """
    for stem, prefix, before, after in _iter_pairs(roms, baseline):
        if before.bar_length == after.bar_length:
            continue
        machines = "current machine types" if prefix == "efi" else "machine types up to pc-1.4"
        if stem == "eepro100":
            if prefix == "efi":
                continue
            machines = "all machine types"
        yield Fault(
            f"as {prefix}-{stem}.rom ({machines}) it makes a ROM BAR of {length_text(after.bar_length)} "
            f"({len(after.content)} bytes), in {baseline.name} {length_text(before.bar_length)} "
            f"({before.name}, {len(before.content)} bytes): migration between the two fails",
            file=after.file,
        )


@set_rule("nic-against-baseline", Severity.ERROR, needs_baseline=True, needs_whole_set=True)
def check_coverage_against_baseline(roms: SetSubject, baseline: SetSubject) -> Iterator[Fault]:
    """The set has a ROM for every NIC model that the baseline has one for (with `--against`)."""
    for stem in ROM_STEMS:
        if any(rom.stem == stem for rom in baseline.roms) and not any(rom.stem == stem for rom in roms.roms):
            yield Fault(f"{baseline.name} has a ROM for {stem}, this set has none")


@set_rule("efi-against-baseline", Severity.WARNING, needs_baseline=True)
def check_efi_against_baseline(roms: SetSubject, baseline: SetSubject) -> Iterator[Fault]:
    """Each ROM gives UEFI guests as much as the baseline's does (with `--against`).

    That is: an EFI image where there was one, and all of iPXE in it where there was all of it. Guests whose UEFI boot
    file is an iPXE script depend on it.
    """
    for _, prefix, before, after in _iter_pairs(roms, baseline):
        if prefix != "efi":
            continue
        if before.efi and not after.efi:
            yield Fault(f"no EFI image, {baseline.name} has one", file=after.file)
        elif _runs_scripts(before) and not _runs_scripts(after):
            message = f"the EFI image does not run iPXE scripts, the one in {baseline.name} does"
            yield Fault(message, file=after.file)


def _runs_scripts(rom: RomSubject) -> bool:
    return any(efi.unpacked is not None and b"#!ipxe" in efi.unpacked for efi in rom.efi)
