"""Who starts QEMU: this process itself, or libvirt."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.errors import LibvirtError
from bootrig.emulator.guest.guest import RESET_LIMIT, START_S, Guest, start_guest
from bootrig.emulator.release.discovery import Emulator
from bootrig.emulator.schema.shapes import Catalog


class Launcher(StrEnum):
    """Who starts QEMU."""

    DIRECT = "direct"
    LIBVIRT = "libvirt"


@asynccontextmanager
async def launch_guest(
    launcher: Launcher,
    emulator: Emulator,
    definition: MachineDefinition,
    run_directory: Path,
    *,
    pass_fds: Sequence[int] = (),
    start_s: float = START_S,
    reset_limit: int = RESET_LIMIT,
    configure_by_qmp: Catalog | None = None,
) -> AsyncIterator[Guest]:
    """Yield a guest that is complete and paused, started by `launcher`; it ends with the `with`.

    Under libvirt a process can have such guests one after the other only, and only with one run directory: a cell is a
    process of its own.

    Args:
        launcher: who starts QEMU.
        emulator: as for `start_guest`, as all that follows.
        definition: the guest.
        run_directory: where its files go.
        pass_fds: file descriptors that the definition names.
        start_s: seconds of wall time within which QEMU has to answer.
        reset_limit: how many resets are not yet a reset loop.
        configure_by_qmp: what the QEMU says about itself, if it shall be configured over QMP.

    Raises:
        LibvirtError: libvirt is missing, does not start, or cannot do what is asked.
        EmulatorError: as `start_guest`.
    """
    if launcher is Launcher.DIRECT:
        async with start_guest(
            emulator,
            definition,
            run_directory,
            pass_fds=pass_fds,
            start_s=start_s,
            reset_limit=reset_limit,
            configure_by_qmp=configure_by_qmp,
        ) as guest:
            yield guest
        return
    if configure_by_qmp is not None:
        raise LibvirtError(
            "libvirt configures QEMU on the command line only",
            remedy="leave out --configure-by qmp or --launcher libvirt",
        )
    from bootrig.emulator.libvirt.guest import start_libvirt, start_libvirt_guest  # noqa: PLC0415 - rarely wanted

    with start_libvirt(run_directory) as host:
        async with start_libvirt_guest(
            host, emulator, definition, run_directory, start_s=start_s, reset_limit=reset_limit
        ) as guest:
            yield guest
