"""A cell's guest: a machine definition, to which the cell adds its NIC, its disk, its capture and its clock."""

from dataclasses import replace
from pathlib import Path
from typing import assert_never

from bootrig.cell.specification import CAPTURE_FILE, CellSpecification
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
    QomObject,
    make_capture,
    make_disk,
    make_nic,
    make_tap_netdev,
)
from bootrig.emulator.json_values import JsonValue
from bootrig.network.addresses import GUEST_MAC
from bootrig.scenario.errors import CellError
from bootrig.scenario.platform import firmware_family
from bootrig.trace.trace import TimeMode
from firmware.nic import find_nic_model

NIC_ID = "nic0"


def make_definition(specification: CellSpecification, tap: int, disk_file: Path | None) -> MachineDefinition:
    """Return the guest of a cell.

    Args:
        specification: the cell.
        tap: file descriptor of the tap device that is the guest's cable.
        disk_file: its disk's file; None for no disk.
    """
    key = specification.key
    family = firmware_family(key.platform_firmware)
    if specification.time_mode is TimeMode.VIRTUAL:
        accelerator = make_virtual_clock(family)
    else:
        accelerator = Accelerator(AcceleratorKind(specification.accelerator))
    built = specification.platform_firmware_file
    base = specification.guest
    definition = replace(
        base,
        machine_options={**base.machine_options, **({"firmware": str(built)} if built else {})},
        memory_mib=specification.scenario.memory_mib or base.memory_mib,
        platform_firmware=family,
        accelerator=accelerator,
        real_time_clock=RealTimeClock(),
        data_directories=(specification.data_directory, *base.data_directories),
    ).adding(
        make_tap_netdev(tap),
        make_nic(key.nic_model, "net0", id=NIC_ID, mac=GUEST_MAC, bootindex=1, **_rom_properties(specification)),
        make_capture(specification.directory / CAPTURE_FILE),
    )
    if disk_file is not None:
        definition = definition.adding(*make_disk(disk_file, bootindex=2))
    if family == "ovmf":
        # Since 2024 the network stack of OVMF does nothing without a source of random numbers.
        definition = definition.adding(QomObject("rng-builtin", "rng0"), Device("virtio-rng-pci", "", {"rng": "rng0"}))
    return definition


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
