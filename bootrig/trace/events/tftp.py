"""TFTP requests, transfers and errors."""

from typing import Literal

from bootrig.trace.events.base import Recorded, Varying, WireEvent


class TftpRequest(WireEvent, frozen=True, kw_only=True, tag="tftp-request"):
    """A request for a file (RFC 1350).

    Attributes:
        operation: `read` or `write`.
        file: the name.
        mode: `octet`, `netascii`, as sent.
        options: names and values (RFC 2347) as sent.
        client_port: the client's UDP port.
        server: the address asked.
        repeated: whether it is the same question again, before anything of the file was acknowledged.
    """

    operation: Recorded[Literal["read", "write"]]
    file: str
    mode: str
    options: tuple[tuple[str, str], ...] = ()
    client_port: Varying[int] = 0
    server: Recorded[str] = ""
    repeated: bool = False


class TftpOptions(WireEvent, frozen=True, kw_only=True, tag="tftp-options"):
    """A server's acknowledgement of options (OACK): names and values; `repeated` where it was sent before."""

    file: Recorded[str]
    options: Recorded[tuple[tuple[str, str], ...]] = ()
    client_port: Varying[int] = 0
    repeated: bool = False


class TftpTransfer(WireEvent, frozen=True, kw_only=True, tag="tftp-transfer"):
    """The blocks of one file, from the first to the last.

    Attributes:
        file: the name.
        client_port: the client's UDP port.
        block_length: bytes of a whole block.
        blocks: how many came, each once.
        bytes: how many bytes they hold.
        acks: how many acknowledgements were sent.
        end_guest_s: when the last block or its acknowledgement was sent.
        completed: whether the last, short block was acknowledged.
        repeated_frames: frames that brought nothing new: blocks and acknowledgements sent again.
    """

    file: str
    client_port: Varying[int] = 0
    block_length: Recorded[int] = 512
    blocks: int = 0
    bytes: int = 0
    acks: Recorded[int] = 0
    end_guest_s: float = 0.0
    completed: bool = False
    repeated_frames: tuple[int, ...] = ()


class TftpError(WireEvent, frozen=True, kw_only=True, tag="tftp-error"):
    """An error packet: number and text; `file` is None outside of a transfer."""

    code: int
    text: str
    file: Recorded[str | None] = None
    client_port: Varying[int] = 0
