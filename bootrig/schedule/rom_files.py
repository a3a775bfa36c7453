"""Which ROM files the guests of a run ask for, and which of them a ROM set lacks.

QEMU refuses to start a guest one of whose NICs asks for a ROM file that is not there. A set is tried as it is
installed, so what it lacks is not looked for in the emulator's own directories, where another set may be.
"""

from collections.abc import Iterable, Iterator, Mapping

from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.launch import Launch, RomBy
from bootrig.emulator.definition.parts import Device
from bootrig.emulator.guest.rom_files import find_rom_files
from bootrig.emulator.release.discovery import Emulator
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.schedule.sides import Side
from bootrig.trace.names import CellKey
from bootrig.trace.trace import MissingRom
from firmware.romset import DEFAULT_ROM_NAME


def ask_rom_files(emulator: Emulator, guest: MachineDefinition, nic_models: Iterable[str]) -> Mapping[str, str]:
    """Return the ROM file that each NIC model of a cell or a guest's file asks for on the guest's machine type.

    Raises:
        EmulatorError: QEMU does not answer.
    """
    devices = load_introspection(emulator).devices
    further = {device.type for device in guest.of_kind(Device) if "netdev" in devices.get(device.type, {})}
    return find_rom_files(emulator, guest.machine_type, {*nic_models, *further})


def find_missing_roms(
    key: CellKey, side: Side, guest: MachineDefinition, launch: Launch, asked: Mapping[str, str], emulator: Emulator
) -> tuple[MissingRom, ...]:
    """Return what a cell's guest asks for and a side lacks; `asked` are the files by NIC model, where none is named."""
    installed = side.rom_set.installed_files()

    def is_there(file: str) -> bool:
        if DEFAULT_ROM_NAME.fullmatch(file):
            return file in installed or any((directory / file).is_file() for directory in guest.data_directories)
        return emulator.find_data_file(file, [side.directory, *guest.data_directories]) is not None

    wanted = dict.fromkeys(_iter_wanted(key, guest, launch, asked))
    return tuple(rom for rom in wanted if rom.file and not is_there(rom.file))


def _iter_wanted(
    key: CellKey, guest: MachineDefinition, launch: Launch, asked: Mapping[str, str]
) -> Iterator[MissingRom]:
    """Yield each NIC model of a guest with the file that it asks for; a device without ROM BAR starts without one."""
    if launch.rom_by is not RomBy.NO_BAR and guest.nic.properties.get("rombar") != 0:
        yield MissingRom(key.nic_model, asked.get(key.nic_model, ""))
    for device in guest.of_kind(Device):
        if device.type in asked or "netdev" in device.properties:
            named = device.properties.get("romfile", asked.get(device.type, ""))
            if device.properties.get("rombar") != 0:
                yield MissingRom(device.type, str(named or ""))
