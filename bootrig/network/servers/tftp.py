"""TFTP by tftpy, in a thread of its own.

tftpy's protocol engine (`TftpContextServer`) does every transfer. Its receive loop is replaced, because that one binds
late and on a thread where the error is lost, ends only at a time-out, serves symbolic links that lead out of its root,
and dies for every client when one sends an option that is not a number.

Sources: RFC 1350, RFC 2347, RFC 2348, RFC 2349.
"""

import asyncio
import errno
import logging
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any, NoReturn

import tftpy
from tftpy.TftpContexts import TftpContextServer
from tftpy.TftpShared import TftpException, TftpTimeout

from bootrig.network.addresses import SERVICE_ADDRESSES, address_family
from bootrig.network.errors import ServiceError
from bootrig.network.names import decode_name, encode_name
from bootrig.network.servers.file_server import (
    ServiceLog,
    bind_socket,
    find_jailed_file,
    find_served_name,
    start_log,
)
from bootrig.network.servers.questions import Question, ask_tftp

logging.getLogger("tftpy").setLevel(logging.CRITICAL + 1)  # ours tells more, and tftpy's costs half of the speed

READ_REQUEST, ERROR = 1, 5
# tftpy insists on looking into a directory itself: below a file that is none there is nothing
NOWHERE = "/dev/null"
SUPPORTED_OPTIONS = frozenset({"blksize", "tsize"})


@dataclass(frozen=True, slots=True)
class TftpConfiguration:
    """What the TFTP server is to do: whose files it serves, where, and when and how often it sends a packet again.

    The time is wall time. In virtual time a short one would look to the guest like a lost packet. Port 0 is any.
    Refused options are left out of what it acknowledges; names that have an error are answered by its number.
    """

    root: Path
    addresses: tuple[str, ...] = SERVICE_ADDRESSES
    port: int = 69
    timeout_s: float = 3.0
    retries: int = 5
    refused: frozenset[str] = frozenset()
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TftpRequest:
    """A read (1) or write (2) request as the client sent it; bytes that are not UTF-8 are surrogates."""

    opcode: int
    file: str
    mode: str
    options: tuple[tuple[str, str], ...]

    def encode_for_engine(self, refused: frozenset[str] = frozenset()) -> bytes:
        """Return the request in a form that tftpy's engine does not trip over.

        The name is a placeholder (the engine knows ASCII only, and looks for files itself). Options that it does not
        know, or whose values are not numbers, are left out, which RFC 2347 allows to a server; so are refused ones.
        """
        known = {name.lower(): value for name, value in self.options if value.isascii() and value.isdigit()}
        words = ["file", "octet"]
        for name in sorted((SUPPORTED_OPTIONS - refused) & known.keys()):
            words += [name, known[name]]
        return self.opcode.to_bytes(2, "big") + b"".join(word.encode() + b"\0" for word in words)


def parse_request(datagram: bytes) -> TftpRequest:
    """Return the request in a datagram: opcode, then strings that end in NUL (RFC 1350, section 5; RFC 2347).

    Raises:
        TftpException: it is none.
    """
    opcode, strings = int.from_bytes(datagram[:2], "big"), datagram[2:].split(b"\0")
    if len(datagram) < 2 or opcode not in {1, 2} or len(strings) < 3:
        raise TftpException(f"not a request: {datagram[:64].hex(' ')}")
    file, mode, *rest = (decode_name(word) for word in strings[:-1])
    return TftpRequest(opcode, file, mode, tuple(zip(rest[::2], rest[1::2], strict=False)))


class _PeerSocket(socket.socket):
    """A connected socket as tftpy's engine uses one, for which an address is always host and port."""

    def sendto(self, content: bytes, _address: tuple[str, int]) -> int:  # type: ignore[override]
        return self.send(content)

    def recvfrom(self, length: int, _flags: int = 0) -> tuple[bytes, tuple[str, int]]:
        content, address = super().recvfrom(length)
        return content, address[:2]


