"""TFTP and HTTP: findings as wholes, both directions, of one file and of several."""

from collections.abc import Sequence
from typing import Any

import pytest

from bootrig.compare import Finding, Severity
from bootrig.trace.events import Event, HttpRequest, TftpRequest, TftpTransfer
from tests.compare.conftest import Find
from tests.compare.factory import http_request

CHANGE, INFO = Severity.CHANGE, Severity.INFO


def fetched(**files: str) -> dict[str, Any]:
    """Return what makes a boot that fetches these files with these options: `blksize 512, tsize 0`."""
    options = {
        name: [tuple(one.split(" ")) for one in text.split(", ")] if text else [] for name, text in files.items()
    }
    return {"tftp": [(name, pairs, 4096) for name, pairs in options.items()]}


def tftp_options(severity: Severity, baseline: str, candidate: str, why: str = "", where: str = "") -> Finding:
    statement = "the guest asks for the TFTP options {candidate}, it was {baseline}"
    return Finding(severity, f"TFTP options{where}", baseline, candidate, statement, why)


SMALLER = "smaller blocks make transfers slower, and files of more than 65,535 blocks fail with some servers"
WITHOUT = "without blksize servers answer in another way"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("tsize 0", "tsize 0", []),
        ("blksize 1432", "blksize 1431", [tftp_options(CHANGE, "blksize 1432", "blksize 1431", SMALLER)]),
        ("blksize 1431", "blksize 1432", [tftp_options(INFO, "blksize 1431", "blksize 1432")]),
        ("blksize 1432", "", [tftp_options(CHANGE, "blksize 1432", "none", WITHOUT)]),
        ("", "blksize 1432", [tftp_options(INFO, "none", "blksize 1432")]),
        ("", "blksize 511", [tftp_options(CHANGE, "none", "blksize 511", SMALLER)]),
        ("", "blksize 512", [tftp_options(INFO, "none", "blksize 512")]),
        ("blksize 512", "", [tftp_options(CHANGE, "blksize 512", "none", WITHOUT)]),
        ("tsize 0", "tsize 1", [tftp_options(INFO, "tsize 0", "tsize 1")]),
        ("tsize 1", "tsize 0", [tftp_options(INFO, "tsize 1", "tsize 0")]),
    ],
)
def test_tftp_options(find: Find, first: str, second: str, found: list[Finding]) -> None:
    pairs = [fetched(nbp=text) for text in (first, second)]
    assert find("tftp-options", pairs[1], **pairs[0]) == found


def test_options_of_several_files_are_told_once_for_each_pair(find: Find) -> None:
    first = fetched(a="tsize 1", b="tsize 1", c="tsize 2", d="tsize 3", gone="tsize 4")
    second = fetched(new="tsize 4", a="tsize 5", b="tsize 5", c="tsize 6", d="tsize 3")
    assert find("tftp-options", second, **first) == [
        tftp_options(INFO, "tsize 1", "tsize 5", where=" of a"),
        tftp_options(INFO, "tsize 2", "tsize 6", where=" of c"),
    ]


def request(file: str, mode: str, guest_s: float = 4.0, *, from_guest: bool = True) -> Event:
    return TftpRequest(guest_s=guest_s, from_guest=from_guest, operation="read", file=file, mode=mode)


@pytest.mark.parametrize(("first", "second"), [("octet", "netascii"), ("netascii", "octet")])
def test_tftp_modes_of_first_requests(find: Find, first: str, second: str) -> None:
    baseline, candidate = (
        {
            "tftp": (),
            "other": [request("f", mode.upper(), 3.0, from_guest=False), request("f", mode), request("f", "x", 9.0)],
        }
        for mode in (first, second)
    )
    statement, why = "the guest fetches files in the mode {candidate}, it was {baseline}", "servers may refuse it"
    assert find("tftp-mode", candidate, **baseline) == [Finding(CHANGE, "TFTP mode", first, second, statement, why)]
    assert find("tftp-mode", baseline, **baseline) == []


