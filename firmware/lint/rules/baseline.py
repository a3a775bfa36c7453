"""Rules that hold a ROM set against the one in use now: what installing it would change."""

from collections.abc import Iterator

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import set_rule
from firmware.lint.rules.romset import length_text
from firmware.lint.subject import RomSubject, SetSubject
from firmware.nic import ROM_STEMS
from firmware.optionrom.header import UNIT_LENGTH
from firmware.optionrom.image import RomImage
from firmware.romset import PREFIXES, choose_rom


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
        elif any(efi.holds_interpreter for efi in before.efi) and not any(efi.holds_interpreter for efi in after.efi):
            message = f"the EFI image has no script interpreter, the one in {baseline.name} has"
            yield Fault(message, file=after.file)


def _iter_bios_pairs(roms: SetSubject, baseline: SetSubject) -> Iterator[tuple[RomSubject, RomImage, RomImage]]:
    """Yield each ROM with its first BIOS image and that of the ROM which it replaces, once a file."""
    seen: set[tuple[str, str]] = set()
    for _, _, before, after in _iter_pairs(roms, baseline):
        images = [next(rom.iter_bios_images(), None) for rom in (before, after)]
        if (before.file, after.file) not in seen and images[0] is not None and images[1] is not None:
            seen.add((before.file, after.file))
            yield after, images[0][1], images[1][1]


@set_rule("run-time-size-against-baseline", Severity.NOTE, needs_baseline=True)
def check_run_time_size(roms: SetSubject, baseline: SetSubject) -> Iterator[Fault]:
    """Each ROM keeps as much memory after initialization as the baseline's (with `--against`).

    A BIOS has some 128 KiB below 1 MiB for all option ROMs. What a ROM needs at first is its header's length; what it
    keeps is the maximum run-time length of its PCI Data Structure, revision 3 (PCI Firmware Specification 3.0, 5.1.2).
    """
    for rom, before, after in _iter_bios_pairs(roms, baseline):
        for what, old, new in (
            ("for its initialization", before.header.length, after.header.length),
            ("after it", _run_time_length(before), _run_time_length(after)),
        ):
            if old is not None and new is not None and old != new:
                message = f"needs {length_text(new)} {what}, in {baseline.name} {length_text(old)}"
                yield Fault(f"the BIOS image {message}", file=rom.file)


def _run_time_length(image: RomImage) -> int | None:
    if image.pcir is None or image.pcir.revision < 3:
        return None
    return image.pcir.maximum_run_time_units * UNIT_LENGTH


@set_rule("ipxe-header-against-baseline", Severity.NOTE, needs_baseline=True)
def check_ipxe_header(roms: SetSubject, baseline: SetSubject) -> Iterator[Fault]:
    """Each ROM has iPXE's own header where the baseline's has one, and only there (with `--against`).

    By it a ROM finds its own other half behind the ROM BAR, and shrinks after initialization.
    """
    for rom, before, after in _iter_bios_pairs(roms, baseline):
        if before.ipxe_header is None and after.ipxe_header is not None:
            yield Fault(f"it has iPXE's own header, the one in {baseline.name} does not", file=rom.file)
        elif before.ipxe_header is not None and after.ipxe_header is None:
            yield Fault(f"it does not have iPXE's own header, the one in {baseline.name} does", file=rom.file)


@set_rule("device-list-against-baseline", Severity.WARNING, needs_baseline=True)
def check_device_list(roms: SetSubject, baseline: SetSubject) -> Iterator[Fault]:
    """Each ROM is for the same PCI devices as the baseline's (with `--against`).

    A BIOS runs a ROM for the device that its PCI Data Structure names and for those of its device list. A device that
    is not named any more does not boot by this ROM, where QEMU does not patch the IDs; one that is new is a note.
    """
    for rom, before, after in _iter_bios_pairs(roms, baseline):
        old, new = _devices(before), _devices(after)
        if gone := sorted(old - new):
            yield Fault(f"not for {', '.join(gone)} any more, as in {baseline.name}", file=rom.file)
        if come := sorted(new - old):
            yield Fault(f"also for {', '.join(come)}", file=rom.file, severity=Severity.NOTE)


def _devices(image: RomImage) -> set[str]:
    if image.pcir is None:
        return set()
    listed = image.device_list.device_ids if image.device_list else ()
    return {f"{image.pcir.vendor_id:04x}:{device:04x}" for device in (image.pcir.device_id, *listed)}


@set_rule("strings-against-baseline", Severity.NOTE, needs_baseline=True)
def check_strings(roms: SetSubject, baseline: SetSubject) -> Iterator[Fault]:
    """Each ROM calls itself as the baseline's does, to the BIOS (with `--against`).

    Manufacturer and product of its PnP headers are what a BIOS shows in its boot menu, and what people choose by.
    """
    for rom, before, after in _iter_bios_pairs(roms, baseline):
        old, new = _names(before), _names(after)
        if old != new:
            yield Fault(f"its names are {_quoted(new)}, in {baseline.name} {_quoted(old)}", file=rom.file)


def _names(image: RomImage) -> tuple[str, ...]:
    strings = (string for pnp in image.pnp_headers for string in (pnp.manufacturer, pnp.product))
    return tuple(string.text for string in strings if string is not None)


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"
