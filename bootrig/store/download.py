"""Downloading one file from one address, resumed where the connection breaks."""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from bootrig.store.errors import DownloadError
from bootrig.store.incoming import DownloadProgress, Incoming

logger = logging.getLogger(__name__)

CHUNK_LENGTH = 1 << 16
CONNECT_S, SILENCE_S = 10.0, 30.0
FRUITLESS_ATTEMPTS = 3
PAUSE_S = 0.3
MAXIMUM_LENGTH = 4 << 30
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(slots=True)
class _Transfer:
    """One file that is being downloaded: what is known about it beside its bytes."""

    address: str
    incoming: Incoming
    length: int | None
    progress: DownloadProgress | None
    validator: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)


class _BrokenError(Exception):
    """The connection broke: what was received is good, another request may get the rest."""


def download(
    address: str,
    incoming: Incoming,
    *,
    length: int | None = None,
    proxies: Mapping[str, str] | None = None,
    progress: DownloadProgress | None = None,
) -> None:
    """Download `address` into `incoming`.

    A broken connection is followed by a request for the rest (RFC 9110, section 14, Range Requests) as long as bytes
    are received; after three attempts in a row that gave nothing new, it is given up.

    `proxies` has the proxy by scheme; those of the environment are the default.

    Raises:
        DownloadError: the address does not have the file, does not answer, or gives another length.
        StoreError: the bytes cannot be written.
    """
    transfer = _Transfer(address, incoming, length, progress, proxies=proxies or {})
    fruitless = furthest = 0
    with requests.Session() as session:
        while True:
            try:
                _request(session, transfer)
            except _BrokenError as error:
                # A server that starts again each time and breaks at the same place makes no progress either.
                fruitless = 0 if incoming.length > furthest else fruitless + 1
                furthest = max(furthest, incoming.length)
                if fruitless >= FRUITLESS_ATTEMPTS:
                    raise DownloadError(f"{error} ({fruitless} attempts gave nothing new)") from error
                logger.info("%s: %s, asking for the rest from byte %d", address, error, incoming.length)
                time.sleep(PAUSE_S * fruitless)
            else:
                return


def _request(session: requests.Session, transfer: _Transfer) -> None:
    """Ask once for what is missing and take what is sent."""
    incoming = transfer.incoming
    headers = {"Accept-Encoding": "identity"}
    if incoming.length:
        headers["Range"] = f"bytes={incoming.length}-"
        if transfer.validator:
            headers["If-Range"] = transfer.validator
    try:
        with session.get(
            transfer.address,
            headers=headers,
            stream=True,
            timeout=(CONNECT_S, SILENCE_S),
            proxies=dict(transfer.proxies),
        ) as response:
            total = _judge(response, transfer)
            # What was received before a break counts: urllib3 would discard it with its error.
            response.raw.enforce_content_length = False
            for chunk in response.iter_content(CHUNK_LENGTH):
                if incoming.length + len(chunk) > (total if total is not None else MAXIMUM_LENGTH):
                    raise DownloadError(f"sent more than the expected {total} bytes")
                incoming.write(chunk)
                if transfer.progress:
                    transfer.progress(transfer.address, incoming.length, total)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise _BrokenError(_reason(error)) from error
    except requests.RequestException as error:
        raise DownloadError(_reason(error)) from error
    if total is not None and incoming.length < total:
        raise _BrokenError(f"the connection ended after {incoming.length} of {total} bytes")


def _judge(response: requests.Response, transfer: _Transfer) -> int | None:
    """Return how many bytes there will be in all; None where that is unknown.

    A server that ignores the range or has another file by now sends everything: then it starts from the beginning.
    """
    incoming = transfer.incoming
    if response.status_code == requests.codes.requested_range_not_satisfiable:
        if transfer.length is not None:
            raise DownloadError(f"ends after {incoming.length} bytes, expected {transfer.length}")
        incoming.restart()
        raise _BrokenError("the server has fewer bytes than it sent before")
    if response.status_code >= 500 or response.status_code == requests.codes.too_many_requests:
        raise _BrokenError(f"{response.status_code} {response.reason}")
    if response.status_code not in (requests.codes.ok, requests.codes.partial_content):
        raise DownloadError(f"{response.status_code} {response.reason}")
    total: int | None = None
    if response.status_code == requests.codes.partial_content:
        found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != incoming.length:
            raise DownloadError(f"answered with the wrong range {response.headers.get('Content-Range')!r}")
        total = None if found[2] == "*" else int(found[2])
    else:
        incoming.restart()
        announced = response.headers.get("Content-Length", "")
        total = int(announced) if announced.isdigit() else None
    transfer.validator = _validator(response)
    if transfer.length is not None and total is not None and total != transfer.length:
        raise DownloadError(f"has {total} bytes, expected {transfer.length}")
    return total if total is not None else transfer.length


def _validator(response: requests.Response) -> str:
    """Return the strong validator for If-Range (RFC 9110, section 13.1.5), empty without one."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _reason(error: requests.RequestException) -> str:
    """Return why a request failed, without the layers that libraries wrap around it."""
    cause: BaseException = error
    while True:
        reason = getattr(cause, "reason", None)
        inner = reason if isinstance(reason, BaseException) else cause.__cause__ or cause.__context__
        if inner is None or inner is cause:
            break
        cause = inner
    text = str(cause) or type(cause).__name__
    if isinstance(error, requests.ConnectTimeout):
        return f"does not answer within {CONNECT_S:.0f} s"
    if isinstance(error, requests.ReadTimeout):
        return f"silent for {SILENCE_S:.0f} s"
    return text