def transfer(guest_s: float, file: str, blocks: int, length: int, *, completed: bool = True) -> Event:
    return TftpTransfer(
        guest_s=guest_s, from_guest=False, file=file, blocks=blocks, bytes=length, end_guest_s=80.0, completed=completed
    )


def got(file: str, what: str, baseline: int, candidate: int) -> Finding:
    statement = f"{file} is transferred in {{candidate}} {what} instead of {{baseline}}"
    severity, why = (CHANGE, "the guest did not get the same file") if what == "bytes" else (INFO, "")
    return Finding(severity, f"{what} of {file}", str(baseline), str(candidate), statement, why)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ([("f", 3, 1000)], [("f", 3, 1000)], []),
        ([("f", 3, 1000)], [("f", 4, 1001)], [got("f", "bytes", 1000, 1001)]),
        ([("f", 4, 1001)], [("f", 3, 1000)], [got("f", "bytes", 1001, 1000)]),
        ([("f", 3, 1000)], [("f", 4, 1000)], [got("f", "blocks", 3, 4)]),
        ([("f", 4, 1000)], [("f", 3, 1000)], [got("f", "blocks", 4, 3)]),
        (
            [("a", 1, 1), ("f", 3, 1000), ("b", 1, 1)],
            [("b", 2, 1), ("f", 3, 1001)],
            [got("f", "bytes", 1000, 1001), got("b", "blocks", 1, 2)],
        ),
        ([("f", 3, 1000), ("f", 4, 2000)], [("f", 3, 1000), ("f", 5, 3000)], []),
    ],
)
def test_blocks_and_bytes_of_transfers(
    find: Find, first: Sequence[tuple[str, int, int]], second: Sequence[tuple[str, int, int]], found: list[Finding]
) -> None:
    baseline, candidate = (
        {"tftp": (), "other": [transfer(4.0 + number, *one) for number, one in enumerate(side)]}
        for side in (first, second)
    )
    assert find("tftp-blocks", candidate, **baseline) == found


@pytest.mark.parametrize("completed", [(True, False), (False, True)])
def test_a_transfer_that_broke_off_is_not_compared(find: Find, completed: tuple[bool, bool]) -> None:
    first, second = ([transfer(4.0, "f", 3 + one, 1000, completed=one)] for one in completed)
    assert find("tftp-blocks", {"other": second}, tftp=(), other=first) == []


def names(baseline: str | None, candidate: str | None, severity: Severity, statement: str, why: str = "") -> Finding:
    return Finding(severity, "TFTP file names", baseline, candidate, statement, why)


OTHER_NAMES = "the guest asks TFTP for {candidate}, it was {baseline}"
NO_MORE = "the guest does not ask TFTP for {baseline} any more"
ALSO = "the guest also asks TFTP for {candidate}"
ANOTHER_ORDER = "the guest asks TFTP for the same files in another order: {candidate}, it was {baseline}"
CHECKS, OTHERWISE = "servers that map or check names answer in another way", ""


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("ab", "ab", []),
        ("abc", "dbe", [names("a, c", "d, e", CHANGE, OTHER_NAMES, CHECKS)]),
        ("dbe", "abc", [names("d, e", "a, c", CHANGE, OTHER_NAMES, CHECKS)]),
        ("ab", "b", [names("a", None, CHANGE, NO_MORE, OTHERWISE)]),
        ("b", "ba", [names(None, "a", CHANGE, ALSO, CHECKS)]),
        ("ab", "ba", [names("a, b", "b, a", INFO, ANOTHER_ORDER)]),
        ("ba", "ab", [names("b, a", "a, b", INFO, ANOTHER_ORDER)]),
    ],
)
def test_tftp_file_names(find: Find, first: str, second: str, found: list[Finding]) -> None:
    baseline, candidate = (fetched(**dict.fromkeys(side, "")) for side in (first, second))
    assert find("tftp-files", candidate, **baseline) == found


