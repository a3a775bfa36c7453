"""A machine definition as a libvirt domain.

libvirt's own elements are used for what they can express and what is worth testing through libvirt: machine, memory,
clock, flash with OVMF, the console, and the NICs with their ROM (`<rom file=... bar=...>`, libvirt's documentation
"Domain XML format", "Network interfaces"). What it cannot express (virtual time, captures, a tap without virtio
headers, the directory of an embedded ROM set) is passed to QEMU by `<qemu:commandline>`, and so are backends. libvirt
gives each NIC a backend of its own, QEMU's built-in network, and `<qemu:override>` (libvirt 8.2) connects it to the
definition's instead; `<interface type='null'>`, which has none, makes libvirt 9.0 crash.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, AcceleratorKind, MachineDefinition
from bootrig.emulator.definition.parts import Device, JsonValue
from bootrig.emulator.guest.command_line import (
    encode_key_values,
    encode_typed,
    make_accelerator_words,
    make_part_words,
    make_seed_words,
)
from bootrig.emulator.release.discovery import Emulator, PlatformFirmware

QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
# Names that users give to devices begin with this in libvirt.
ALIAS_PREFIX = "ua-"
DEFAULT_MAC = "52:54:00:12:34:56"
# The first slot that is free on the root bus: behind the host bridge, on pc behind the south bridge too.
FIRST_SLOT = {"pc": 2, "q35": 1}
# What libvirt can express.
NIC_PROPERTIES = frozenset({"mac", "bootindex", "romfile", "rombar", "addr"})


def encode_domain(
    emulator: Emulator,
    definition: MachineDefinition,
    *,
    name: str,
    program: Path,
    firmware: PlatformFirmware,
    console: Path,
) -> str:
    """Return the domain that is `definition`, whose platform firmware is not among its block nodes.

    The file `program` is what libvirt starts, `firmware` has the variables of this guest, and `console` is the path of
    the names of the console's two pipes without their endings.
    """
    nics = [device for device in definition.of_kind(Device) if "netdev" in device.properties]
    ET.register_namespace("qemu", QEMU_NAMESPACE)
    kind = "kvm" if definition.accelerator.kind is AcceleratorKind.KVM else "qemu"
    domain = ET.Element("domain", {"type": kind})
    _text(domain, "name", name)
    _text(domain, "memory", str(definition.memory_mib), unit="MiB")
    _text(domain, "vcpu", str(definition.processor.count))
    _add_platform(domain, definition, firmware)
    devices = ET.SubElement(domain, "devices")
    _text(devices, "emulator", str(program))
    ET.SubElement(devices, "controller", {"type": "usb", "model": "none"})
    serial = ET.SubElement(devices, "serial", {"type": "pipe"})
    ET.SubElement(serial, "source", {"path": str(console)})
    ET.SubElement(serial, "target", {"type": "isa-serial", "port": "0"})
    slot = FIRST_SLOT.get(definition.machine_type.partition("-")[0], 1)
    for number, nic in enumerate(nics):
        _add_nic(devices, nic, slot + number)
    ET.SubElement(ET.SubElement(devices, "video"), "model", {"type": "none"})
    ET.SubElement(devices, "memballoon", {"model": "none"})
    command = ET.SubElement(domain, f"{{{QEMU_NAMESPACE}}}commandline")
    for word in _passed_words(emulator, definition, nics):
        ET.SubElement(command, f"{{{QEMU_NAMESPACE}}}arg", {"value": word})
    _add_overrides(domain, nics)
    return ET.tostring(domain, encoding="unicode")


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _add_platform(domain: ET.Element, definition: MachineDefinition, firmware: PlatformFirmware) -> None:
    """Add machine type, platform firmware, clock, and what happens when the guest ends."""
    system = ET.SubElement(domain, "os")
    _text(system, "type", "hvm", arch="x86_64", machine=definition.machine_type)
    if firmware.variables is not None:
        _text(system, "loader", str(firmware.code), readonly="yes", type="pflash")
        _text(system, "nvram", str(firmware.variables))
    if definition.machine_options.get("graphics") is False:
        ET.SubElement(system, "bios", {"useserial": "yes"})
    ET.SubElement(ET.SubElement(domain, "features"), "acpi")
    clock = definition.real_time_clock
    start = int(datetime.fromisoformat(clock.base).replace(tzinfo=UTC).timestamp())
    element = ET.SubElement(domain, "clock", {"offset": "absolute", "start": str(start)})
    track = {"vm": "guest", "rt": "wall"}.get(clock.clock)
    ET.SubElement(element, "timer", {"name": "rtc", **({"track": track} if track else {})})


def _add_nic(devices: ET.Element, nic: Device, slot: int) -> None:
    """Add a NIC, in the slot in which QEMU itself would put it."""
    interface = ET.SubElement(devices, "interface", {"type": "user"})
    ET.SubElement(interface, "mac", {"address": str(nic.properties.get("mac", DEFAULT_MAC))})
    ET.SubElement(interface, "model", {"type": nic.type if nic.type != "virtio-net-pci" else "virtio"})
    if "bootindex" in nic.properties:
        ET.SubElement(interface, "boot", {"order": str(_count_from_one(nic).properties["bootindex"])})
    rom: dict[str, str] = {}
    if nic.properties.get("romfile") == "":
        rom["enabled"] = "no"
    elif "romfile" in nic.properties:
        rom["file"] = str(nic.properties["romfile"])
    if "rombar" in nic.properties:
        rom["bar"] = "on" if nic.properties["rombar"] else "off"
    if rom:
        ET.SubElement(interface, "rom", rom)
    ET.SubElement(interface, "alias", {"name": f"{ALIAS_PREFIX}{nic.id}"})
    place = nic.properties.get("addr", f"{slot:02x}.0")
    number, _, function = str(place).partition(".")
    address = {"type": "pci", "bus": "0", "slot": f"0x{int(number, 16):02x}", "function": f"0x{function or '0'}"}
    ET.SubElement(interface, "address", address)


def _count_from_one(device: Device) -> Device:
    """Return a device one place later in the boot order: libvirt counts from 1, and a bootindex is only compared."""
    index = device.properties.get("bootindex")
    if not isinstance(index, int):
        return device
    return replace(device, properties={**device.properties, "bootindex": index + 1})


def _passed_words(emulator: Emulator, definition: MachineDefinition, nics: Sequence[Device]) -> Iterator[str]:
    """Yield the words that are passed to QEMU unchanged."""
    for directory in (*definition.data_directories, *emulator.data_directories):
        yield from ("-L", str(directory))
    yield from make_accelerator_words(definition.accelerator)[2:]
    # against libvirt's defaults that a guest would notice: a random UUID, no boot devices except those with an order
    yield from ("-uuid", definition.uuid, "-boot", "strict=off")
    yield from make_seed_words(definition)
    options: dict[str, JsonValue] = {k: v for k, v in definition.machine_options.items() if k != "graphics"}
    if options:
        yield from ("-machine", encode_key_values(options))
    if definition.processor.model:
        yield from ("-cpu", encode_typed(definition.processor.model, definition.processor.properties))
    consoles = [device for device in definition.of_kind(Device) if device.properties.get("chardev") == CONSOLE_CHARDEV]
    passed = (part for part in definition.parts if part not in (*nics, *consoles))
    yield from make_part_words(emulator, (_count_from_one(p) if isinstance(p, Device) else p for p in passed))


def _add_overrides(domain: ET.Element, nics: Sequence[Device]) -> None:
    """Connect each NIC to its backend, and give it the properties that libvirt cannot express."""
    override = ET.SubElement(domain, f"{{{QEMU_NAMESPACE}}}override")
    for nic in nics:
        extra = {name: value for name, value in nic.properties.items() if name not in NIC_PROPERTIES}
        if not extra:
            continue
        device = ET.SubElement(override, f"{{{QEMU_NAMESPACE}}}device", {"alias": f"{ALIAS_PREFIX}{nic.id}"})
        frontend = ET.SubElement(device, f"{{{QEMU_NAMESPACE}}}frontend")
        for name, value in extra.items():
            text = value if isinstance(value, str) else str(value).lower()
            kind = "string"
            if isinstance(value, int):
                kind = "bool" if isinstance(value, bool) else "unsigned" if value >= 0 else "signed"
            ET.SubElement(frontend, f"{{{QEMU_NAMESPACE}}}property", {"name": name, "type": kind, "value": text})