class _Transfer(TftpContextServer):  # type: ignore[misc]
    """One transfer: tftpy's engine with our rules for names, addresses and options.

    Its host is the client's address, which tftpy itself would look up as a name of IPv4.
    """

    host = address = ""

    def __init__(self, configuration: TftpConfiguration, local: str, peer: tuple[Any, ...]) -> None:
        host, port = peer[:2]
        self._requested: frozenset[str] = frozenset()
        self._options: dict[str, Any] | None = None
        self._configuration = configuration
        super().__init__(
            host,
            port,
            configuration.timeout_s,
            NOWHERE,
            dyn_file_func=self._open,
            upload_open=lambda _path, _context: None,
            retries=configuration.retries,
            flock=False,
        )
        self.flock = False  # tftpy's own constructor mistakes the argument
        self.address = host
        self.sock.close()
        self.sock: socket.socket = _PeerSocket(address_family(local), socket.SOCK_DGRAM)
        self.sock.bind((local, 0))
        self.sock.setblocking(False)
        self.sock.connect(peer)  # the kernel drops what others send, and tells of a closed port
        self.request: TftpRequest | None = None
        self.opening = b""
        self.heard = False

    @property
    def options(self) -> dict[str, Any] | None:
        """The negotiated options: only what the client asked for (tftpy would acknowledge `blksize` unasked)."""
        return self._options

    @options.setter
    def options(self, options: dict[str, Any] | None) -> None:
        self._options = options and {name: value for name, value in options.items() if name in self._requested}

    def begin(self, datagram: bytes) -> None:
        """Handle the request that opens the transfer."""
        self.opening = datagram
        self.request = parse_request(datagram)
        error = self._configuration.errors.get(self.request.file.lstrip("/"))
        if error is not None:
            self.sock.send(bytes([0, ERROR]) + error.to_bytes(2, "big") + b"as the scenario says\0")
            raise TftpException(f"answered by error {error}")
        asked = frozenset(name.lower() for name, _ in self.request.options)
        self._requested = (asked & SUPPORTED_OPTIONS) - self._configuration.refused
        self.start(self.request.encode_for_engine(self._configuration.refused))

    def _open(self, _name: str, **_peer: Any) -> BufferedReader | None:
        if self.request is None:
            return None
        found = find_jailed_file(self._configuration.root, encode_name(self.request.file))
        return found.open("rb") if found else None

    def describe(self) -> str:
        """Return the client and what it asked for, for the log."""
        if self.request is None:
            return describe_peer((self.host, self.port))
        options = "".join(f" {name}={value}" for name, value in self.request.options)
        verb = "read" if self.request.opcode == READ_REQUEST else "write"
        return f"{describe_peer((self.host, self.port))} {verb} {self.request.file!r} {self.request.mode}{options}"


