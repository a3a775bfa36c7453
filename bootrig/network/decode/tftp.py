"""TFTP transfers, followed from request to end.

Sources: RFC 1350, RFC 2347 (options), RFC 2348 (blksize), RFC 2349 (tsize).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bootrig.network.decode.fact import Kind, WireFact, text_of

TFTP_PORT = 69
READ, WRITE, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6
DEFAULT_BLOCK_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram and where it was seen."""

    guest_s: float
    from_guest: bool
    source: tuple[str, int]
    destination: tuple[str, int]
    payload: bytes


@dataclass(slots=True)
class _Transfer:
    """What is known about one transfer so far."""

    file: str
    client: tuple[str, int]
    block_length: int = DEFAULT_BLOCK_LENGTH
    blocks: int = 0
    bytes: int = 0
    acks: int = 0
    acked: int = -1
    retransmissions: int = 0
    begin_guest_s: float = 0.0
    end_guest_s: float = 0.0
    short: bool = False
    answered: bool = False
    reading: bool = True

    @property
    def completed(self) -> bool:
        """Whether the last, short block was acknowledged."""
        return self.short and self.acked == self.blocks

    def conclude(self) -> WireFact:
        facts = {
            "file": self.file,
            "client_port": self.client[1],
            "block_length": self.block_length,
            "blocks": self.blocks,
            "bytes": self.bytes,
            "acks": self.acks,
            "retransmissions": self.retransmissions,
            "end_guest_s": self.end_guest_s,
            "completed": self.completed,
        }
        return WireFact(Kind.TFTP_TRANSFER, self.begin_guest_s, not self.reading, facts)


def _strings(content: bytes) -> list[bytes]:
    """Return strings that end in NUL.

    Raises:
        ValueError: the last one does not.
    """
    words = content.split(b"\0")
    if words.pop() or not words:
        raise ValueError("string without end")
    return words


def _pairs(words: list[bytes]) -> list[list[str]]:
    return [[text_of(name), text_of(value)] for name, value in zip(words[::2], words[1::2], strict=False)]


class TftpFollower:
    """Follows all transfers of a capture."""

    def __init__(self) -> None:
        self._transfers: dict[tuple[str, int], _Transfer] = {}

    def takes(self, datagram: Datagram) -> bool:
        """Whether a datagram belongs to TFTP: a request, or anything between the ends of a transfer."""
        return (
            datagram.destination[1] == TFTP_PORT
            or datagram.source in self._transfers
            or datagram.destination in self._transfers
        )

    def follow(self, datagram: Datagram) -> Iterator[WireFact]:
        """Yield the facts that a datagram tells.

        Raises:
            ValueError: it is malformed.
        """
        payload = datagram.payload
        if len(payload) < 2:
            raise ValueError("shorter than an opcode")
        opcode = int.from_bytes(payload[:2], "big")
        if datagram.destination[1] == TFTP_PORT and opcode in {READ, WRITE}:
            yield from self._request(datagram, opcode)
            return
        if len(payload) < 4:
            raise ValueError("shorter than its header")
        key = datagram.source if datagram.source in self._transfers else datagram.destination
        transfer = self._transfers.get(key)
        number = int.from_bytes(payload[2:4], "big")
        if opcode == ERROR:
            yield self._fact(datagram, Kind.TFTP_ERROR, code=number, text=text_of(payload[4:].split(b"\0")[0]))
            yield from self._drop(key)
        elif transfer is None:
            raise ValueError(f"opcode {opcode} without a request")
        elif opcode == OACK:
            yield from self._options(datagram, transfer)
        elif opcode == DATA:
            self._data(datagram, transfer, number)
        elif opcode == ACK:
            yield from self._ack(datagram, transfer, number)
        else:
            raise ValueError(f"opcode {opcode}")

    def conclude(self) -> Iterator[WireFact]:
        """Yield the transfers that were still open at the end of the capture."""
        for client in list(self._transfers):
            yield from self._drop(client)

    def _drop(self, client: tuple[str, int]) -> Iterator[WireFact]:
        transfer = self._transfers.pop(client, None)
        if transfer is not None and transfer.blocks:
            yield transfer.conclude()

    def _fact(self, datagram: Datagram, kind: Kind, **facts: Any) -> WireFact:
        client = datagram.source if datagram.from_guest else datagram.destination
        transfer = self._transfers.get(client)
        return WireFact(
            kind,
            datagram.guest_s,
            datagram.from_guest,
            {**facts, "file": transfer.file if transfer else None, "client_port": client[1]},
        )

    def _request(self, datagram: Datagram, opcode: int) -> Iterator[WireFact]:
        words = _strings(datagram.payload[2:])
        if len(words) < 2:
            raise ValueError("request without a mode")
        file = text_of(words[0])
        before = self._transfers.get(datagram.source)
        repeated = before is not None and before.file == file and before.acked < 1
        if not repeated:
            yield from self._drop(datagram.source)
            self._transfers[datagram.source] = _Transfer(file, datagram.source, reading=opcode == READ)
        yield WireFact(
            Kind.TFTP_REQUEST,
            datagram.guest_s,
            datagram.from_guest,
            {
                "operation": "read" if opcode == READ else "write",
                "file": file,
                "mode": text_of(words[1]),
                "options": _pairs(words[2:]),
                "client_port": datagram.source[1],
                "server": datagram.destination[0],
                "repeated": repeated,
            },
        )

    def _options(self, datagram: Datagram, transfer: _Transfer) -> Iterator[WireFact]:
        options = _pairs(_strings(datagram.payload[2:]))
        repeated = transfer.answered
        transfer.answered = True
        for name, value in options:
            if name.lower() == "blksize" and value.isascii() and value.isdigit() and 8 <= int(value[:6]) <= 65464:
                transfer.block_length = int(value)
        yield self._fact(datagram, Kind.TFTP_OPTIONS, options=options, repeated=repeated)

    def _data(self, datagram: Datagram, transfer: _Transfer, number: int) -> None:
        ahead = (number - transfer.blocks) & 0xFFFF  # block numbers wrap (RFC 1350 has no word on it; servers do)
        transfer.answered = True
        if ahead == 0 or ahead >= 0x8000:
            transfer.retransmissions += 1
            return
        if not transfer.blocks:
            transfer.begin_guest_s = datagram.guest_s
        transfer.blocks += ahead
        length = len(datagram.payload) - 4
        transfer.bytes += length
        transfer.short = length < transfer.block_length
        transfer.end_guest_s = datagram.guest_s

    def _ack(self, datagram: Datagram, transfer: _Transfer, number: int) -> Iterator[WireFact]:
        transfer.acks += 1
        behind = (transfer.blocks - number) & 0xFFFF
        acked = transfer.blocks - behind
        if acked <= transfer.acked:
            transfer.retransmissions += 1
            return
        transfer.acked = acked
        transfer.end_guest_s = datagram.guest_s
        if transfer.completed:
            client = datagram.source if datagram.source in self._transfers else datagram.destination
            yield from self._drop(client)
