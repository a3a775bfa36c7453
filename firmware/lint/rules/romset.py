"""Rules about ROM sets: which files there are, and the ROM BARs that they make."""

from collections.abc import Iterator
from difflib import get_close_matches

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import LintOptions, set_rule
from firmware.lint.subject import SetSubject
from firmware.nic import NIC_MODELS, ROM_STEMS
from firmware.romset import PREFIXES

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
    """Each ROM file has one of QEMU's default names, or one of a NIC's PCI IDs, which gives it its default name.

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
