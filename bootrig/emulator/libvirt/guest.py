"""Guests that libvirt starts, in this process (`qemu:///embed`): the same `Guest`, by another launcher."""

import asyncio
import fcntl
import os
import shlex
import signal
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bootrig.cache import describe_cache_error, open_regular_file
from bootrig.deadline import Deadline
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.parts import Netdev
from bootrig.emulator.errors import EmulatorError, GuestDiedError, GuestStartError, LibvirtError
from bootrig.emulator.guest.console import ConsolePipes
from bootrig.emulator.guest.guest import OUTPUT_FILE, START_S, Guest, copy_variables, start_observer
from bootrig.emulator.libvirt.domain import ALIAS_PREFIX, encode_domain
from bootrig.emulator.libvirt.state import own_libvirt_state
from bootrig.emulator.libvirt.transport import LibvirtTransport
from bootrig.emulator.monitor.session import start_session
from bootrig.emulator.release.discovery import QEMU_PROGRAM, Emulator, find_platform_firmware
from bootrig.process import read_tail
from bootrig.temporary import remove_path
from bootrig.workdir import cache_directory, start_work_directory, write_atomically

REMEDY = (
    'install it: ci/setup libvirt, or pip install "bootrig[libvirt]" and apt-get install libvirt-daemon-driver-qemu'
)
USER = "libvirt-qemu"
# libvirt's QEMU driver alone, and without anything between QEMU and its files: no logging daemon, no change of owners,
# no security labels, no namespace, no control groups. User and group are -1, for which libvirt changes no ids: with any
# others libvirt 11 sets the supplementary groups, too, which a user's own user namespace forbids.
CONFIGURATION = """\
stdio_handler = "file"
user = "+4294967295"
group = "+4294967295"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
"""
# linux/if_tun.h
TUNGETIFF, TUNSETPERSIST = 0x800454D2, 0x400454CB
# The name of the domain, and so of the file into which libvirt writes QEMU's output.
DOMAIN = Path(OUTPUT_FILE).stem


@contextmanager
def start_libvirt(run_directory: Path) -> Iterator[Any]:
    """Yield a connection to libvirt's QEMU driver in this process, which can have one at a time, in one directory.

    QEMU's output and libvirt's own log go to the run directory.

    Raises:
        LibvirtError: libvirt or its QEMU driver is not installed, or does not start here.
    """
    # libvirt reads it when it is loaded; without it, it writes warnings to standard error
    os.environ["LIBVIRT_LOG_OUTPUTS"] = f"3:file:{run_directory / 'libvirt.log'}"
    try:
        import libvirt  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise LibvirtError(f"libvirt's Python package is not installed: {error}", remedy=REMEDY) from error
    # Sockets have short paths, run directories long ones.
    with start_work_directory("lv") as root, ExitStack() as stack:
        _furnish(root, run_directory)
        try:
            stack.enter_context(own_libvirt_state())
        except OSError as error:
            what = f"libvirt's QEMU driver gets no /run of its own: {error.filename or 'a mount'}: {error.strerror}"
            raise LibvirtError(what, remedy="run it as root") from error
        libvirt.registerErrorHandler(lambda *_: None, None)
        libvirt.virEventRegisterDefaultImpl()
        with _run_events(libvirt):
            try:
                connection = libvirt.open(f"qemu:///embed?root={root}")
            except libvirt.libvirtError as error:
                what = f"libvirt's QEMU driver does not start: {error}"
                raise LibvirtError(what, remedy=_remedy(str(error))) from error
            try:
                yield connection
            finally:
                connection.close()


def _furnish(root: Path, run_directory: Path) -> None:
    """Make what libvirt finds below its root: its configuration, and links to where it writes.

    Raises:
        CacheError: the cache cannot be written.
    """
    (root / "etc").mkdir()
    (root / "etc/qemu.conf").write_text(CONFIGURATION)
    (root / "log").mkdir()
    (root / "log/qemu").symlink_to(run_directory)
    # libvirt needs seconds to find out what a QEMU can do, and remembers it here.
    cache = cache_directory() / "libvirt"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise describe_cache_error(error) from error
    (root / "cache").symlink_to(cache)


def _remedy(problem: str) -> str:
    if USER in problem:
        return f"as root: useradd --system --user-group {USER}"
    if "no connection driver" in problem or "embed" in problem:
        return REMEDY
    return ""


