"""How files are fetched by HTTP."""

import re
from collections.abc import Callable, Iterator

from bootrig.compare.difference import Severity, Value
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Finding, rule
from bootrig.trace.reading.wire import guest_events, name_values, normal_name
from bootrig.trace.trace import Trace, WireEvent

OWN_RULES = frozenset({"user-agent"})
VARYING = frozenset({"authorization", "range", "if-modified-since", "cookie"})


def _requests(trace: Trace) -> dict[str, WireEvent]:
    """Return the guest's first request for each target and method."""
    requests: dict[str, WireEvent] = {}
    for event in guest_events(trace, "http-request"):
        requests.setdefault(f"{event.facts.get('method')} {normal_name(event.facts.get('target'))}", event)
    return requests


def _iter_unequal(pair: CellPair, read: Callable[[WireEvent], Value]) -> Iterator[tuple[Value, Value]]:
    """Read one value from the requests that both guests made; yield the unequal pairs, each once."""
    first, second = (_requests(trace) for trace in pair.sides)
    seen: dict[tuple[Value, Value], None] = {}
    for name in first:
        if name in second:
            values = read(first[name]), read(second[name])
            if values[0] != values[1]:
                seen[values] = None
    yield from seen


@rule("http-version")
def check_http_version(pair: CellPair) -> Iterator[Finding]:
    """Does the guest speak the same version of HTTP? A change: keep-alive and chunked answers hang on it."""

    def read(event: WireEvent) -> str:
        return str(event.facts.get("version")).upper().removeprefix("HTTP/")

    for baseline, candidate in _iter_unequal(pair, read):
        statement = "the guest speaks HTTP/{candidate}, it was HTTP/{baseline}"
        why = "servers answer with other transfer encodings and keep connections open, or close them"
        yield Finding(Severity.CHANGE, "HTTP version", baseline, candidate, statement, why)


def _user_agent(event: WireEvent) -> str | None:
    agent = event.facts.get("user_agent")
    return str(agent) if agent else name_values(event, "headers").get("user-agent")


@rule("http-user-agent")
def check_user_agent(pair: CellPair) -> Iterator[Finding]:
    """Does the guest name itself in the same way? Another product is a change, another version an info."""
    for baseline, candidate in _iter_unequal(pair, _user_agent):
        same_product = baseline and candidate and _product(str(baseline)) == _product(str(candidate))
        statement = 'the user agent is "{candidate}", it was "{baseline}"'
        why = "" if same_product else "servers that choose what they send by the user agent choose something else"
        severity = Severity.INFO if same_product else Severity.CHANGE
        yield Finding(severity, "user agent", baseline, candidate, statement, why)


def _product(agent: str) -> str:
    return re.split(r"[/ ]", agent, maxsplit=1)[0]


@rule("http-headers")
def check_headers(pair: CellPair) -> Iterator[Finding]:
    """Does the guest send the same headers?

    A header that is gone or says something else is a change, a new one an info. The order is not looked at: HTTP gives
    it no meaning (RFC 9110, 5.3).
    """
    first, second = (_requests(trace) for trace in pair.sides)
    names: dict[str, None] = {}
    for requests in (first, second):
        for event in requests.values():
            names.update(dict.fromkeys(name_values(event, "headers")))
    for name in names:
        if name in OWN_RULES:
            continue

        def read(event: WireEvent, name: str = name) -> str | None:
            value = name_values(event, "headers").get(name)
            return "..." if value is not None and name in VARYING else value

        for baseline, candidate in _iter_unequal(pair, read):
            yield _judge_header(name.title(), baseline, candidate)


def _judge_header(name: str, baseline: Value, candidate: Value) -> Finding:
    subject = f"HTTP header {name}"
    if candidate is None:
        statement = f'the HTTP header {name} is gone, it was "{{baseline}}"'
        return Finding(Severity.CHANGE, subject, baseline, None, statement, "servers may need it")
    if baseline is None:
        statement = f'there is a new HTTP header {name}: "{{candidate}}"'
        return Finding(Severity.INFO, subject, None, candidate, statement)
    statement = f'the HTTP header {name} is "{{candidate}}", it was "{{baseline}}"'
    return Finding(Severity.CHANGE, subject, baseline, candidate, statement, "servers may decide by it")


@rule("http-tcp")
def check_tcp(pair: CellPair) -> Iterator[Finding]:
    """Does the guest open connections in the same way: the window and the TCP options of its SYN? Info."""
    for fact, name in (("window", "TCP window"), ("tcp_options", "TCP options")):

        def read(event: WireEvent, fact: str = fact) -> str | None:
            value = event.facts.get(fact)
            if value is None:
                return None
            return _option_kinds(str(value)) if fact == "tcp_options" else f"{value} bytes"

        for baseline, candidate in _iter_unequal(pair, read):
            if baseline is not None and candidate is not None:
                statement = f"the {name} of the guest's HTTP connections: {{candidate}}, it was {{baseline}}"
                yield Finding(Severity.INFO, name, baseline, candidate, statement)


TCP_OPTIONS = {2: "segment size", 3: "window scale", 4: "SACK permitted", 5: "SACK", 8: "timestamps"}


def _option_kinds(content: str) -> str:
    """Return the kinds of TCP options in a hex string; their values change from boot to boot (RFC 9293, 3.1)."""
    octets = bytes.fromhex(content)
    kinds: list[str] = []
    offset = 0
    while offset < len(octets) and octets[offset] != 0:
        kind = octets[offset]
        if kind == 1:
            offset += 1
            continue
        kinds.append(TCP_OPTIONS.get(kind, f"option {kind}"))
        offset += max(2, octets[offset + 1] if offset + 1 < len(octets) else 2)
    return ", ".join(kinds) or "none"
