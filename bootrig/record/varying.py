"""What differs from boot to boot of the same guest, taken out of a trace, so that it can be held against others.

A value is not removed but replaced by one that is the same in every boot, so that what is equal in a trace stays equal,
and what a value proves stays proven: a transaction identifier that is made of the MAC address, a well-known port, or
the lowest one that is free.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

from msgspec import Meta
from msgspec.structs import replace

from bootrig.jsonfile import encode_line, parse_json, to_json_value
from bootrig.trace.events import Dhcp, WireEvent
from bootrig.trace.trace import Trace

# Ports up to this one are chosen, others are a matter of chance, and numbered from the first dynamic one.
LOWEST_FREE_PORT = 1024
FIRST_DYNAMIC_PORT = 0xC000


def take_out_varying(trace: Trace) -> Trace:
    """Return a boot without what is of that boot, its host or its run only.

    Taken out are the fields of the wire that are declared as `Varying`, nonces, wall times, the emulator's command,
    what the host allowed and used, events of QMP, pictures, and where the boot is kept.
    """
    alike = replace(
        trace,
        side="",
        emulator=replace(trace.emulator, command=()),
        added=(),
        confinement=(),
        lacking=(),
        prefix=None,
        milestones=tuple(replace(milestone, wall_s=None) for milestone in trace.milestones),
        pictures=(),
        qmp_events=(),
        usage={},
        directory="",
        cached="",
    )
    document = to_json_value(alike)
    words = _number_events(alike, document["wire"])
    text = encode_line(document).decode()
    if words:
        pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
        text = pattern.sub(lambda match: words[match[0]], text)
    for nonce in {report.nonce for report in trace.reports if report.nonce}:
        text = text.replace(nonce, "0" * len(nonce))
    return parse_json(text.encode(), Trace, trace.cell)


def _number_events(trace: Trace, documents: list[dict[str, Any]]) -> dict[str, str]:
    """Number what varies in the documents of the events of a trace; return what is instead of identifiers in text."""
    macs = [event.client_mac.replace(":", "") for event in trace.wire if isinstance(event, Dhcp)]
    words: dict[str, str] = {}
    ports: dict[int, int] = {}
    numbers: dict[int, int] = {}
    for event, document in zip(trace.wire, documents, strict=True):
        for name, value in _iter_varying(event):
            if isinstance(value, str):
                if value and not any(mac.endswith(value) for mac in macs):
                    words.setdefault(value, f"{len(words) + 1:0{len(value)}x}")
            elif name.endswith("port"):
                if value > LOWEST_FREE_PORT:
                    document[name] = ports.setdefault(value, FIRST_DYNAMIC_PORT + len(ports))
            else:
                document[name] = numbers.setdefault(value, len(numbers) + 1)
    return words


def _iter_varying(event: WireEvent) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(event, name)) for name in find_varying(type(event)))


@cache
def find_varying(kind: type[WireEvent]) -> tuple[str, ...]:
    """Return the names of the fields that differ from boot to boot of the same guest."""
    hints: Mapping[str, Any] = get_type_hints(kind, include_extras=True)
    return tuple(
        name
        for name, hint in hints.items()
        if any(
            isinstance(mark, Meta) and (mark.extra or {}).get("varies") for mark in getattr(hint, "__metadata__", ())
        )
    )
