"""Rules about the PCI Data Structure and the PCI IDs."""

from collections.abc import Iterator

from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import rom_rule
from firmware.lint.subject import RomSubject
from firmware.nic import NicModel
from firmware.optionrom.pcir import DEVICE_LIST_NAME, PCIR_3_LENGTH, PCIR_LENGTH, PciDataStructure
from firmware.optionrom.pcir import STRUCTURE_NAME as PCIR_NAME

_NETWORK = 0x02


def iter_pcirs(rom: RomSubject) -> Iterator[tuple[int, PciDataStructure]]:
    """Yield each PCI Data Structure with its offset in the file."""
    return ((offset + image.pcir.offset, image.pcir) for offset, image in rom.iter_images() if image.pcir)


@rom_rule("pcir-present", Severity.ERROR)
def check_present(rom: RomSubject) -> Iterator[Fault]:
    """Each image has a PCI Data Structure where its header says.

    Without one SeaBIOS ("No valid pci signature found") and UEFI end their search for images.
    """
    for offset, image in rom.iter_images():
        if image.pcir is not None:
            continue
        fault = next((fault for fault in rom.survey.damage if fault.structure == PCIR_NAME), None)
        reason = fault.reason if fault and image.header.pcir_offset else "its pointer in the header is 0"
        yield Fault(f"no PCI Data Structure: {reason}", offset + 0x18, 2)


@rom_rule("pcir-alignment", Severity.WARNING)
def check_alignment(rom: RomSubject) -> Iterator[Fault]:
    """The PCI Data Structure is at a multiple of four.

    The specification wants it and EDK2 insists: it ends its search at an image whose PCI Data Structure is elsewhere,
    so an EFI image there or behind is never found (error).
    """
    has_efi = bool(rom.efi)
    for place, pcir in iter_pcirs(rom):
        if pcir.offset % 4:
            severity = Severity.ERROR if has_efi else None
            yield Fault(f"is at 0x{pcir.offset:x} of its image, not a multiple of 4", place, 4, severity)


@rom_rule("pcir-structure", Severity.WARNING)
def check_structure(rom: RomSubject) -> Iterator[Fault]:
    """The PCI Data Structure's revision and length fit, and it is inside its image.

    Revision 0 has 24 bytes, revision 3 has 28. A structure that says less than it has makes readers skip fields.
    """
    for offset, image in rom.iter_images():
        pcir = image.pcir
        if pcir is None:
            continue
        place = offset + pcir.offset
        needed = PCIR_3_LENGTH if pcir.revision >= 3 else PCIR_LENGTH
        if pcir.length < needed:
            message = f"its length is {pcir.length}, revision {pcir.revision} has {needed}"
            yield Fault(message, place + 0x0A, 2)
        if pcir.image_length and pcir.offset + needed > pcir.image_length:
            message = f"is at 0x{pcir.offset:x}, behind the {pcir.image_length} bytes that it says its image has"
            yield Fault(message, place, 4, Severity.ERROR)
        if pcir.revision >= 3 and pcir.maximum_run_time_units > pcir.image_length_units:
            message = (
                f"its maximum run-time length is {pcir.maximum_run_time_units} units, "
                f"the image has {pcir.image_length_units}"
            )
            yield Fault(message, place + 0x16, 2)


@rom_rule("pci-class", Severity.NOTE)
def check_class(rom: RomSubject) -> Iterator[Fault]:
    """The class code says network controller.

    The three bytes are interface, sub-class and base class, in this order: 00 00 02 for Ethernet. gPXE and the iPXE of
    2011 have them the wrong way round, and EfiRom writes zeros by default. SeaBIOS and EDK2 do not look at them
    for NICs; other firmware may.
    """
    for place, pcir in iter_pcirs(rom):
        if pcir.class_code >> 16 == _NETWORK:
            continue
        found = pcir.class_code.to_bytes(3, "little")
        reason = ": the bytes are the wrong way round" if found == b"\x02\x00\x00" else ""
        yield Fault(f"class code bytes are {found.hex(' ')}, expected 00 00 02{reason}", place + 0x0D, 3)


@rom_rule("pci-ids", Severity.WARNING)
def check_ids(rom: RomSubject) -> Iterator[Fault]:
    """The PCI IDs are those of the NIC that will use the ROM.

    SeaBIOS runs a BIOS image only if its vendor and device ID are the device's; it does not read the device list. QEMU
    makes them so, in the first image, when the ROM is the device's default ROM (found by its default name in a data
    directory). So a ROM with other IDs works embedded and fails, without a word, with `romfile=` and with libvirt's
    `<rom file=>`. `bootrig assemble set-ids` changes them. EDK2 does not compare the IDs of EFI images, so other IDs
    there are a note.
    """
    if not rom.nic_models:
        return
    usual = rom.nic_models[0]
    for index, (offset, image) in enumerate(rom.iter_images()):
        if image.pcir is None or image.pcir.pci_ids == usual.pci_ids:
            continue
        place = offset + image.pcir.offset + 4
        found = f"{_text(image.pcir.pci_ids)}, {usual.qom_type} is {_text(usual.pci_ids)}"
        if image.is_efi:
            yield Fault(f"EFI image: PCI IDs are {found}; EDK2 does not compare them", place, 4, Severity.NOTE)
        elif image.is_bios:
            yield Fault(f"PCI IDs are {found}: {_consequence(index, image.pcir, rom.nic_models)}", place, 4)


def _consequence(index: int, pcir: PciDataStructure, models: tuple[NicModel, ...]) -> str:
    fitting = [model.qom_type for model in models if model.pci_ids == pcir.pci_ids]
    but = f", except for {', '.join(fitting)}" if fitting else ""
    if index:
        return f"QEMU patches the first image only, so SeaBIOS skips this one{but}"
    return f"works as QEMU's default ROM, whose IDs QEMU patches; SeaBIOS skips it with romfile= and libvirt{but}"


def _text(pci_ids: tuple[int, int]) -> str:
    return f"{pci_ids[0]:04x}:{pci_ids[1]:04x}"


@rom_rule("device-list", Severity.WARNING)
def check_device_list(rom: RomSubject) -> Iterator[Fault]:
    """The device list ends inside its image and has the image's own device ID.

    Firmware of PCI 3.0 takes the list for all devices that the image supports.
    """
    for damage in rom.survey.damage:
        if damage.structure == DEVICE_LIST_NAME:
            yield Fault(damage.reason, damage.offset, 2, Severity.ERROR)
    for offset, image in rom.iter_images():
        if image.device_list is None or image.pcir is None or not image.device_list.device_ids:
            continue
        if image.pcir.device_id not in image.device_list.device_ids:
            known = ", ".join(f"{device_id:04x}" for device_id in image.device_list.device_ids[:8])
            message = f"has {known}, not the image's own {image.pcir.device_id:04x}"
            yield Fault(message, offset + image.device_list.offset, 2)
