"""What all kinds of events have in common."""

from collections.abc import Iterator
from typing import Annotated, TypeVar

from msgspec import Meta, Struct, structs

T = TypeVar("T")
Varying = Annotated[T, Meta(extra={"varies": True})]
Recorded = Annotated[T, Meta(extra={"recorded": True})]


class WireEvent(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One decoded thing on the wire.

    Attributes:
        guest_s: the guest's clock, seconds since power-on.
        from_guest: whether the guest sent it.
        frame: number of its (first) frame in the capture, from 1; 0 where no capture has it.
        interface: the guest's NIC: `nic0`.
    """

    guest_s: float
    from_guest: bool
    frame: int = 0
    interface: Recorded[str] = "nic0"


class Routed(WireEvent, frozen=True, kw_only=True):
    """An event that has a sender and a receiver: their addresses."""

    source: Recorded[str] = ""
    destination: Recorded[str] = ""


class Endpoints(Routed, frozen=True, kw_only=True):
    """An event that has ports as well: those of UDP or TCP, 0 for none."""

    source_port: Varying[int] = 0
    destination_port: int = 0


def escape(content: bytes) -> str:
    """Return bytes as text: what is not printable ASCII is escaped, so that nothing is lost and JSON can hold it."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in content)


def iter_marked_fields(kind: type[Struct], mark: str) -> Iterator[str]:
    """Yield the names of the fields of a kind of event that have a mark: `varies`, `recorded`."""
    for field in structs.fields(kind):
        if any(mark in (meta.extra or ()) for meta in getattr(field.type, "__metadata__", ())):
            yield field.name
