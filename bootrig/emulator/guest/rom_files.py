"""Which ROM file a NIC asks for where nobody names one: QEMU says so itself, for a machine type and each NIC model.

The file depends on both: `efi-e1000.rom` on current machine types, `pxe-e1000.rom` on those up to pc-1.4, always
`pxe-eepro100.rom` for the i82559er. No list of QEMU has these names, since they are set when a device is made; so a
device is made on a paused machine and asked, and a QEMU that does not find the file names it in its error.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping

from bootrig.cache import Room
from bootrig.deadline import Deadline
from bootrig.emulator.errors import CommandError
from bootrig.emulator.guest.configuration import EXPRESS_MACHINES, ROOT_PORT
from bootrig.emulator.monitor.process import start_qemu
from bootrig.emulator.monitor.session import QmpSession
from bootrig.emulator.release.discovery import Emulator
from bootrig.workdir import start_work_directory

ROOM = Room("rom-files", 1)
ASK_S = 60.0
_NOT_FOUND = re.compile(r'failed to find romfile "([^"]+)"')


def find_rom_files(emulator: Emulator, machine_type: str, nic_models: Iterable[str]) -> Mapping[str, str]:
    """Return the ROM file that each NIC model asks for on a machine type; outside of event loops: QEMU may be asked.

    A model that asks for none, or that cannot be plugged into such a machine while it is paused, is not in it.

    Raises:
        EmulatorError: QEMU does not answer.
    """
    models = sorted(set(nic_models))
    key = [emulator.digest, machine_type, models]
    found = ROOM.obtain_value(key, lambda: asyncio.run(_ask(emulator, machine_type, models)))
    return dict(found)


async def _ask(emulator: Emulator, machine_type: str, models: list[str]) -> dict[str, str]:
    express = machine_type.startswith(EXPRESS_MACHINES)

    def words(monitor: int) -> Iterator[str]:
        yield from (*emulator.command, "-nodefaults", "-no-user-config", "-display", "none", "-S")
        yield from ("-chardev", f"socket,id=qmp,fd={monitor}", "-mon", "chardev=qmp,mode=control")
        for directory in emulator.data_directories:
            yield from ("-L", str(directory))
        yield from ("-machine", machine_type, "-accel", "tcg")
        for number in range(len(models) if express else 0):
            yield from ("-device", f"{ROOT_PORT},id=port{number},chassis={number + 1}")

    deadline = Deadline.after(ASK_S, f"QEMU names the ROM files of {machine_type}")
    with start_work_directory("rom-files") as directory:
        log, environment = directory / "qemu.log", dict(emulator.environment)
        async with start_qemu(lambda fd: tuple(words(fd)), log, deadline, environment=environment) as qemu:
            asked = [
                await ask_about(qemu.session, model, f"nic{number}", {"bus": f"port{number}"} if express else {})
                for number, model in enumerate(models)
            ]
    return {model: file for model, file in zip(models, asked, strict=True) if file}


async def ask_about(session: QmpSession, model: str, device: str, place: Mapping[str, str]) -> str:
    """Return the ROM file that a NIC asks for, empty for none."""
    try:
        await session.execute("device_add", {"driver": model, "id": device, **place})
    except CommandError as error:
        found = _NOT_FOUND.search(error.description)
        return found[1] if found else ""
    path = f"/machine/peripheral/{device}"
    return str(await session.execute("qom-get", {"path": path, "property": "romfile"}) or "")
