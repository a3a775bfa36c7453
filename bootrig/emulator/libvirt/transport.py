"""QMP through libvirt: commands by `virDomainQemuMonitorCommand`, events by libvirt's event API."""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from bootrig.emulator.errors import CommandError, PeerError, SessionEndedError
from bootrig.emulator.monitor.transport import Transport

# Numbers of errors after which there is no domain: it is unknown, does not run, or its socket broke (virterror.h).
GONE_CODES = frozenset({42, 55, 38})
THREADS = 8
# The details of the event STOPPED in libvirt-domain.h.
END_REASONS = {0: "shutdown", 1: "destroyed", 2: "crashed", 3: "migrated", 4: "saved", 5: "failed"}


class LibvirtTransport(Transport):
    """The monitor of a domain that libvirt has started; `end_reason` is libvirt's word for why the domain ended."""

    def __init__(self, connection: Any, domain: Any) -> None:
        import libvirt  # noqa: PLC0415 - an extra
        import libvirt_qemu  # noqa: PLC0415

        self._libvirt, self._qemu = libvirt, libvirt_qemu
        self._connection = connection
        self._domain = domain
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="bootrig-libvirt-qmp")
        self._callbacks: list[Any] = []
        self._ended = False
        self.end_reason = ""

    async def open(self) -> Mapping[str, Any]:
        """Subscribe to events and ask for the version."""
        monitor = self._qemu.qemuMonitorEventRegister(self._connection, self._domain, None, self._take_event, None, 0)
        self._callbacks.append(lambda: self._qemu.qemuMonitorEventDeregister(self._connection, monitor))
        lifecycle = self._connection.domainEventRegisterAny(
            self._domain, self._libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._take_lifecycle, None
        )
        self._callbacks.append(lambda: self._connection.domainEventDeregisterAny(lifecycle))
        version = await self.execute("query-version", None)
        return version if isinstance(version, Mapping) else {}

    def _take_event(self, *details: Any) -> None:
        """Pass a QMP event on; called on libvirt's thread."""
        _, _, name, seconds, microseconds, data, _ = details
        event: dict[str, Any] = {"event": name, "timestamp": {"seconds": seconds, "microseconds": microseconds}}
        if data:
            event["data"] = json.loads(data)
        self._post(lambda: self.on_event(event))

    def _take_lifecycle(self, *details: Any) -> None:
        """Notice the domain's end; called on libvirt's thread."""
        if details[2] == self._libvirt.VIR_DOMAIN_EVENT_STOPPED:
            self.end_reason = END_REASONS.get(details[3], "")
            self._post(self._end)

    def _post(self, call: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended: there is no listener any more
            self._loop.call_soon_threadsafe(call)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self.on_end(None)

    async def execute(self, command: str, arguments: Mapping[str, Any] | None) -> Any:
        """Execute a command."""
        message = json.dumps({"execute": command, **({"arguments": dict(arguments)} if arguments is not None else {})})
        try:
            answer = json.loads(await self._loop.run_in_executor(self._threads, self._send, command, message))
        except ValueError as error:
            raise PeerError(f"{command}: libvirt's answer is not JSON: {error}") from error
        if isinstance(answer, dict) and "return" in answer:
            return answer["return"]
        problem = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(problem, dict) or "desc" not in problem:
            raise PeerError(f"{command}: libvirt's answer is not QMP: {str(answer)[:200]}")
        raise CommandError(command, str(problem.get("class", "GenericError")), str(problem["desc"]))

    def _send(self, command: str, message: str) -> str:
        """Send a message and wait for its answer; on a thread of its own."""
        try:
            return str(self._qemu.qemuMonitorCommand(self._domain, message, 0))
        except self._libvirt.libvirtError as error:
            if error.get_error_code() in GONE_CODES or not self.lives():
                raise SessionEndedError(f"the domain went away during {command}: {error}") from error
            raise PeerError(f"{command}: libvirt: {error}") from error

    def lives(self) -> bool:
        """Whether the domain runs."""
        try:
            return bool(self._domain.isActive())
        except self._libvirt.libvirtError:
            return False

    async def close(self) -> None:
        """Stop listening; `start_libvirt_guest` ends the domain."""
        while self._callbacks:
            with suppress(self._libvirt.libvirtError):
                self._callbacks.pop()()
        self._threads.shutdown(wait=False, cancel_futures=True)
