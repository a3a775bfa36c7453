"""What was on the wire in words, and which packets of two boots are the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from typing import Any, get_type_hints

from msgspec import Meta, Struct, structs

from bootrig.compare.rules.dhcp_options import name_option, name_suboption
from bootrig.trace import events
from bootrig.trace.events import DhcpOption, WireEvent, escape
from bootrig.trace.reading.wire import strip_varying

MOST = 240
LONGEST_VALUE = 320
# These tell when and where, not what.
TIMES = frozenset({"guest_s", "end_guest_s", "share_guest_s", "frame", "from_guest", "interface", "repeated_frames"})
UNTOLD = frozenset({"ethernet_source", "message", "reply", "xid"})  # the heading says it, or it says nothing
PRINTED_OPTIONS = frozenset({12, 15, 17, 60, 66, 67, 77, 203})
ADDRESS_OPTIONS = frozenset({1, 3, 6, 28, 50, 54})
# RFC 2710, RFC 3810
ICMP6_TYPES: Mapping[int, str] = {130: "MLD query", 131: "MLD report", 132: "MLD done", 143: "MLD report, version 2"}
DNS_TYPES: Mapping[int, str] = {1: "A", 28: "AAAA", 5: "CNAME", 12: "PTR"}

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, or one exchange that a trace has as one event.

    Attributes:
        guest_s: the guest's clock.
        from_guest: whether the guest sent it.
        frame: its number in the capture, 0 for none.
        family: by what it is coloured: `dhcp`, `tftp`, `http`, `error`, `near`.
        heading: what it is: `DHCP DISCOVER`.
        label: that, and what is worth knowing of it.
        fields: all of its fields by name.
        compared: those of them that are the same in two boots that do the same.
        number: how many equal ones in a row it stands for.
        state: `same`, `changed`, `only` (the other side has none such), empty where there is no other side.
        changed: the names of the fields that differ from the other side's.
    """

    guest_s: float
    from_guest: bool
    frame: int
    family: str
    heading: str
    label: str
    fields: Fields
    compared: Fields
    number: int = 1
    state: str = ""
    changed: frozenset[str] = frozenset()

    @property
    def identity(self) -> tuple[object, ...]:
        """What is the same in equal packets."""
        return self.from_guest, self.heading, self.compared

    @property
    def sort(self) -> tuple[object, ...]:
        """What is the same in packets that may be changed forms of each other."""
        return self.from_guest, self.heading


def describe_wire(wire: Sequence[WireEvent]) -> tuple[Packet, ...]:
    """Return the packets of a boot in the order of the guest's clock; equal chatter in a row is one packet."""
    packets: list[Packet] = []
    for event in sorted(wire, key=lambda event: event.guest_s):
        packet = _describe(event)
        if packets and packet.family == "near" and packets[-1].identity == packet.identity:
            packets[-1] = replace(packets[-1], number=packets[-1].number + 1)
        else:
            packets.append(packet)
    return tuple(packets)


def mark_differences(
    first: Sequence[Packet], second: Sequence[Packet]
) -> tuple[tuple[Packet, ...], tuple[Packet, ...], tuple[tuple[Packet | None, Packet | None], ...]]:
    """Return the packets of two boots with their states, and those that differ side by side."""
    left, right = list(first), list(second)
    pairs: list[tuple[Packet | None, Packet | None]] = []
    for old, new in _iter_unequal(left, right):
        if old is None or new is None:
            for side, index in ((left, old), (right, new)):
                if index is not None:
                    side[index] = replace(side[index], state="only")
        else:
            changed = _find_changed(left[old], right[new])
            left[old] = replace(left[old], state="changed", changed=changed)
            right[new] = replace(right[new], state="changed", changed=changed)
        pairs.append((None if old is None else left[old], None if new is None else right[new]))
    return _mark_rest(left), _mark_rest(right), tuple(pairs)


def _mark_rest(packets: Sequence[Packet]) -> tuple[Packet, ...]:
    return tuple(packet if packet.state else replace(packet, state="same") for packet in packets)


