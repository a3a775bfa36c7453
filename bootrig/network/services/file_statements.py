"""What shows in packets that a server of files has those that its table names, and answers as it says."""

from collections.abc import Iterator, Sequence
from urllib.parse import unquote_to_bytes

from bootrig.document.quoting import quote_key
from bootrig.network.names import decode_name, encode_name, parse_shown
from bootrig.network.services.content.error import KIND as ERROR
from bootrig.network.services.content.missing import KIND as MISSING
from bootrig.network.services.files import ServedFile
from bootrig.network.statement import Statement
from bootrig.trace.events import (
    Event,
    HttpRequest,
    HttpResponse,
    TftpError,
    TftpOptions,
    TftpTransfer,
)

A_FILE = "a file"
FILE_NOT_FOUND = 1
NOT_FOUND_STATUS = 404


def _find_served(files: Sequence[ServedFile], path: str) -> ServedFile | None:
    return next((served for served in files if served.is_called(path)), None)


def iter_tftp_statements(
    files: Sequence[ServedFile], refused: frozenset[str], wire: Sequence[Event]
) -> Iterator[Statement]:
    """Yield what answers to TFTP requests show: of a file its blocks, or the error that the table says."""
    for event in wire:
        match event:
            case TftpTransfer(completed=True):
                yield from _judge_tftp(files, event.file, A_FILE, event.frame)
            case TftpError(from_guest=False, file=str()):
                yield from _judge_tftp(files, event.file or "", f"error {event.code}", event.frame)
            case TftpOptions():
                said = sorted(name.lower() for name, _ in event.options if name.lower() in refused)
                if refused:
                    meant = f"no {' and no '.join(sorted(refused))}"
                    yield Statement("refuse", meant, " and ".join(said) or meant, event.frame)


def _judge_tftp(files: Sequence[ServedFile], shown: str, seen: str, frame: int) -> Iterator[Statement]:
    """Yield the statement about a file; errors for bad requests show nothing."""
    served = _find_served(files, parse_shown(shown))
    if served is None:
        return
    meant = {ERROR: f"error {served.content}", MISSING: f"error {FILE_NOT_FOUND}"}.get(served.kind, A_FILE)
    if A_FILE in (meant, seen) or served.kind == ERROR:
        if meant == A_FILE and seen not in (A_FILE, f"error {FILE_NOT_FOUND}"):
            return
        yield Statement(quote_key(served.name), meant, seen, frame)


def iter_http_statements(files: Sequence[ServedFile], wire: Sequence[Event]) -> Iterator[Statement]:
    """Yield what answers to HTTP requests show: whether the file is there."""
    asked: dict[int, list[HttpRequest]] = {}
    for event in wire:
        match event:
            case HttpRequest():
                asked.setdefault(event.connection, []).append(event)
            case HttpResponse(from_guest=False) if asked.get(event.connection):
                target = asked[event.connection].pop(0).target.partition("?")[0]
                path = decode_name(unquote_to_bytes(encode_name(parse_shown(target))))
                served = _find_served(files, path)
                if served is not None:
                    meant = f"status {NOT_FOUND_STATUS}" if served.kind == MISSING else A_FILE
                    seen = f"status {NOT_FOUND_STATUS}" if event.status == NOT_FOUND_STATUS else A_FILE
                    yield Statement(quote_key(served.name), meant, seen, event.frame)