def describe_peer(peer: tuple[Any, ...]) -> str:
    """Return a client's address and port as people write them."""
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class TftpServer:
    """A TFTP server that runs inside the `with` of `start_tftp`."""

    server = "tftpy"
    version = tftpy.__version__

    def __init__(self, configuration: TftpConfiguration, listening: Sequence[socket.socket], log: ServiceLog) -> None:
        self._configuration = configuration
        self._listening = listening
        self._log = log
        self._wake, self._woken = socket.socketpair()
        self._ended: Future[None] = Future()
        self._transfers: dict[tuple[Any, ...], _Transfer] = {}
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="tftp", daemon=True)

        self.places: tuple[tuple[str, int], ...] = tuple(bound.getsockname()[:2] for bound in listening)

    def questions(self) -> tuple[Question, ...]:
        """Return what shows that it is alive."""
        name = find_served_name(self._configuration.root)
        return tuple(ask_tftp(address, name, port) for address, port in self.places)

    async def watch(self) -> NoReturn:
        """Wait for its death.

        Raises:
            ServiceError: it died, or was stopped.
        """
        await asyncio.shield(asyncio.wrap_future(self._ended))
        raise ServiceError("the TFTP server was stopped")

    @contextmanager
    def start(self) -> Iterator[None]:
        """Run the thread; it and all transfers end with the `with`."""
        self._thread.start()
        try:
            yield
        finally:
            with suppress(OSError):
                self._wake.send(b"x")
            self._thread.join()
            self._wake.close()

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001 - watch() passes it on
            self._note(f"died: {error!r}")
            self._ended.set_exception(ServiceError(f"the TFTP server died midway: {error!r}", remedy="see tftp.log"))
        else:
            self._ended.set_result(None)
        finally:
            for key in list(self._transfers):
                self._end(key, "stopped")
            self._selector.close()
            for listening in self._listening:
                listening.close()
            self._woken.close()

    def _serve(self) -> None:
        for listening in self._listening:
            self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        while True:
            timeout_s = self._configuration.timeout_s / 2 if self._transfers else None
            events = [key for key, _ in self._selector.select(timeout_s)]
            if any(event.fileobj is self._woken for event in events):
                return
            # first and all of them: a repeated request came before the ACK that is waiting beside it, and must not look
            # like a new one that follows it
            for listening in self._listening:
                while any(event.fileobj is listening for event in events) and self._accept(listening):
                    pass
            for event in events:
                transfer = self._transfers.get(event.data)
                if transfer is not None and transfer.sock is event.fileobj:
                    self._continue(event.data)
            self._resend()

    def _accept(self, listening: socket.socket) -> bool:
        """Take a datagram from the well-known port: a new transfer, or a repetition of a request that is served.

        Returns:
            Whether there was one.
        """
        try:
            datagram, peer = listening.recvfrom(65536)
        except BlockingIOError:
            return False
        before = self._transfers.get(peer)
        if before is not None and before.opening == datagram and not before.heard:
            self._note(f"{before.describe()}: asked again")
            return True
        if before is not None:
            self._continue(peer)  # its last ACK may be waiting there
        if peer in self._transfers:
            self._end(peer, "ended by the client, which asked anew")
        self._begin(datagram, peer, listening.getsockname()[0])
        return True

    def _begin(self, datagram: bytes, peer: tuple[Any, ...], local: str) -> None:
        try:
            transfer = _Transfer(self._configuration, local, peer)
        except OSError as error:
            self._note(f"{describe_peer(peer)}: {error}")
            return
        self._transfers[peer] = transfer
        self._selector.register(transfer.sock, selectors.EVENT_READ, peer)
        try:
            transfer.begin(datagram)
        except TftpException as error:
            self._end(peer, str(error).removesuffix(f": {NOWHERE}/file"))
        except (OSError, ValueError) as error:
            self._end(peer, repr(error))
        else:
            self._note(transfer.describe())

    def _continue(self, peer: tuple[Any, ...]) -> None:
        """Handle what the client of a transfer sent."""
        transfer = self._transfers[peer]
        try:
            transfer.heard = True
            transfer.timeout_expectACK = False
            transfer.cycle()
            if transfer.state is None:
                self._end(peer, f"complete, {transfer.metrics.bytes} bytes")
        except TftpTimeout:
            transfer.timeout_expectACK = True
        except TftpException as error:
            self._end(peer, str(error))
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EINTR}:
                self._end(peer, f"client is gone: {error.strerror}")
        except Exception as error:  # noqa: BLE001 - tftpy lets struct.error and the like through; one client's fault
            self._end(peer, repr(error))

    def _resend(self) -> None:
        """Send again what was not answered in time."""
        now = time.time()
        for peer, transfer in list(self._transfers.items()):
            try:
                transfer.checkTimeout(now)
            except TftpTimeout:
                transfer.retry_count += 1
                if transfer.retry_count > self._configuration.retries:
                    self._end(peer, "no answer")
                    continue
                transfer.last_update = now
                self._note(f"{transfer.describe()}: sent again")
                try:
                    transfer.state.resendLast()
                except OSError as error:
                    self._end(peer, f"client is gone: {error.strerror}")

    def _end(self, peer: tuple[Any, ...], how: str) -> None:
        transfer = self._transfers.pop(peer)
        with suppress(KeyError, ValueError):
            self._selector.unregister(transfer.sock)
        transfer.end()
        self._note(f"{transfer.describe()}: {how}")

    def _note(self, text: str) -> None:
        self._log.write_line(f"{time.strftime('%H:%M:%S')} {text}")


def _warm_up(configuration: TftpConfiguration) -> None:
    """Run the engine once, without a client.

    The first transfer of a process takes 4 ms longer than the next (name lookup and encodings are loaded). To a guest
    in virtual time that is hundreds of milliseconds: it would ask again.
    """
    local = configuration.addresses[0]
    with socket.socket(address_family(local), socket.SOCK_DGRAM) as client:
        client.bind((local, 0))
        transfer = _Transfer(configuration, local, client.getsockname())
        try:
            transfer.begin(b"\0\1.\0octet\0blksize\0001432\0tsize\0000\0")
        except TftpException:
            transfer.end()


@contextmanager
def start_tftp(configuration: TftpConfiguration, logs: Path) -> Iterator[TftpServer]:
    """Start a TFTP server; inside the `with` it answers at each address. Its log is `tftp.log` in the directory `logs`.

    Raises:
        ServiceError: the root is not a directory, or the port cannot be bound.
    """
    with ExitStack() as stack:
        listening = [
            stack.enter_context(bind_socket("TFTP", configuration.root, socket.SOCK_DGRAM, address, configuration.port))
            for address in configuration.addresses
        ]
        log = stack.enter_context(start_log(logs / "tftp.log"))
        _warm_up(configuration)
        server = TftpServer(configuration, listening, log)
        stack.enter_context(server.start())
        yield server
