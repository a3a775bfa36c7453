"""A cell's guest: a machine definition whose slots the cell fills, and what the rig adds to it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from bootrig.cell.errors import CellError
from bootrig.cell.slots import CAPTURE_ID, DISK_ID, NETDEV_ID, NIC_ID, SCREEN_ID
from bootrig.cell.specification import CAPTURE_FILE, SENT_CAPTURE_FILE, CellSpecification
from bootrig.emulator.definition.definition import (
    Accelerator,
    AcceleratorKind,
    MachineDefinition,
    RealTimeClock,
    make_virtual_clock,
)
from bootrig.emulator.definition.launch import RomBy
from bootrig.emulator.definition.parts import (
    Device,
    JsonValue,
    Part,
    make_capture,
    make_disk,
    make_nic,
    make_tap_netdev,
)
from bootrig.emulator.guest.guest import SERIAL_PORT, has_console
from bootrig.network.addresses import GUEST_MAC
from firmware.nic import find_nic_model

# What QEMU calls the devices of which it makes pictures (docs/system/devices, "-vga").
SCREEN = "VGA"
DISPLAYS = frozenset(
    {SCREEN, "cirrus-vga", "vmware-svga", "qxl-vga", "virtio-vga", "bochs-display", "isa-vga", "ati-vga"}
)


@dataclass(frozen=True, slots=True)
class CellGuest:
    """The guest of a cell, complete, and what the rig added to its world beside what the files say."""

    definition: MachineDefinition
    added: tuple[str, ...]


def make_definition(specification: CellSpecification, tap: int, disk_file: Path | None) -> CellGuest:
    """Return the guest of a cell; `tap` is the descriptor of its cable, `disk_file` its disk, None for no disk."""
    clock, base, built = RealTimeClock(), specification.guest, specification.platform_firmware_file
    console = () if has_console(base) else (SERIAL_PORT,)
    added = ["QMP", "console", *console, "tap", "filter-dump", f"rtc base {clock.base}"]
    screen = tuple(_iter_screen(specification))
    added += [device.type for device in screen]
    shift = specification.clock.shift
    if shift is not None:
        accelerator = make_virtual_clock(shift)
        added.append(f"icount shift {shift}")
    else:
        accelerator = Accelerator(AcceleratorKind(specification.clock.accelerator))
    seed = specification.random_seed
    if seed is not None:
        added.append(f"seed {seed}")
    definition = replace(
        base,
        machine_options={**base.machine_options, **({"firmware": str(built)} if built else {})},
        platform_firmware=specification.family,
        accelerator=accelerator,
        real_time_clock=clock,
        random_seed=seed,
        data_directories=(specification.data_directory, *base.data_directories),
    ).adding(
        make_tap_netdev(tap, id=NETDEV_ID),
        make_nic(specification.key.nic_model, NETDEV_ID, id=NIC_ID, **_nic_properties(specification)),
        *make_capture(
            specification.directory / CAPTURE_FILE,
            specification.directory / SENT_CAPTURE_FILE,
            netdev=NETDEV_ID,
            id=CAPTURE_ID,
        ),
        *_iter_disk(base, disk_file),
        *screen,
    )
    return CellGuest(definition, tuple(added))


def _iter_screen(specification: CellSpecification) -> Iterator[Device]:
    """Yield the screen of a guest that is to have one and has none; it comes last, so that the NIC keeps its place."""
    has_one = any(device.type in DISPLAYS for device in specification.guest.of_kind(Device))
    if specification.scenario.guest.screen and not has_one:
        yield Device(SCREEN, SCREEN_ID, {})


def _iter_disk(base: MachineDefinition, disk_file: Path | None) -> Iterator[Part]:
    if disk_file is not None:
        slot = base.disk
        *nodes, device = make_disk(disk_file, id=DISK_ID, driver=slot.driver)
        yield from nodes
        yield replace(device, properties={**device.properties, **_boot_order(slot.bootindex), **slot.properties})


def _boot_order(bootindex: int | None) -> dict[str, JsonValue]:
    return {} if bootindex is None else {"bootindex": bootindex}


def _nic_properties(specification: CellSpecification) -> dict[str, JsonValue]:
    """Return the properties of the NIC: those of its slot, its address, and the way by which it gets its ROM."""
    slot = specification.guest.nic
    return {"mac": GUEST_MAC, **_boot_order(slot.bootindex), **slot.properties, **_rom_properties(specification)}


def _rom_properties(specification: CellSpecification) -> dict[str, JsonValue]:
    """Return the properties by which the NIC gets its ROM in another way than by its default name."""
    match specification.launch.rom_by:
        case RomBy.DEFAULT:
            return {}
        case RomBy.NO_BAR:
            return {"rombar": 0}
        case RomBy.FILE:
            model = find_nic_model(specification.key.nic_model)
            if model is None:
                raise CellError(f"QEMU has no default ROM for {specification.key.nic_model}")
            return {"romfile": str(specification.data_directory / model.default_rom)}
        case _ as unknown:
            assert_never(unknown)
