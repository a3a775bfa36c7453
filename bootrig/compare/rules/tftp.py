"""How files are fetched by TFTP."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from bootrig.compare.finding import Finding, Severity, Value
from bootrig.compare.pairing import CellPair, iter_unequal_values
from bootrig.compare.registry import Needs, rule
from bootrig.trace.events import TftpError, TftpRequest, TftpTransfer
from bootrig.trace.reading.recall import recall
from bootrig.trace.reading.wire import find_file_request, iter_guest, map_names, strip_varying
from bootrig.trace.trace import Trace

T = TypeVar("T")


@recall
def _requests(trace: Trace) -> dict[str, TftpRequest]:
    """Return the guest's first request for each file."""
    requests: dict[str, TftpRequest] = {}
    for event in iter_guest(trace, TftpRequest):
        requests.setdefault(strip_varying(event.file), event)
    return requests


@recall
def _finished(trace: Trace) -> dict[str, TftpTransfer]:
    """Return the first completed transfer of each file."""
    transfers: dict[str, TftpTransfer] = {}
    for event in trace.wire:
        if isinstance(event, TftpTransfer) and event.completed:
            transfers.setdefault(strip_varying(event.file), event)
    return transfers


def _iter_unequal(pair: CellPair, read: Callable[[TftpRequest], T]) -> Iterator[tuple[str, T, T]]:
    return iter_unequal_values(_requests(pair.baseline), _requests(pair.candidate), read)


def _options(request: TftpRequest) -> tuple[tuple[str, str], ...]:
    return tuple(map_names(request.options).items())


@rule("tftp-options", topics={"tftp"}, owns_ports={69}, follows_from=("network-client",))
def check_tftp_options(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask for the same TFTP options (RFC 2347) in the first request for each file?

    An option that is gone, or a smaller block size, is a change; a new option, another value or order an info.
    """
    for where, baseline, candidate in _iter_unequal(pair, _options):
        old, new = dict(baseline), dict(candidate)
        went = [name for name in old if name not in new]
        smaller = _block_size(new) < _block_size(old)
        severity = Severity.CHANGE if went or smaller else Severity.INFO
        why = ""
        if went:
            why = f"without {', '.join(went)} servers answer in another way"
        elif smaller:
            why = "smaller blocks make transfers slower, and files of more than 65,535 blocks fail with some servers"
        statement = "the guest asks for the TFTP options {candidate}, it was {baseline}"
        yield Finding(severity, f"TFTP options{where}", _spell(old), _spell(new), statement, why)


def _spell(options: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items()) or "none"


def _block_size(options: dict[str, str]) -> int:
    value = options.get("blksize", "")
    return int(value) if value.isdecimal() else 512


@rule("tftp-mode", topics={"tftp"}, follows_from=("network-client",))
def check_tftp_mode(pair: CellPair) -> Iterator[Finding]:
    """Does the guest fetch in the same mode (octet, netascii)? A change."""
    # RFC 1350, section 5: in any combination of upper and lower case
    for where, baseline, candidate in _iter_unequal(pair, lambda request: request.mode.lower()):
        statement = "the guest fetches files in the mode {candidate}, it was {baseline}"
        yield Finding(Severity.CHANGE, f"TFTP mode{where}", baseline, candidate, statement, "servers may refuse it")


@rule("tftp-blocks", topics={"tftp"}, follows_from=("network-client",))
def check_tftp_blocks(pair: CellPair) -> Iterator[Finding]:
    """Are files transferred in the same number of blocks and bytes, where both boots got them?

    Other bytes are a change; another number of blocks an info, for the block size has its rule.
    """
    first, second = (_finished(trace) for trace in pair.sides)
    for file, old in first.items():
        new = second.get(file)
        if new is None:
            continue
        if old.bytes != new.bytes:
            why = "the guest did not get the same file"
            yield _differing("bytes", file, old.bytes, new.bytes, Severity.CHANGE, why)
        elif old.blocks != new.blocks:
            yield _differing("blocks", file, old.blocks, new.blocks, Severity.INFO)


def _differing(what: str, file: str, old: int, new: int, severity: Severity, why: str = "") -> Finding:
    statement = f"{file} is transferred in {{candidate}} {what} instead of {{baseline}}"
    return Finding(severity, f"{what} of {file}", str(old), str(new), statement, why)


@rule(
    "tftp-files",
    topics={"tftp", "file-name"},
    needs=Needs.CLOCK,
    witnesses=lambda trace: trace.passed and find_file_request(trace) is not None,
    follows_from=("network-client", "outcome"),
)
def check_tftp_files(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask for files by the same names, in the same order, where both boots passed?

    Another name is a change: servers map names. The same names in another order are an info.
    """
    if not pair.both_passed:
        return
    first, second = (_requests(trace) for trace in pair.sides)
    went, came = [file for file in first if file not in second], [file for file in second if file not in first]
    if went or came:
        statement = "the guest asks TFTP for {candidate}, it was {baseline}"
        if not came:
            statement = "the guest does not ask TFTP for {baseline} any more"
        elif not went:
            statement = "the guest also asks TFTP for {candidate}"
        why = "servers that map or check names answer in another way" if came else ""
        yield Finding(Severity.CHANGE, "TFTP file names", _list(went), _list(came), statement, why)
    elif list(first) != list(second):
        statement = "the guest asks TFTP for the same files in another order: {candidate}, it was {baseline}"
        yield Finding(Severity.INFO, "TFTP file names", _list(first), _list(second), statement)


def _list(names: Iterable[str]) -> Value:
    return ", ".join(dict.fromkeys(names)) or None


@rule(
    "tftp-errors",
    topics={"tftp"},
    needs=Needs.CLOCK,
    witnesses=lambda trace: trace.passed and find_file_request(trace) is not None,
    follows_from=("network-client", "outcome"),
)
def check_tftp_errors(pair: CellPair) -> Iterator[Finding]:
    """Does the guest end transfers with the same TFTP errors, where both boots passed? Info: servers log them."""
    if not pair.both_passed:
        return
    first, second = (_errors(trace) for trace in pair.sides)
    if first != second:
        statement = "the guest ends TFTP transfers with {candidate}, it was {baseline}"
        yield Finding(Severity.INFO, "TFTP errors", first, second, statement, "servers log them")


def _errors(trace: Trace) -> Value:
    return _list(f'error {event.code} "{event.text}"' for event in iter_guest(trace, TftpError))
