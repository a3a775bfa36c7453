"""How files are fetched by TFTP."""

from collections.abc import Iterator

from bootrig.compare.difference import Severity, Value
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import Finding, rule
from bootrig.trace.reading.wire import guest_events, name_values, normal_name
from bootrig.trace.trace import Trace, WireEvent


def _requests(trace: Trace) -> dict[str, WireEvent]:
    """Return the guest's first request for each file."""
    requests: dict[str, WireEvent] = {}
    for event in guest_events(trace, "tftp-request"):
        requests.setdefault(normal_name(event.facts.get("file")), event)
    return requests


def _finished(trace: Trace) -> dict[str, WireEvent]:
    """Return the first completed transfer of each file."""
    transfers: dict[str, WireEvent] = {}
    for event in trace.wire:
        if event.kind == "tftp-transfer" and event.facts.get("completed", True):
            transfers.setdefault(normal_name(event.facts.get("file")), event)
    return transfers


@rule("tftp-options")
def check_tftp_options(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask for the same TFTP options (RFC 2347) in the first request for each file?

    An option that is gone, or a smaller block size, is a change; a new option, another value or order an info.
    """
    first, second = (_requests(trace) for trace in pair.sides)
    unequal: dict[tuple[str, str], tuple[dict[str, str], dict[str, str]]] = {}
    for file in first:
        if file in second:
            old, new = (name_values(requests[file], "options") for requests in (first, second))
            if list(old.items()) != list(new.items()):
                unequal[_spell(old), _spell(new)] = old, new
    for (baseline, candidate), (old, new) in unequal.items():
        went = [name for name in old if name not in new]
        smaller = _block_size(new) < _block_size(old)
        severity = Severity.CHANGE if went or smaller else Severity.INFO
        why = ""
        if went:
            why = f"without {', '.join(went)} servers answer in another way"
        elif smaller:
            why = "smaller blocks make transfers slower, and files of more than 65,535 blocks fail with some servers"
        statement = "the guest asks for the TFTP options {candidate}, it was {baseline}"
        yield Finding(severity, "TFTP options", baseline, candidate, statement, why)


def _spell(options: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items()) or "none"


def _block_size(options: dict[str, str]) -> int:
    value = options.get("blksize", "")
    return int(value) if value.isdecimal() else 512


@rule("tftp-mode")
def check_tftp_mode(pair: CellPair) -> Iterator[Finding]:
    """Does the guest fetch in the same mode (octet, netascii)? A change."""
    first, second = (_requests(trace) for trace in pair.sides)
    modes = {
        tuple(str(requests[file].facts.get("mode")).lower() for requests in (first, second))
        for file in first
        if file in second
    }
    for baseline, candidate in sorted(modes):
        if baseline != candidate:
            statement = "the guest fetches files in the mode {candidate}, it was {baseline}"
            yield Finding(Severity.CHANGE, "TFTP mode", baseline, candidate, statement, "servers may refuse it")


@rule("tftp-blocks")
def check_tftp_blocks(pair: CellPair) -> Iterator[Finding]:
    """Do files come over in the same number of blocks and bytes, where both boots got them?

    Other bytes are a change; another number of blocks an info, for the block size has its rule.
    """
    first, second = (_finished(trace) for trace in pair.sides)
    for file, event in first.items():
        if file not in second:
            continue
        for fact, severity, why in (
            ("bytes", Severity.CHANGE, "the guest did not get the same file"),
            ("blocks", Severity.INFO, ""),
        ):
            old, new = event.facts.get(fact), second[file].facts.get(fact)
            if old is not None and new is not None and old != new:
                statement = f"{file} comes over in {{candidate}} {fact}, it was {{baseline}}"
                yield Finding(severity, f"{fact} of a file", str(old), str(new), statement, why)
                break


@rule("tftp-files", in_real_time=True)
def check_tftp_files(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask for files by the same names, in the same order, where both boots passed?

    Another name is a change: servers map names. The same names in another order are an info.
    """
    if not pair.both_passed:
        return
    first, second = (list(_requests(trace)) for trace in pair.sides)
    went, came = [file for file in first if file not in second], [file for file in second if file not in first]
    if went or came:
        statement = "the guest asks TFTP for {candidate}, it was {baseline}"
        if not came:
            statement = "the guest does not ask TFTP for {baseline} any more"
        why = "servers that map or check names answer in another way" if came else "it gets there in another way"
        yield Finding(Severity.CHANGE, "TFTP file names", _list(went), _list(came), statement, why)
    elif first != second:
        statement = "the guest asks TFTP for the same files in another order: {candidate}, it was {baseline}"
        yield Finding(Severity.INFO, "TFTP file names", _list(first), _list(second), statement)


def _list(names: list[str]) -> Value:
    return ", ".join(names) or None


@rule("tftp-errors", in_real_time=True)
def check_tftp_errors(pair: CellPair) -> Iterator[Finding]:
    """Does the guest end transfers with the same TFTP errors, where both boots passed? Info: servers log them."""
    if not pair.both_passed:
        return
    first, second = (_errors(trace) for trace in pair.sides)
    if first != second:
        statement = "the guest ends TFTP transfers with {candidate}, it was {baseline}"
        yield Finding(Severity.INFO, "TFTP errors", first, second, statement, "servers log them")


def _errors(trace: Trace) -> Value:
    events = guest_events(trace, "tftp-error")
    return _list(
        list(dict.fromkeys(f'error {event.facts.get("code")} "{event.facts.get("text", "")}"' for event in events))
    )
