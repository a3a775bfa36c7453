"""How files are fetched by HTTP."""

import re
from collections.abc import Callable, Iterator

from bootrig.compare.difference import Severity, Value
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Finding, rule
from bootrig.compare.wire import guest_events, name_values, normal_name
from bootrig.scenario.trace import Trace, WireEvent

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
