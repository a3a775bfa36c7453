"""dnsmasq: DHCP, DNS and router advertisements.

It runs with `-d` (with `-k` it would change its group, which a user namespace forbids). Its log is a file;
inotify and a pidfd tell when it is ready or dead, so nothing is polled.
"""

import ctypes
import os
import re
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from bootrig.confinement.confinement import NET_ADMIN, NET_BIND_SERVICE, NET_RAW, Confinement
from bootrig.confinement.limits import MIB, Limits
from bootrig.confinement.view import View, see, see_programs, see_system, see_users
from bootrig.deadline import Deadline
from bootrig.network.addresses import SERVER_NAME, SERVICE_ADDRESSES
from bootrig.network.errors import ServiceError
from bootrig.network.names import encode_name
from bootrig.network.servers.dnsmasq_lines import dnsmasq_configuration
from bootrig.network.servers.personality import DhcpPersonality
from bootrig.network.servers.questions import Question, ask_any, ask_dhcp, ask_dns
from bootrig.process import RunningProcess, require_tool, start_process

IN_MODIFY = 0x2
READY = "started, version"
VERSION_PATTERN = re.compile(rf"{READY} (\S+)")
START_S = 10.0
MEMORY = 512 * MIB
# QEMU's threads count, too: they are of the same user.
PROCESSES = 512

_libc = ctypes.CDLL(None, use_errno=True)


class Dnsmasq:
    """A dnsmasq that runs inside the `with` of `start_dnsmasq`; its version is what its log says."""

    server = "dnsmasq"

    def __init__(self, process: RunningProcess, *, has_own_lines: bool = False) -> None:
        self.process = process
        self._has_own_lines = has_own_lines
        found = VERSION_PATTERN.search(process.output.read_text(errors="replace"))
        self.version = found[1] if found else ""

    def questions(self) -> tuple[Question, ...]:
        """Return what shows that it is alive.

        Lines of the scenario's own may silence a part of it, so one answer is enough where there are any.
        """
        asked = (ask_dhcp(), *(ask_dns(address, SERVER_NAME) for address in SERVICE_ADDRESSES))
        return (ask_any(asked),) if self._has_own_lines else asked

    async def watch(self) -> NoReturn:
        """Wait for its death.

        Raises:
            ServiceError: it died, with the last of its log.
        """
        await self.process.ended()
        raise _death(self.process, "died midway")


def _death(process: RunningProcess, how: str) -> ServiceError:
    process.wait(Deadline.after(1, "dnsmasq"))
    output = process.tail()
    remedy = ""
    if "Address already in use" in output:
        remedy = "another server has port 53 or 67 in this network namespace"
    elif "Permission denied" in output or "Operation not permitted" in output:
        remedy = "run inside run_in_namespaces, or as root"
    return ServiceError(f"dnsmasq {how} (exit status {process.poll()})", output=output, remedy=remedy)


def _await_ready(process: RunningProcess, watch: int, deadline: Deadline) -> None:
    """Wait until the log says that all sockets are bound."""
    handle = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.register(watch, select.POLLIN)
        while READY not in process.output.read_text(errors="replace"):
            events = dict(poll.poll(deadline.left_s * 1000))
            if handle in events:
                raise _death(process, "ended at once")
            if not events:
                raise ServiceError(
                    f"dnsmasq did not start in time: {deadline.purpose}", output=process.tail(), remedy="see its log"
                )
            os.read(watch, 65536)
    finally:
        os.close(handle)


def make_confinement(program: Path, directory: Path) -> Confinement:
    """Return what dnsmasq may see and do: programs and libraries, and its own directory, where it may write."""
    system = see_system()
    view = View((*system.mounts, *see_programs(program), *see_users(), *see(directory, is_writable=True)), system.links)
    return Confinement(
        view,
        Limits(address_space=MEMORY, processes=PROCESSES),
        has_own_user=False,
        may_fork=True,
        capabilities=frozenset({NET_ADMIN, NET_RAW, NET_BIND_SERVICE}),
    )


@contextmanager
def start_dnsmasq(personality: DhcpPersonality, logs: Path, *, deadline: Deadline | None = None) -> Iterator[Dnsmasq]:
    """Start dnsmasq; inside the `with` it answers.

    Its configuration and its log are `dnsmasq.conf` and `dnsmasq.log` in the directory `logs`.

    Raises:
        ToolMissingError: dnsmasq is not installed.
        ConfinementError: it cannot be confined.
        ServiceError: it ended at once or did not get ready in time; its output tells why.
        PersonalityError: the personality cannot be expressed.
    """
    program = require_tool("dnsmasq")
    file, log = logs / "dnsmasq.conf", logs / "dnsmasq.log"
    file.write_bytes(encode_name(dnsmasq_configuration(personality)))
    log.write_bytes(b"")
    watch = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if watch < 0 or _libc.inotify_add_watch(watch, os.fsencode(log), IN_MODIFY) < 0:
        raise ServiceError(
            f"cannot watch {log}: {os.strerror(ctypes.get_errno())}",
            remedy="sysctl -w fs.inotify.max_user_instances=512",
        )
    try:
        words = (str(program), "-d", f"--conf-file={file}")
        with start_process(words, output=log, confinement=make_confinement(program, logs)) as process:
            _await_ready(process, watch, deadline or Deadline.after(START_S, "dnsmasq"))
            yield Dnsmasq(process, has_own_lines=bool(personality.lines))
    finally:
        if watch >= 0:
            os.close(watch)