@pytest.mark.parametrize(
    ("first", "second", "values"),
    [
        ([], [], None),
        ([(0, "a"), (0, "a")], [(0, "a")], None),
        ([], [(0, "a"), (1, "b")], (None, 'error 0 "a", error 1 "b"')),
        ([(0, "a")], [], ('error 0 "a"', None)),
        ([(0, "a")], [(0, "b")], ('error 0 "a"', 'error 0 "b"')),
        ([(0, "b")], [(0, "a")], ('error 0 "b"', 'error 0 "a"')),
    ],
)
def test_tftp_errors(
    find: Find, first: list[Any], second: list[Any], values: tuple[str | None, str | None] | None
) -> None:
    statement = "the guest ends TFTP transfers with {candidate}, it was {baseline}"
    found = [] if values is None else [Finding(INFO, "TFTP errors", *values, statement, "servers log them")]
    assert find("tftp-errors", {"tftp_errors": second}, tftp_errors=first) == found


@pytest.mark.parametrize("passed", [(True, False), (False, True), (False, False)])
def test_names_and_errors_of_failed_boots_are_not_compared(find: Find, passed: tuple[bool, bool]) -> None:
    other = {"tftp_errors": [(0, "a")], **fetched(other="")}
    for rule in ("tftp-files", "tftp-errors"):
        assert find(rule, {**other, "passed": passed[1]}, passed=passed[0]) == []


def http(*requests: HttpRequest) -> dict[str, Any]:
    return {"http": requests}


def version(baseline: str, candidate: str, where: str = "") -> Finding:
    why = "servers answer with other transfer encodings and keep connections open, or close them"
    statement = "the guest speaks {candidate}, it was {baseline}"
    return Finding(CHANGE, f"HTTP version{where}", baseline, candidate, statement, why)


def test_http_versions_of_first_requests_are_told_once_for_each_pair(find: Find) -> None:
    first, second = (
        http(
            *(http_request(target=f"/{name}", version=one) for name, one in zip("abcd", versions, strict=True)),
            http_request(target="/a", version="later"),
            http_request(target=f"/{versions}", version=versions),
            http_request(target="/a", method="HEAD", version=versions[0]),
        )
        for versions in ("1135", "2245")
    )
    there = [version("1", "2", " of GET /a"), version("3", "4", " of GET /c")]
    assert find("http-version", second, **first) == there
    back = [version("2", "1", " of GET /a"), version("4", "3", " of GET /c")]
    assert find("http-version", first, **second) == back
    one, other = (http(http_request(version=text)) for text in "12")
    assert find("http-version", other, **one) == [version("1", "2")]


def agent(severity: Severity, baseline: str | None, candidate: str | None) -> Finding:
    why = "servers that choose what they send by the user agent choose something else" if severity is CHANGE else ""
    return Finding(
        severity, "user agent", baseline, candidate, 'the user agent is "{candidate}", it was "{baseline}"', why
    )


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("a/1", "a/1", []),
        ("a/1", "a/2", [agent(INFO, "a/1", "a/2")]),
        ("a/2", "a/1", [agent(INFO, "a/2", "a/1")]),
        ("a 1/2", "a 3/4", [agent(INFO, "a 1/2", "a 3/4")]),
        ("a/1 b", "a/1 c", [agent(INFO, "a/1 b", "a/1 c")]),
        ("a/1", "b/1", [agent(CHANGE, "a/1", "b/1")]),
        ("b/1", "a/1", [agent(CHANGE, "b/1", "a/1")]),
        ("a/1", None, [agent(CHANGE, "a/1", None)]),
        (None, "a/1", [agent(CHANGE, None, "a/1")]),
        ("None", None, [agent(CHANGE, "None", None)]),
        (None, None, []),
    ],
)
def test_user_agents(find: Find, first: str | None, second: str | None, found: list[Finding]) -> None:
    baseline, candidate = (http(http_request({"User-Agent": text})) for text in (first, second))
    assert find("http-user-agent", candidate, **baseline) == found
    assert find("http-headers", candidate, **baseline) == []


