"""Guests: starting QEMU paused, talking to it, noticing how it breaks, ending it."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from bootrig.confinement.view import DESCRIPTORS
from bootrig.deadline import Deadline
from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, MachineDefinition
from bootrig.emulator.definition.parts import BlockNode, Device
from bootrig.emulator.errors import EmulatorError, GuestHaltedError
from bootrig.emulator.guest.command_line import make_command_line
from bootrig.emulator.guest.configuration import configure, split_for_qmp
from bootrig.emulator.guest.confined import open_surroundings
from bootrig.emulator.guest.console import Console, ConsolePipes
from bootrig.emulator.guest.freezing import FrozenGuest, load_state
from bootrig.emulator.guest.memory import add_memory
from bootrig.emulator.guest.picture import Picture, take_picture
from bootrig.emulator.guest.rom_evidence import DeviceRom, read_device_rom
from bootrig.emulator.monitor.process import start_qemu
from bootrig.emulator.monitor.session import QmpSession
from bootrig.emulator.release.discovery import Emulator, PlatformFirmware, find_platform_firmware
from bootrig.emulator.schema.shapes import Catalog
from bootrig.process import read_tail

logger = logging.getLogger(__name__)

START_S = 20.0
EVENTS_KEPT = 4096
OUTPUT_FILE = "qemu.log"
CONSOLE_FILE = "console.log"
VARIABLES_FILE = "variables.fd"
SERIAL_PORT = "isa-serial"
OWN_DESCRIPTORS = Path("/proc/self/fd")

# Events (qapi/run-state.json) after which a guest does not run any more.
OWN_ENDS = {"SHUTDOWN": "the guest powered itself off", "GUEST_PANICKED": "the guest panicked"}
# Run states (qapi/run-state.json) in which QEMU has stopped the guest because of an error of its own.
HALTED_STATES = frozenset({"internal-error", "io-error"})


@dataclass(eq=False)
class Guest:
    """One running QEMU, made by `start_direct_guest` or `start_libvirt_guest`; paused until `resume`.

    The definition is the whole guest's, its platform firmware among the block nodes; the command is what started QEMU.
    The prefix precedes the ids of devices in QEMU. Of the QMP events at most the first `EVENTS_KEPT` are kept.

    Attributes:
        resets: how often the guest has reset itself.
        own_end: how it has ended itself, for people; empty where it has not.
        lacking: what of its confinement this machine does not allow.
    """

    emulator: Emulator
    definition: MachineDefinition
    command: tuple[str, ...]
    session: QmpSession
    console: Console
    run_directory: Path
    device_prefix: str = ""
    lacking: tuple[str, ...] = ()
    events: list[Mapping[str, Any]] = field(default_factory=list)
    resets: int = 0
    own_end: str = ""

    def __post_init__(self) -> None:
        self._broken: asyncio.Future[EmulatorError] = asyncio.get_running_loop().create_future()
        self._subscription = self.session.subscribe(capacity=EVENTS_KEPT)

    async def resume(self) -> None:
        """Let the guest run.

        Raises:
            EmulatorError: QEMU does not.
        """
        await self.session.execute("cont")

    async def pause(self) -> None:
        """Stop the guest's processors and clock.

        Raises:
            EmulatorError: QEMU does not.
        """
        await self.session.execute("stop")

    async def clock_s(self) -> int:
        """Return the guest's clock in whole seconds since power-on, also while it runs.

        Raises:
            EmulatorError: QEMU does not answer.
        """
        answer = await self.session.execute("qom-get", {"path": "/machine", "property": "rtc-time"})
        year, month, day = answer["tm_year"] + 1900, answer["tm_mon"] + 1, answer["tm_mday"]
        now = datetime(year, month, day, answer["tm_hour"], answer["tm_min"], answer["tm_sec"], tzinfo=UTC)
        return int((now - self.power_on).total_seconds())

    @property
    def power_on(self) -> datetime:
        """The guest's date at power-on."""
        return datetime.fromisoformat(self.definition.real_time_clock.base).replace(tzinfo=UTC)

    async def rom_evidence(self, device_id: str) -> DeviceRom:
        """Ask a device which ROM it has.

        Raises:
            EmulatorError: there is no such device, or the ROM's file is not found.
        """
        qemu_id = f"{self.device_prefix}{device_id}"
        return await read_device_rom(self.session, self.emulator, self.definition.data_directories, qemu_id)

    async def take_picture(self) -> Picture:
        """Return what its screen shows.

        Raises:
            EmulatorError: there is no picture: the guest has no screen, or libvirt started it.
        """
        return await take_picture(self.session, self.run_directory)

    async def watch(self) -> NoReturn:
        """Wait until the guest breaks.

        Raises:
            GuestDiedError: QEMU went away.
            GuestHaltedError: it stopped the guest because of an error of its own.
            SessionEndedError: QEMU closed its monitor and runs on.
        """
        raise await asyncio.shield(self._broken)

    async def observe(self) -> None:
        """Record events and judge them until the session ends; `start_observer` runs this."""
        try:
            while True:
                event = await self._subscription.get()
                if len(self.events) < EVENTS_KEPT:
                    self.events.append(event)
                await self._judge(event)
        except EmulatorError as error:
            self._break(error)

    async def _judge(self, event: Mapping[str, Any]) -> None:
        name = event.get("event")
        if name == "RESET":
            self.resets += _is_own_reset(event)
        elif name in OWN_ENDS:
            self.own_end = OWN_ENDS[name]
        elif name == "STOP":
            status = (await self.session.execute("query-status")).get("status")
            if status in HALTED_STATES:
                output = read_tail(self.run_directory / OUTPUT_FILE)
                accelerator = self.definition.accelerator.kind
                self._break(GuestHaltedError(f"QEMU halted the guest under {accelerator}: {status}", output=output))

    def _break(self, error: EmulatorError) -> None:
        if not self._broken.done():
            self._broken.set_result(error)


