"""Rules about EFI images and the drivers inside them."""

from collections.abc import Iterator

from firmware.efi.pe import Machine, Subsystem
from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import rom_rule
from firmware.lint.subject import EfiContent, RomSubject
from firmware.optionrom.header import EFI_STRUCTURE_NAME, EfiHeader

_MACHINES = {machine.value: machine.name for machine in Machine}
_DRIVERS = {Subsystem.EFI_BOOT_SERVICE_DRIVER, Subsystem.EFI_RUNTIME_DRIVER}


def _iter_headers(rom: RomSubject) -> Iterator[tuple[EfiContent, EfiHeader]]:
    for efi in rom.efi:
        if isinstance(efi.image.header, EfiHeader):
            yield efi, efi.image.header


def _machine_name(machine: int) -> str:
    return f"0x{machine:04x} ({_MACHINES.get(machine, 'unknown')})"


@rom_rule("efi-header", Severity.ERROR)
def check_header(rom: RomSubject) -> Iterator[Fault]:
    """An image of code type 3 has an EFI header, whose PE image begins behind it.

    EDK2 hands the bytes at the header's image offset to its loader.
    """
    for offset, image in rom.iter_images():
        if image.pcir is not None and image.pcir.code_type == 3 and not image.is_efi:
            reason = next((damage.reason for damage in rom.survey.damage if damage.structure == EFI_STRUCTURE_NAME), "")
            yield Fault(f"code type is 3 (EFI), and {reason}", offset + 4, 4)
    for efi, header in _iter_headers(rom):
        pcir = efi.image.pcir
        end = pcir.offset + pcir.length if pcir else 0
        if header.image_offset < end:
            message = f"its PE image begins at 0x{header.image_offset:x}, inside the headers, which end at 0x{end:x}"
            yield Fault(message, efi.offset + 0x16, 2)


@rom_rule("efi-unpack", Severity.ERROR)
def check_unpack(rom: RomSubject) -> Iterator[Fault]:
    """The driver inside an EFI image can be unpacked.

    Compression type 1 is UEFI's own (LZ77 and Huffman codes); type 0 is none. Firmware cannot load what does not
    unpack.
    """
    for efi in rom.efi:
        if efi.unpacking_fault is not None:
            place = min(efi.offset + efi.unpacking_fault.offset, len(rom.content) - 1)
            yield Fault(f"{efi.unpacking_fault.structure}: {efi.unpacking_fault.reason}", place, 1)


@rom_rule("efi-machine", Severity.WARNING)
def check_machine(rom: RomSubject) -> Iterator[Fault]:
    """An EFI image is for x86-64, and its header and its PE image say the same.

    OVMF for x86-64 passes images for other machines over; an additional one for IA-32, as sets of 2013 to 2019 have it,
    is not a fault. A header that says another machine than the PE image is an error: the image is passed over or fails.
    """
    machines = {header.machine for _, header in _iter_headers(rom)}
    for efi, header in _iter_headers(rom):
        if efi.pe is not None and efi.pe.machine != header.machine:
            found = f"the header says {_machine_name(header.machine)}, the PE image {_machine_name(efi.pe.machine)}"
            yield Fault(f"machine: {found}", efi.offset + 0x0A, 2, Severity.ERROR)
        if Machine.X86_64 not in machines:
            message = f"machine is {_machine_name(header.machine)}, no image of this ROM is for x86-64"
            yield Fault(message, efi.offset + 0x0A, 2)


@rom_rule("efi-subsystem", Severity.ERROR)
def check_subsystem(rom: RomSubject) -> Iterator[Fault]:
    """An EFI image is a driver: subsystem 11 or 12, in its header and in its PE image.

    EDK2 passes applications (10) over.
    """
    for efi, header in _iter_headers(rom):
        if header.subsystem not in _DRIVERS:
            message = f"subsystem is {header.subsystem}, expected 11 (boot service driver) or 12 (runtime driver)"
            yield Fault(message, efi.offset + 8, 2)
        if efi.pe is not None and efi.pe.subsystem != header.subsystem:
            message = f"subsystem: the header says {header.subsystem}, the PE image {efi.pe.subsystem}"
            yield Fault(message, efi.offset + 8, 2)


@rom_rule("pe-image", Severity.ERROR)
def check_pe_image(rom: RomSubject) -> Iterator[Fault]:
    """The driver is a whole PE image: its headers are readable, its entry and all its bytes are inside.

    Offsets are those of the EFI image, because a packed PE image has none in the file.
    """
    for efi in rom.efi:
        if efi.pe_fault is not None:
            yield Fault(f"unpacked offset 0x{efi.pe_fault.offset:x}: {efi.pe_fault.reason}", efi.offset, 2)
        if efi.pe is None or efi.unpacked_length is None:
            continue
        if not any(
            entry.address <= efi.pe.entry_address < entry.address + max(entry.virtual_length, entry.file_length)
            for entry in efi.pe.sections
        ):
            yield Fault(f"the entry 0x{efi.pe.entry_address:x} is in no section", efi.offset, 2)
        for entry in efi.pe.sections:
            end = entry.file_offset + entry.file_length
            if entry.file_length and end > efi.unpacked_length:
                message = f"section {entry.name} ends at 0x{end:x}, the PE image at 0x{efi.unpacked_length:x}"
                yield Fault(message, efi.offset, 2)


@rom_rule("efi-ipxe-stack", Severity.NOTE)
def check_ipxe_stack(rom: RomSubject) -> Iterator[Fault]:
    """What the EFI image of an iPXE ROM holds: all of iPXE, or its NIC driver alone.

    Where the script interpreter's mark "#!ipxe" is missing, UEFI guests boot through the platform firmware's own PXE,
    and an iPXE script as boot file never runs. Debian's ROMs are so since Debian 13: all of iPXE had outgrown 256 KiB.
    Where the mark is there, the bytes do not tell whether firmware starts it: the ROMs of QEMU 5.2 to 8.2 and those of
    iPXE 2.0.0 hold all of it, and OVMF boots by its own PXE all the same. A boot tells: the scenario efi-script.
    """
    for efi in rom.efi:
        if not efi.names_ipxe:
            continue
        if efi.holds_interpreter:
            yield Fault(
                "the driver holds all of iPXE; whether firmware starts it or boots by its own PXE, only a boot can "
                "tell (scenario efi-script)",
                efi.offset,
                2,
            )
        else:
            yield Fault("the driver has no script interpreter: it is iPXE's NIC driver alone", efi.offset, 2)