def header(severity: Severity, name: str, baseline: str | None, candidate: str | None, where: str = "") -> Finding:
    if candidate is None:
        statement, why = f'the HTTP header {name} is gone, it was "{{baseline}}"', "servers may need it"
    elif baseline is None:
        statement, why = f'there is a new HTTP header {name}: "{{candidate}}"', ""
    else:
        statement = f'the HTTP header {name} is "{{candidate}}", it was "{{baseline}}"'
        why = "servers may decide by it"
    return Finding(severity, f"HTTP header {name}{where}", baseline, candidate, statement, why)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ({}, {}, []),
        ({"X-A": "1"}, {"x-a": "2"}, [header(CHANGE, "X-A", "1", "2")]),
        ({"X-A": "2"}, {"X-A": "1"}, [header(CHANGE, "X-A", "2", "1")]),
        ({"X-A": "1"}, {"X-B": "2"}, [header(CHANGE, "X-A", "1", None), header(INFO, "X-B", None, "2")]),
        ({"Range": "1"}, {"Range": "2"}, []),
        ({"Range": "1"}, {}, [header(CHANGE, "Range", "...", None)]),
        ({}, {"Cookie": "1"}, [header(INFO, "Cookie", None, "...")]),
        ({"Authorization": "1", "If-Modified-Since": "1"}, {"Authorization": "2", "If-Modified-Since": "2"}, []),
    ],
)
def test_http_headers(find: Find, first: dict[str, str], second: dict[str, str], found: list[Finding]) -> None:
    baseline, candidate = (http(http_request(headers)) for headers in (first, second))
    assert find("http-headers", candidate, **baseline) == found


def tcp(name: str, baseline: str, candidate: str) -> Finding:
    statement = f"the {name} of the guest's HTTP connections: {{candidate}}, it was {{baseline}}"
    return Finding(INFO, name, baseline, candidate, statement)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ((4096, "020405b4"), (4096, "020405b5"), []),
        (
            (4096, "020405b4"),
            (8192, "030309"),
            [tcp("TCP window", "4096 bytes", "8192 bytes"), tcp("TCP options", "segment size", "window scale")],
        ),
        (
            (8192, "030309"),
            (4096, "020405b4"),
            [tcp("TCP window", "8192 bytes", "4096 bytes"), tcp("TCP options", "window scale", "segment size")],
        ),
        ((None, None), (4096, "020405b4"), []),
        ((4096, "020405b4"), (None, None), []),
        # padding (1) is left out, and nothing is read after the end (0)
        (
            (1, "0104020101050a" + "00" * 8 + "080a" + "11" * 8),
            (1, "fd02"),
            [tcp("TCP options", "SACK permitted, SACK, timestamps", "option 253")],
        ),
        ((1, "0402000402"), (1, ""), [tcp("TCP options", "SACK permitted", "none")]),
        ((1, "010402030309"), (1, ""), [tcp("TCP options", "SACK permitted, window scale", "none")]),
        # lengths that are too small or missing count as two
        (
            (1, "040004000303"),
            (1, "04"),
            [tcp("TCP options", "SACK permitted, SACK permitted, window scale", "SACK permitted")],
        ),
        ((1, "0401050103"), (1, "01"), [tcp("TCP options", "SACK permitted, SACK, window scale", "none")]),
        ((1, "06020702"), (1, "0902"), [tcp("TCP options", "option 6, option 7", "option 9")]),
    ],
)
def test_tcp_windows_and_options(
    find: Find, first: tuple[Any, Any], second: tuple[Any, Any], found: list[Finding]
) -> None:
    baseline, candidate = (http(http_request(window=window, tcp_options=kinds)) for window, kinds in (first, second))
    assert find("http-tcp", candidate, **baseline) == found
