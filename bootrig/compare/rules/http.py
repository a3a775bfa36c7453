"""How files are fetched by HTTP."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from bootrig.compare.finding import Finding, Severity, Value
from bootrig.compare.pairing import CellPair, iter_unequal_values
from bootrig.compare.registry import RULES, rule
from bootrig.trace.events import HttpRequest
from bootrig.trace.reading.recall import recall
from bootrig.trace.reading.wire import iter_guest, map_names, strip_varying
from bootrig.trace.trace import Trace

VARYING = frozenset({"authorization", "range", "if-modified-since", "cookie"})


@recall
def _requests(trace: Trace) -> dict[str, HttpRequest]:
    """Return the guest's first request for each target and method."""
    requests: dict[str, HttpRequest] = {}
    for event in iter_guest(trace, HttpRequest):
        requests.setdefault(f"{event.method} {strip_varying(event.target)}", event)
    return requests


def _iter_unequal(pair: CellPair, read: Callable[[HttpRequest], Value]) -> Iterator[tuple[str, Value, Value]]:
    return iter_unequal_values(_requests(pair.baseline), _requests(pair.candidate), read)


@rule("http-version", topics={"http"}, owns_ports={80}, follows_from=("network-client",))
def check_http_version(pair: CellPair) -> Iterator[Finding]:
    """Does the guest speak the same version of HTTP? A change: keep-alive and chunked answers depend on it."""
    for where, baseline, candidate in _iter_unequal(pair, lambda event: event.version):
        statement = "the guest speaks {candidate}, it was {baseline}"
        why = "servers answer with other transfer encodings and keep connections open, or close them"
        yield Finding(Severity.CHANGE, f"HTTP version{where}", baseline, candidate, statement, why)


@rule("http-user-agent", topics={"http"}, owns_http_headers={"user-agent"}, follows_from=("network-client", "banner"))
def check_user_agent(pair: CellPair) -> Iterator[Finding]:
    """Does the guest name itself in the same way? Another product is a change, another version an info."""
    for where, baseline, candidate in _iter_unequal(pair, lambda event: event.find_header("user-agent")):
        same_product = baseline and candidate and _product(str(baseline)) == _product(str(candidate))
        statement = 'the user agent is "{candidate}", it was "{baseline}"'
        why = "" if same_product else "servers that choose what they send by the user agent choose something else"
        severity = Severity.INFO if same_product else Severity.CHANGE
        yield Finding(severity, f"user agent{where}", baseline, candidate, statement, why)


def _product(agent: str) -> str:
    return re.split(r"[/ ]", agent)[0]


@rule("http-headers", topics={"http"}, follows_from=("network-client",))
def check_headers(pair: CellPair) -> Iterator[Finding]:
    """Does the guest send the same headers?

    A header that is gone or says something else is a change, a new one an info. The order is not looked at: HTTP gives
    it no meaning (RFC 9110, 5.3).
    """
    first, second = (_find_headers(trace) for trace in pair.sides)
    owned = {name for entry in RULES.values() for name in entry.owns_http_headers}
    names = dict.fromkeys(name for headers in (first, second) for fields in headers.values() for name in fields)
    having: dict[str, list[str]] = {name: [] for name in names if name not in owned}
    for request in first:
        for name in {**first[request], **second.get(request, {})}:
            if name in having:
                having[name].append(request)
    for name, requests in having.items():
        old, new = (
            {request: headers[request] for request in requests if request in headers} for headers in (first, second)
        )
        for where, baseline, candidate in iter_unequal_values(old, new, partial(_read_header, name)):
            yield _judge_header(name.title(), where, baseline, candidate)


def _read_header(name: str, headers: Mapping[str, str]) -> str | None:
    return headers.get(name)


@recall
def _find_headers(trace: Trace) -> Mapping[str, Mapping[str, str]]:
    """Return the headers of the guest's first request for each target and method, by their names in lower case."""
    found = {request: map_names(event.headers) for request, event in _requests(trace).items()}
    return {
        request: {name: "..." if name in VARYING else value for name, value in fields.items()}
        for request, fields in found.items()
    }


def _judge_header(name: str, where: str, baseline: Value, candidate: Value) -> Finding:
    subject = f"HTTP header {name}{where}"
    if candidate is None:
        statement = f'the HTTP header {name} is gone, it was "{{baseline}}"'
        return Finding(Severity.CHANGE, subject, baseline, None, statement, "servers may need it")
    if baseline is None:
        statement = f'there is a new HTTP header {name}: "{{candidate}}"'
        return Finding(Severity.INFO, subject, None, candidate, statement)
    statement = f'the HTTP header {name} is "{{candidate}}", it was "{{baseline}}"'
    return Finding(Severity.CHANGE, subject, baseline, candidate, statement, "servers may decide by it")


@rule("http-tcp", topics={"http"}, follows_from=("network-client",))
def check_tcp(pair: CellPair) -> Iterator[Finding]:
    """Does the guest open connections in the same way: the window and the TCP options of its SYN? Info."""
    for read, name in ((_window, "TCP window"), (_option_kinds, "TCP options")):
        for where, baseline, candidate in _iter_unequal(pair, read):
            if baseline is not None and candidate is not None:
                statement = f"the {name} of the guest's HTTP connections: {{candidate}}, it was {{baseline}}"
                yield Finding(Severity.INFO, f"{name}{where}", baseline, candidate, statement)


TCP_OPTIONS = {2: "segment size", 3: "window scale", 4: "SACK permitted", 5: "SACK", 8: "timestamps"}


def _window(event: HttpRequest) -> str | None:
    return None if event.window is None else f"{event.window} bytes"


def _option_kinds(event: HttpRequest) -> str | None:
    """Return the kinds of the SYN's TCP options; their values change from boot to boot (RFC 9293, 3.1)."""
    if event.tcp_options is None:
        return None
    octets = bytes.fromhex(event.tcp_options)
    kinds: list[str] = []
    offset = 0
    while offset < len(octets) and octets[offset]:
        kind = octets[offset]
        if kind == 1:
            offset += 1
            continue
        kinds.append(TCP_OPTIONS.get(kind, f"option {kind}"))
        offset += max([2, *octets[offset + 1 : offset + 2]])
    return ", ".join(kinds) or "none"