@contextmanager
def _run_events(libvirt: Any) -> Iterator[None]:
    """Run libvirt's event loop, which libvirt needs as long as a guest lives, on a thread."""
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            libvirt.virEventRunDefaultImpl()

    timer = libvirt.virEventAddTimeout(-1, lambda *_: None, None)
    thread = threading.Thread(target=run, name="bootrig-libvirt-events", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        libvirt.virEventUpdateTimeout(timer, 0)
        thread.join()
        libvirt.virEventRemoveTimeout(timer)


@asynccontextmanager
async def start_libvirt_guest(
    connection: Any, emulator: Emulator, definition: MachineDefinition, run_directory: Path
) -> AsyncIterator[Guest]:
    """Yield a guest that libvirt has started, complete and paused; it ends with the `with`.

    libvirt passes no file descriptors on. So a tap that the definition names by file descriptor is made persistent, and
    QEMU opens it by its name.

    Raises:
        GuestStartError: libvirt or QEMU refuses the guest.
        PlatformFirmwareMissingError: there is no such platform firmware.
    """
    import libvirt  # noqa: PLC0415 - an extra

    deadline = Deadline.after(START_S, "libvirt starts QEMU")
    named = replace(definition, parts=tuple(_name_tap(p) if isinstance(p, Netdev) else p for p in definition.parts))
    firmware = copy_variables(find_platform_firmware(emulator, definition.platform_firmware), run_directory)
    async with AsyncExitStack() as stack:
        stack.enter_context(_start_reaping())
        pipes = ConsolePipes()
        stack.callback(pipes.close)
        pipes.link(run_directory)
        program = _find_program(emulator)
        document = encode_domain(emulator, named, name=DOMAIN, program=program, firmware=firmware, console=pipes.path)
        (run_directory / "domain.xml").write_text(document)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(deadline.require()):
                paused = libvirt.VIR_DOMAIN_START_PAUSED
                domain = await loop.run_in_executor(None, connection.createXML, document, paused)
        except libvirt.libvirtError as error:
            raise GuestStartError(f"libvirt does not start the guest: {error}") from error
        except TimeoutError as error:
            raise GuestStartError("libvirt did not start the guest in time") from error
        stack.push_async_callback(_destroy, domain)
        transport = LibvirtTransport(connection, domain)

        async def obituary() -> EmulatorError | None:
            return None if transport.lives() else _make_obituary(transport, run_directory / OUTPUT_FILE)

        session = await stack.enter_async_context(start_session(transport, deadline, obituary=obituary))
        console = await pipes.open_console()
        stack.callback(console.close)
        guest = Guest(
            emulator=emulator,
            definition=named,
            command=("libvirt", str(run_directory / "domain.xml")),
            session=session,
            console=console,
            run_directory=run_directory,
            device_prefix=ALIAS_PREFIX,
        )
        await stack.enter_async_context(start_observer(guest))
        yield guest


async def _destroy(domain: Any) -> None:
    import libvirt  # noqa: PLC0415 - an extra

    with suppress(libvirt.libvirtError):
        await asyncio.get_running_loop().run_in_executor(None, domain.destroy)


def _make_obituary(transport: LibvirtTransport, log: Path) -> GuestDiedError:
    """Return how QEMU ended, as far as libvirt knows, with what QEMU said after its command line."""
    output = read_tail(log).rpartition("-msg timestamp=on\n")[2]
    return GuestDiedError(f"QEMU went away ({transport.end_reason or 'libvirt does not say why'})", output=output)


@contextmanager
def _start_reaping() -> Iterator[None]:
    """In a PID namespace's first process, take the exit status of QEMUs that libvirt detached.

    libvirt starts QEMU as a daemon, and when it ends it, it waits until no process has its number; in such a namespace
    only this process can reap it.
    """
    loop = asyncio.get_running_loop()
    if os.getpid() != 1 or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop.add_signal_handler(signal.SIGCHLD, _reap_orphans)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGCHLD)


def _reap_orphans() -> None:
    """Wait for QEMUs that were detached and have ended; all other children are waited for elsewhere."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            for word in (task / "children").read_text().split():
                if _is_dead_daemon(int(word)):
                    os.waitpid(int(word), os.WNOHANG)


def _is_dead_daemon(pid: int) -> bool:
    """Whether a child has ended, is a QEMU, and is in another session, as daemons are (proc(5), /proc/pid/stat)."""
    name, _, values = Path(f"/proc/{pid}/stat").read_text().partition(" (")[2].rpartition(") ")
    state, _, _, session = values.split()[:4]
    return state == "Z" and int(session) != os.getsid(0) and name.startswith(QEMU_PROGRAM[:15])


def _name_tap(netdev: Netdev) -> Netdev:
    """Return a tap by name instead of by file descriptor; the descriptor no longer refers to the device."""
    number = netdev.properties.get("fd")
    if netdev.type != "tap" or not isinstance(number, str) or not number.isdigit():
        return netdev
    descriptor = int(number)
    packed = fcntl.ioctl(descriptor, TUNGETIFF, bytes(40))
    name = struct.unpack_from("16s", packed)[0].rstrip(b"\0").decode()
    fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, descriptor)
    os.close(null)
    socket.if_nametoindex(name)  # it is still there
    others = {key: value for key, value in netdev.properties.items() if key != "fd"}
    options = {"ifname": name, "script": "no", "downscript": "no", "vnet_hdr": False}
    return replace(netdev, properties={**others, **options})


def _find_program(emulator: Emulator) -> Path:
    """Return the file that libvirt starts; for an unpacked QEMU a script that starts it by its own loader.

    libvirt remembers what it found out about a QEMU by the file's path and time, so the script is only written once.
    """
    if len(emulator.command) == 1:
        return emulator.executable
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in emulator.environment)
    text = f'#!/bin/sh\n{variables} exec {shlex.join(emulator.command)} "$@"\n'
    script = cache_directory() / "libvirt-programs" / emulator.digest[:16] / emulator.executable.name
    try:
        with open_regular_file(script) as stream:
            is_written = stream.read(len(text) + 1) == text.encode()
    except OSError:
        is_written = False
    try:
        if not is_written:
            remove_path(script)
            write_atomically(script, text.encode())
        script.chmod(0o755)
    except OSError as error:
        raise describe_cache_error(error) from error
    return script
