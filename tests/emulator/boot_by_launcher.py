"""Boot one guest in a namespace of its own, in a process of its own: `python -m ... LAUNCHER NIC FIRMWARE DIRECTORY`.

Prints JSON: the console, the QMP events, the ROM, what a missing command and a missing device led to.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bootrig.emulator.definition.definition import MachineDefinition, make_virtual_clock
from bootrig.emulator.definition.launch import Launch, Launcher
from bootrig.emulator.definition.parts import make_capture, make_disk, make_nic, make_tap_netdev
from bootrig.emulator.errors import CommandError, CommandMissingError, GuestStartError
from bootrig.emulator.launch import start_guest
from bootrig.emulator.release.discovery import find_host_emulator
from bootrig.network.namespace import run_in_namespaces
from bootrig.network.tap import open_tap

LIMIT_S = 100.0
# of iPXE, and of an OVMF that has no driver for the NIC and no source of randomness for its own PXE client
MARKS = (b"No configuration methods", b"UEFI Interactive Shell")


async def boot(launcher: Launcher, model: str, platform_firmware: str, directory: Path, descriptor: int) -> Any:
    emulator = find_host_emulator()
    disk = directory / "disk"
    disk.write_bytes(bytes(1 << 20))
    definition = MachineDefinition(
        machine_type="pc" if platform_firmware == "seabios" else "q35",
        machine_options={"graphics": False},
        platform_firmware=platform_firmware,
        accelerator=make_virtual_clock(),
    ).adding(
        make_tap_netdev(descriptor),
        *make_capture(directory / "wire.pcap", directory / "sent.pcap"),
        make_nic(model, "net0", bootindex=0),
        *make_disk(disk, bootindex=1),
    )
    async with (
        asyncio.timeout(LIMIT_S),
        start_guest(Launch(launcher), emulator, definition, directory, [descriptor]) as guest,
    ):
        rom = await guest.rom_evidence("nic0")
        problems = []
        for command, arguments in (("no-such-command", None), ("qom-get", {"path": "/no", "property": "x"})):
            try:
                await guest.session.execute(command, arguments)
            except (CommandMissingError, CommandError) as error:
                problems.append([type(error).__name__, error.error_class])
        with guest.session.subscribe("RESUME") as resumed:
            await guest.resume()
            event = await resumed.get()
        seen = b""
        while not (marks := [mark for mark in MARKS if mark in seen]):
            content = await guest.console.read()
            if not content:
                raise EOFError(seen)
            seen += content
        clock_s = await guest.clock_s()
        return {
            "console": seen[: seen.index(marks[0])].decode("utf-8", "replace"),
            "event": event["event"],
            "events": [event["event"] for event in guest.events],
            "rom": [rom.romfile, rom.rom_bar_length, rom.sha256],
            "problems": problems,
            "version": list(guest.session.version),
            "clock_runs": clock_s > 1,
            "wire": (directory / "wire.pcap").stat().st_size > 1000,
        }


def main() -> int:
    launcher, model, platform_firmware, place = sys.argv[1:]
    directory = Path(place)

    def inside() -> int:
        with open_tap() as tap:
            try:
                result = asyncio.run(boot(Launcher(launcher), model, platform_firmware, directory, tap))
            except GuestStartError as error:
                result = {"start-error": str(error)}
        (directory / "result.json").write_text(json.dumps(result))
        return 0

    return run_in_namespaces(inside)


if __name__ == "__main__":
    sys.exit(main())
