"""TFTP transfers, followed from request to end.

Sources: RFC 1350, RFC 2347 (options), RFC 2348 (blksize), RFC 2349 (tsize).
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bootrig.network.decode.budget import Budget
from bootrig.network.decode.place import Ends, Place, place_of
from bootrig.trace.events import TftpError, TftpOptions, TftpRequest, TftpTransfer, escape

TFTP_PORT = 69
DATA, ACK, ERROR, OACK = 3, 4, 5, 6
REQUESTS: Mapping[int, Literal["read", "write"]] = {1: "read", 2: "write"}
DEFAULT_BLOCK_LENGTH = 512
BLOCK_LENGTHS = range(8, 65465)
TRANSFERS_LIMIT = 1000
GIVEN_UP = "TFTP transfers that are not followed to their end"

_End = tuple[str, int]


@dataclass(slots=True)
class _Transfer:
    """What is known about one transfer so far."""

    budget: Budget
    file: str
    client: _End
    block_length: int = DEFAULT_BLOCK_LENGTH
    blocks: int = 0
    bytes: int = 0
    acks: int = 0
    acked: int = -1
    repeated_frames: list[int] = field(default_factory=list)
    begin: Place | None = None
    end_guest_s: float = field(init=False)
    share_guest_s: float = 0.0
    short: bool = False
    answered: bool = False

    @property
    def completed(self) -> bool:
        """Whether the last, short block was acknowledged."""
        return self.short and self.acked == self.blocks

    def take_block(self, number: int, length: int, place: Place) -> None:
        """Take a block of `length` bytes."""
        ahead = (number - self.blocks) & 0xFFFF  # block numbers wrap: RFC 1350 does not say so, servers do it
        self.answered = True
        if ahead not in range(1, 0x8000):
            self.budget.repeat(self.repeated_frames, place["frame"])
            return
        self.begin = self.begin or place
        self.blocks += ahead
        self.bytes += length
        self.short = length < self.block_length
        self.end_guest_s = place["guest_s"]

    def take_ack(self, number: int, place: Place) -> None:
        """Take an acknowledgement of a block."""
        self.acks += 1
        acked = self.blocks - ((self.blocks - number) & 0xFFFF)
        if acked <= self.acked:
            self.budget.repeat(self.repeated_frames, place["frame"])
            return
        if self.begin is not None:
            self.share_guest_s += place["guest_s"] - self.end_guest_s
        self.acked = acked
        self.end_guest_s = place["guest_s"]

    def conclude(self) -> Iterator[TftpTransfer]:
        """Yield the transfer if any block of it came."""
        if self.begin is not None:
            yield TftpTransfer(
                **self.begin,
                file=self.file,
                client_port=self.client[1],
                block_length=self.block_length,
                blocks=self.blocks,
                bytes=self.bytes,
                acks=self.acks,
                end_guest_s=self.end_guest_s,
                share_guest_s=self.share_guest_s,
                completed=self.completed,
                repeated_frames=tuple(self.repeated_frames),
            )


def _strings(content: bytes) -> list[bytes]:
    """Return strings that end in NUL.

    Raises:
        ValueError: the last one does not.
    """
    words = content.split(b"\0")
    if words.pop() or not words:
        raise ValueError("string without end")
    return words


def _pairs(words: list[bytes]) -> tuple[tuple[str, str], ...]:
    return tuple((escape(name), escape(value)) for name, value in zip(words[::2], words[1::2], strict=False))


class TftpFollower:
    """Follows the transfers of a capture: the last `TRANSFERS_LIMIT` that were begun and have not ended.

    Args:
        budget: what decoding the capture may cost.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._transfers: OrderedDict[_End, _Transfer] = OrderedDict()

    def takes(self, ends: Ends) -> bool:
        """Whether a datagram belongs to TFTP: a request, or anything between the ends of a transfer."""
        return ends["destination_port"] == TFTP_PORT or self._find(ends) is not None

    def follow(self, payload: bytes, ends: Ends) -> Iterator[TftpRequest | TftpOptions | TftpTransfer | TftpError]:
        """Yield the events that a datagram is or ends.

        Raises:
            ValueError: it is malformed.
        """
        if len(payload) < 2:
            raise ValueError("shorter than an opcode")
        opcode = int.from_bytes(payload[:2], "big")
        if ends["destination_port"] == TFTP_PORT and opcode in REQUESTS:
            yield from self._request(payload, ends)
            return
        if len(payload) < 4:
            raise ValueError("shorter than its header")
        transfer = self._find(ends)
        number = int.from_bytes(payload[2:4], "big")
        if opcode == ERROR:
            yield from self._error(number, payload, ends, transfer)
        elif transfer is None:
            raise ValueError(f"opcode {opcode} without a request")
        elif opcode == OACK:
            yield self._options(payload, ends, transfer)
        elif opcode == DATA:
            transfer.take_block(number, len(payload) - 4, place_of(ends))
        elif opcode == ACK:
            transfer.take_ack(number, place_of(ends))
            if transfer.completed:
                yield from self._drop(transfer)
        else:
            raise ValueError(f"opcode {opcode}")

    def conclude(self) -> Iterator[TftpTransfer]:
        """Yield the transfers that were still open at the end of the capture."""
        for transfer in list(self._transfers.values()):
            yield from self._drop(transfer)

    def _find(self, ends: Ends) -> _Transfer | None:
        source, destination = (ends["source"], ends["source_port"]), (ends["destination"], ends["destination_port"])
        return self._transfers.get(source) or self._transfers.get(destination)

    def _drop(self, transfer: _Transfer | None) -> Iterator[TftpTransfer]:
        if transfer is not None:
            del self._transfers[transfer.client]
            yield from transfer.conclude()

    def _request(self, payload: bytes, ends: Ends) -> Iterator[TftpRequest | TftpTransfer]:
        words = _strings(payload[2:])
        if len(words) < 2:
            raise ValueError("request without a mode")
        file, client = escape(words[0]), (ends["source"], ends["source_port"])
        before = self._transfers.get(client)
        repeated = before is not None and before.file == file and before.acked < 1
        if not repeated:
            yield from self._drop(before)
            self._transfers[client] = _Transfer(self._budget, file, client)
        if len(self._transfers) > TRANSFERS_LIMIT:
            self._budget.give_up(GIVEN_UP)
            yield from self._drop(next(iter(self._transfers.values())))
        yield TftpRequest(
            **place_of(ends),
            operation=REQUESTS[payload[1]],
            file=file,
            mode=escape(words[1]),
            options=_pairs(words[2:]),
            client_port=client[1],
            server=ends["destination"],
            repeated=repeated,
        )

    def _options(self, payload: bytes, ends: Ends, transfer: _Transfer) -> TftpOptions:
        options = _pairs(_strings(payload[2:]))
        repeated = transfer.answered
        transfer.answered = True
        for name, value in options:
            if name.lower() == "blksize" and re.fullmatch("[0-9]{1,5}", value) and int(value) in BLOCK_LENGTHS:
                transfer.block_length = int(value)
        return TftpOptions(
            **place_of(ends), file=transfer.file, options=options, client_port=transfer.client[1], repeated=repeated
        )

    def _error(
        self, number: int, payload: bytes, ends: Ends, transfer: _Transfer | None
    ) -> Iterator[TftpError | TftpTransfer]:
        yield TftpError(
            **place_of(ends),
            code=number,
            text=escape(payload[4:].split(b"\0")[0]),
            file=transfer.file if transfer else None,
            client_port=ends["source_port"] if ends["from_guest"] else ends["destination_port"],
        )
        yield from self._drop(transfer)
