"""Requests to the servers of a cell from inside its namespaces: a server that answers them is alive.

They are asked after the guest has ended and its capture is closed, so no frame of theirs is evidence of a boot.

Sources: RFC 2131 (DHCP), RFC 1035 (DNS), RFC 1350 (TFTP), RFC 9112 (HTTP/1.1).
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote_from_bytes

from bootrig.network.addresses import ASKING_MAC, TAP_NAME, address_family
from bootrig.network.errors import ServiceError

DATAGRAM_LENGTH = 65536
A_RECORD = 1
DHCP_SERVER_PORT, DHCP_CLIENT_PORT = 67, 68
BROADCAST = "255.255.255.255"
COOKIE = bytes.fromhex("63825363")
DATA, ERROR, OACK = 3, 5, 6
# Datagrams get lost, while an address is new for instance: a question is sent again after so long without an answer.
REPEAT_S = 0.4

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A request that a server has to answer: what it is, for people, and what sends it and ends with the answer.

    `ask` raises an OSError or a ServiceError where no answer, or a wrong one, came; its caller limits the time.
    """

    what: str
    ask: Callable[[], Awaitable[None]]


def ask_any(questions: Sequence[Question]) -> Question:
    """Return the question that is answered when any of `questions` is."""

    async def ask() -> None:
        tasks = [asyncio.ensure_future(question.ask()) for question in questions]
        try:
            for ended in asyncio.as_completed(tasks):
                try:
                    return await ended
                except (OSError, ServiceError) as error:
                    failed = error
            raise failed
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return Question(" or ".join(question.what for question in questions), ask)


async def _exchange(
    send: Callable[[], Awaitable[object]], receive: Callable[[], Awaitable[T]], is_answer: Callable[[T], bool]
) -> T:
    """Send a datagram, again as long as nothing comes, and return the first that is its answer."""
    await send()
    while True:
        try:
            answer = await asyncio.wait_for(receive(), REPEAT_S)
        except TimeoutError:
            await send()
        else:
            if is_answer(answer):
                return answer


def ask_dhcp() -> Question:
    """Return a DISCOVER by broadcast, from a client that is not a guest; the answer is an OFFER."""

    async def ask() -> None:
        loop, transaction = asyncio.get_running_loop(), os.urandom(4)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, TAP_NAME.encode())
            client.bind(("", DHCP_CLIENT_PORT))
            await _exchange(
                lambda: loop.sock_sendto(client, _encode_discover(transaction), (BROADCAST, DHCP_SERVER_PORT)),
                lambda: loop.sock_recv(client, DATAGRAM_LENGTH),
                lambda answer: _is_offer(answer, transaction),
            )

    return Question("a DHCP DISCOVER", ask)


def _encode_discover(transaction: bytes) -> bytes:
    """Return a DISCOVER whose answer is to be a broadcast."""
    mac = bytes.fromhex(ASKING_MAC.replace(":", ""))
    header = bytes([1, 1, len(mac), 0]) + transaction + bytes([0, 0, 0x80, 0]) + bytes(16)
    return (header + mac.ljust(16, b"\0")).ljust(236, b"\0") + COOKIE + bytes([53, 1, 1, 255])


def _is_offer(datagram: bytes, transaction: bytes) -> bool:
    return datagram[:1] == b"\2" and datagram[4:8] == transaction and bytes([53, 1, 2]) in datagram[240:]


def ask_dns(address: str, name: str, port: int = 53) -> Question:
    """Return a query for the IPv4 address of `name`; any answer to it does."""

    async def ask() -> None:
        await query_dns(address, name, A_RECORD, port)

    return Question(f"a DNS query to {address}", ask)


async def query_dns(address: str, name: str, record_type: int, port: int = 53) -> tuple[bytes, ...]:
    """Return the data of the records of a type that a DNS server has for `name`.

    Raises:
        OSError: it refuses the query; one that does not answer is waited for.
    """
    from dpkt import dns  # noqa: PLC0415 - it loads 60 modules, which reading a scenario does not need

    loop, transaction = asyncio.get_running_loop(), os.urandom(2)
    question = dns.DNS.Q(name=name, type=record_type, cls=1)
    query = bytes(dns.DNS(id=int.from_bytes(transaction, "big"), op=dns.DNS_RD, qd=[question]))
    with socket.socket(address_family(address), socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect((address, port))
        answer = await _exchange(
            lambda: loop.sock_sendall(client, query),
            lambda: loop.sock_recv(client, DATAGRAM_LENGTH),
            lambda answer: answer[:2] == transaction,
        )
    return tuple(bytes(record.rdata) for record in dns.DNS(answer).an if record.type == record_type)


def ask_tftp(address: str, name: bytes | None, port: int = 69) -> Question:
    """Return a request for the file called `name`, of which one packet is taken; None asks for a file that is missing.

    A file that the server has, and answers with an error for, is a wrong answer.
    """

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(address_family(address), socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            asked = b"there is no such file" if name is None else name
            answer, peer = await _exchange(
                lambda: loop.sock_sendto(client, bytes([0, 1]) + asked + b"\0octet\0", (address, port)),
                lambda: loop.sock_recvfrom(client, DATAGRAM_LENGTH),
                lambda _answer: True,
            )
            if name is None and answer[:2] == bytes([0, ERROR]):
                return
            await loop.sock_sendto(client, bytes([0, ERROR, 0, 0]) + b"enough\0", peer)
            if answer[:2] not in (bytes([0, DATA]), bytes([0, OACK])):
                raise ServiceError(f"the answer is {answer[:64]!r}")

    return Question(f"a TFTP request to {address}", ask)


def ask_http(address: str, name: bytes | None, port: int = 80) -> Question:
    """Return a HEAD request for the file called `name`, or for the root; any status is an answer."""

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(address, port)
        try:
            host = f"[{address}]" if ":" in address else address
            writer.write(f"HEAD /{quote_from_bytes(name or b'')} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            answer = await reader.readline()
            if not answer.startswith(b"HTTP/"):
                raise ServiceError(f"the answer is {answer[:64]!r}")
        finally:
            writer.close()

    return Question(f"an HTTP request to {address}", ask)