def _is_own_reset(event: Mapping[str, Any]) -> bool:
    return event.get("event") == "RESET" and bool(event.get("data", {}).get("guest"))


def _choose_memory(
    definition: MachineDefinition, memory: int | FrozenGuest | None, *, is_confined: bool
) -> tuple[MachineDefinition, tuple[int, ...]]:
    """Return a guest with the file that is its memory, where it has one, and the descriptors that QEMU inherits."""
    if memory is None:
        return definition, ()
    is_shared = not isinstance(memory, FrozenGuest)
    descriptor = memory.memory if isinstance(memory, FrozenGuest) else memory
    path = (DESCRIPTORS if is_confined else OWN_DESCRIPTORS) / str(descriptor)
    return add_memory(definition, path, is_shared=is_shared), (descriptor,)


def copy_variables(firmware: PlatformFirmware, run_directory: Path) -> PlatformFirmware:
    """Return the platform firmware with a copy of its variables, if it has any, for the guest of a run directory."""
    if firmware.variables is None:
        return firmware
    variables = run_directory / VARIABLES_FILE
    shutil.copyfile(firmware.variables, variables)
    return replace(firmware, variables=variables)


def add_platform_firmware(definition: MachineDefinition, firmware: PlatformFirmware) -> MachineDefinition:
    """Return `definition` with `firmware` in it.

    A firmware with variables is put into the two flash devices, with them; one without is the machine's default,
    or the machine's `firmware` property.
    """
    if firmware.variables is None:
        return definition
    nodes = (
        BlockNode("file", "pflash0-file", {"filename": str(firmware.code), "read-only": True}),
        BlockNode("raw", "pflash0", {"file": "pflash0-file", "read-only": True}),
        BlockNode("file", "pflash1-file", {"filename": str(firmware.variables)}),
        BlockNode("raw", "pflash1", {"file": "pflash1-file"}),
    )
    options = {**definition.machine_options, "pflash0": "pflash0", "pflash1": "pflash1"}
    return replace(definition, machine_options=options, parts=(*nodes, *definition.parts))


def has_console(definition: MachineDefinition) -> bool:
    """Whether one of a guest's devices has the console."""
    return any(device.properties.get("chardev") == CONSOLE_CHARDEV for device in definition.of_kind(Device))


