"""Which ROM a device has, as the running device itself reports it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootrig.cache import digest_file
from bootrig.emulator.errors import CommandError, EmulatorError
from bootrig.emulator.monitor.session import QmpSession
from bootrig.emulator.release.discovery import Emulator

ROM_BAR_NUMBER = 6


@dataclass(frozen=True, slots=True)
class DeviceRom:
    """A NIC's option ROM, read back.

    `rombar` is 1 for on, 0 for off, and since QEMU 9.2 -1 where it is not set, which means on. Lengths are in bytes,
    and the file is the one that QEMU loaded. Without a ROM, texts are empty and the path is None. `mac` is the NIC's.
    """

    romfile: str
    rombar: int
    rom_bar_length: int
    path: Path | None
    file_length: int
    sha256: str
    mac: str


async def read_device_rom(
    session: QmpSession, emulator: Emulator, data_directories: Sequence[Path], device_id: str
) -> DeviceRom:
    """Ask a NIC for its option ROM.

    QEMU reports the name, not the file: the name is looked up as QEMU does, first as a path, then in the data
    directories (`qemu_find_file`), of which `data_directories` come before the emulator's own.

    Raises:
        EmulatorError: the device is not there, or its ROM's file is not.
    """
    path = f"/machine/peripheral/{device_id}"
    romfile = str(await session.execute("qom-get", {"path": path, "property": "romfile"}) or "")
    rombar = int(await session.execute("qom-get", {"path": path, "property": "rombar"}))
    mac = str(await session.execute("qom-get", {"path": path, "property": "mac"})).lower()
    try:
        length = int(await session.execute("qom-get", {"path": path, "property": "romsize"}))
    except CommandError:
        # QEMU before 6.0 has no such property, but reports the size of the BAR.
        length = _find_bar_length(await session.execute("query-pci"), device_id)
    if not romfile:
        return DeviceRom("", rombar, 0, None, 0, "", mac)
    file = emulator.find_data_file(romfile, data_directories)
    if file is None:
        raise EmulatorError(f"{device_id}: QEMU loaded {romfile}, which is in none of the data directories")
    return DeviceRom(romfile, rombar, length, file, file.stat().st_size, digest_file(file), mac)


def _find_bar_length(buses: Any, device_id: str) -> int:
    """Return the length of a device's ROM BAR in the answer of `query-pci`; 0 where it has none."""
    for bus in buses:
        for device in bus.get("devices", ()):
            if device.get("qdev_id") == device_id:
                return next((int(r["size"]) for r in device["regions"] if r["bar"] == ROM_BAR_NUMBER), 0)
            bridge = device.get("pci_bridge")
            if bridge and (length := _find_bar_length([bridge], device_id)):
                return length
    return 0
