"""Starting a guest by this process itself, or by libvirt."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.launch import ConfigureBy, Launch, Launcher
from bootrig.emulator.guest.freezing import FrozenGuest
from bootrig.emulator.guest.guest import Guest, start_direct_guest
from bootrig.emulator.release.discovery import Emulator
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.emulator.schema.shapes import Catalog


@asynccontextmanager
async def start_guest(
    launch: Launch,
    emulator: Emulator,
    definition: MachineDefinition,
    run_directory: Path,
    pass_fds: Sequence[int] = (),
    *,
    is_confined: bool = False,
    catalog: Catalog | None = None,
    memory: int | FrozenGuest | None = None,
) -> AsyncIterator[Guest]:
    """Yield a guest that is complete and paused; it ends with the `with`.

    A guest that this process starts `is_confined` in a cell; libvirt's never is. The `catalog` is what the emulator
    says about itself, where the guest is configured over QMP; without, the emulator is asked. For the
    `memory`, which libvirt's guests do not have, see `start_direct_guest`.

    Under libvirt a process can have such guests one after the other only, and only with one run directory: a cell is a
    process of its own.

    Raises:
        LibvirtError: libvirt is missing or does not start.
        EmulatorError: as `start_direct_guest`.
    """
    if launch.launcher is Launcher.DIRECT:
        if launch.configure_by is not ConfigureBy.QMP:
            catalog = None
        elif catalog is None:
            catalog = Catalog(await asyncio.to_thread(load_introspection, emulator))
        async with start_direct_guest(
            emulator,
            definition,
            run_directory,
            pass_fds,
            configure_by_qmp=catalog,
            is_confined=is_confined,
            memory=memory,
        ) as guest:
            yield guest
        return
    from bootrig.emulator.libvirt.guest import start_libvirt, start_libvirt_guest  # noqa: PLC0415 - rarely wanted

    with start_libvirt(run_directory) as connection:
        async with start_libvirt_guest(connection, emulator, definition, run_directory) as guest:
            yield guest