def _iter_unequal(left: Sequence[Packet], right: Sequence[Packet]) -> Iterator[tuple[int | None, int | None]]:
    """Yield the places of packets that differ: of changed ones on both sides, of the others on one."""
    matcher = SequenceMatcher(None, [one.identity for one in left], [one.identity for one in right], autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        sorts = [one.sort for one in left[start:end]], [one.sort for one in right[other_start:other_end]]
        for kind, low, high, other_low, other_high in SequenceMatcher(None, *sorts, autojunk=False).get_opcodes():
            olds = range(start + low, start + high)
            news = range(other_start + other_low, other_start + other_high)
            if kind == "equal":
                yield from zip(olds, news, strict=True)
            else:
                yield from ((old, None) for old in olds)
                yield from ((None, new) for new in news)


def _find_changed(old: Packet, new: Packet) -> frozenset[str]:
    first, second = dict(old.compared), dict(new.compared)
    return frozenset(name for name in first | second if first.get(name) != second.get(name))


def _describe(event: WireEvent) -> Packet:
    kind = type(event)
    varying = _find_varying(kind)
    named = [(name.replace("_", " "), value, name in varying) for name, value in _iter_fields(event)]
    fields = tuple((name, _shorten(value)) for name, value, _ in named)
    compared = tuple((name, strip_varying(value)) for name, value, varies in named if not varies)
    family, heading, rest = _name(event)
    label = f"{heading} {rest}".rstrip()
    return Packet(event.guest_s, event.from_guest, event.frame, family, heading, label, fields, compared)


@cache
def _find_varying(kind: type[WireEvent]) -> frozenset[str]:
    """Return the names of the fields that differ from boot to boot of the same guest."""
    hints = get_type_hints(kind, include_extras=True)
    marks = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return frozenset(
        name
        for name, found in marks.items()
        if any(isinstance(mark, Meta) and (mark.extra or {}).get("varies") for mark in found)
    )


@cache
def _find_defaults(kind: type[WireEvent]) -> Mapping[str, object]:
    return {one.name: one.default for one in structs.fields(kind)}


def _iter_fields(event: WireEvent) -> Iterator[tuple[str, str]]:
    """Yield the fields of a packet that say something, each as text."""
    for name, default in _find_defaults(type(event)).items():
        value = getattr(event, name)
        if name in TIMES or name in UNTOLD or value in (None, "", ()) or value == default:
            continue
        if name == "options" and isinstance(event, events.Dhcp):
            yield from _iter_options(event.options)
        else:
            yield name, _format(value)


def _iter_options(options: Sequence[DhcpOption]) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for option in options:
        name = name_option(option.code)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name}, piece {seen[name]}"
        if option.suboptions:
            words = [f"{name_suboption(inner.code)} {inner.hex}" for inner in option.suboptions]
            yield name, ", ".join(words)
        else:
            yield name, _format_option(option)


def _format_option(option: DhcpOption) -> str:
    content = bytes.fromhex(option.hex)
    if option.code in PRINTED_OPTIONS:
        return escape(content)
    if option.code in ADDRESS_OPTIONS and content and len(content) % 4 == 0:
        places = [content[start : start + 4] for start in range(0, len(content), 4)]
        return ", ".join(".".join(map(str, place)) for place in places)
    if option.code == 55:
        return " ".join(map(str, content))
    return option.hex


def _format(value: Any) -> str:
    if isinstance(value, tuple):
        pairs = all(isinstance(one, tuple) for one in value)
        return ", ".join(f"{one[0]}={one[1]}" if pairs else _format(one) for one in value)
    if isinstance(value, Struct):
        return " ".join(_format(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _name(event: WireEvent) -> tuple[str, str, str]:  # noqa: C901, PLR0911, PLR0912 - one line a kind of event
    """Return family, heading and what is worth knowing of a packet."""
    match event:
        case events.Dhcp():
            return "dhcp", f"DHCP {event.message.upper()}", event.boot_file_name if event.reply else ""
        case events.Dhcp6():
            return "dhcp", f"DHCPv6 {event.message.upper()}", ""
        case events.TftpRequest():
            asked = "RRQ" if event.operation == "read" else "WRQ"
            return "tftp", f"TFTP {asked}", f"{event.file} {_join(event.options)}"
        case events.TftpOptions():
            return "tftp", "TFTP OACK", _join(event.options)
        case events.TftpTransfer():
            end = "" if event.completed else ", not completed"
            return "tftp", "TFTP DATA", f"x{event.blocks}, {event.bytes:,} bytes of {event.file}{end}"
        case events.TftpError():
            return "error", f"TFTP ERROR {event.code}", event.text
        case events.Tcp():
            return "http", "TCP SYN", f"port {event.destination_port}"
        case events.HttpRequest():
            return "http", f"HTTP {event.method}", event.target
        case events.HttpResponse():
            family = "http" if event.status < 400 else "error"
            return family, f"HTTP {event.status}", f"{event.body_length:,} bytes"
        case events.Dns():
            asked = ", ".join(f"{DNS_TYPES.get(one.type, one.type)} {one.name}" for one in event.questions)
            return "near", "DNS answer" if event.reply else "DNS question", asked
        case events.Arp():
            if event.operation == "request":
                return "near", "ARP who-has", event.target
            return "near", f"ARP {event.operation}", f"{event.sender} is-at {event.sender_mac}"
        case events.NeighbourSolicitation() | events.NeighbourAdvertisement():
            return "near", _spell(event), event.target
        case events.Eapol() | events.Lacp():
            return "near", _spell(event).upper(), ""
        case events.Other():
            return ("error" if event.reason else "near"), _name_other(event), event.reason
        case _:
            return "near", _spell(event), ""


def _name_other(event: events.Other) -> str:
    """Return what is known of a packet that has no kind of its own."""
    if event.protocol == "icmp6" and event.type is not None and event.type in ICMP6_TYPES:
        return ICMP6_TYPES[event.type]
    words = [event.protocol or event.ethertype or "frame"]
    words += [f"type {event.type}"] if event.type is not None else []
    words += [f"to port {event.destination_port}"] if event.destination_port else []
    return f"other: {' '.join(words)}"


def _spell(event: WireEvent) -> str:
    """Return the words of a kind's tag: `router solicitation`."""
    return str(event.__struct_config__.tag).replace("-", " ")


def _join(options: Sequence[tuple[str, str]]) -> str:
    return " ".join(f"{name}={value}" for name, value in options)