def add_console(definition: MachineDefinition) -> MachineDefinition:
    """Return `definition` with a serial port on the console, unless one of its devices has the console already."""
    if has_console(definition):
        return definition
    return definition.adding(Device(SERIAL_PORT, "", {"chardev": CONSOLE_CHARDEV}))


@asynccontextmanager
async def start_direct_guest(
    emulator: Emulator,
    definition: MachineDefinition,
    run_directory: Path,
    pass_fds: Sequence[int] = (),
    *,
    configure_by_qmp: Catalog | None = None,
    is_confined: bool = False,
    memory: int | FrozenGuest | None = None,
) -> AsyncIterator[Guest]:
    """Yield a guest that is complete and paused; QEMU ends with the `with`.

    The monitor's socket and the console's pipes exist before QEMU does: there is nothing to poll, and a QEMU that ends
    at once is noticed at once.

    Args:
        emulator: the QEMU.
        definition: the guest.
        run_directory: gets `qemu.log`, `console.log` and the platform firmware's variables.
        pass_fds: file descriptors that the definition names.
        configure_by_qmp: what the QEMU says about itself, if everything that QMP can add is to be added over QMP;
            otherwise everything is on the command line.
        is_confined: whether QEMU sees and does only what its guest needs. This process is in a cell's namespaces then.
        memory: what the guest goes on from, as a clone; or, where it begins with power-on and is to be frozen, the
            descriptor of the file that is its memory.

    Raises:
        GuestStartError: QEMU ended at once or does not answer.
        FreezeError: it does not thaw the guest.
        PlatformFirmwareMissingError: there is no such platform firmware.
        ToolMissingError: there is no such program.
        ProcessError: it cannot be started.
        ConfinementError: it cannot be confined.
    """
    deadline = Deadline.after(START_S, "QEMU starts")
    frozen = memory if isinstance(memory, FrozenGuest) else None
    firmware = copy_variables(find_platform_firmware(emulator, definition.platform_firmware), run_directory)
    complete = add_console(add_platform_firmware(definition, firmware))
    async with AsyncExitStack() as stack:
        pipes = ConsolePipes()
        stack.callback(pipes.close)
        around = stack.enter_context(
            open_surroundings(
                emulator, complete, run_directory, run_directory / CONSOLE_FILE, pipes, is_confined=is_confined
            )
        )
        prepared, shared = _choose_memory(around.definition, memory, is_confined=is_confined)
        if frozen is not None:
            (run_directory / CONSOLE_FILE).write_bytes(frozen.console)
        cold, hot = split_for_qmp(prepared, configure_by_qmp) if configure_by_qmp else (prepared, None)

        def words(monitor: int) -> tuple[str, ...]:
            return make_command_line(
                emulator,
                cold,
                monitor,
                console=around.console,
                console_log=around.console_log,
                is_confined=is_confined,
                is_thawed=frozen is not None,
            )

        environment = {**dict(emulator.environment), **around.environment}
        qemu = await stack.enter_async_context(
            start_qemu(
                words,
                run_directory / OUTPUT_FILE,
                deadline,
                environment=environment,
                pass_fds=(*pass_fds, *around.descriptors, *shared),
                confinement=around.confinement,
            )
        )
        if hot is not None:
            await configure(qemu.session, hot)
        console = await pipes.open_console()
        stack.callback(console.close)
        if frozen is not None:
            await load_state(qemu.session, frozen)
            console.data_received(frozen.console)
        events = list(frozen.events) if frozen is not None else []
        guest = Guest(
            emulator=emulator,
            definition=complete,
            command=qemu.command,
            session=qemu.session,
            console=console,
            run_directory=run_directory,
            lacking=(*around.lacking, *qemu.lacking),
            events=events,
            resets=sum(_is_own_reset(event) for event in events),
        )
        await stack.enter_async_context(start_observer(guest))
        yield guest


@asynccontextmanager
async def start_observer(guest: Guest) -> AsyncIterator[None]:
    """Have a guest's events recorded and judged as long as the `with` lasts."""
    task = asyncio.create_task(guest.observe())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
