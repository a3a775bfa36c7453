"""DHCP options: findings as wholes, both directions, in one message and in all."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

import pytest

from bootrig.compare import Finding, Severity
from bootrig.compare.rules.dhcp_options import name_option, name_suboption
from tests.compare.conftest import Find

CHANGE, INFO = Severity.CHANGE, Severity.INFO
Options = Mapping[int, str]


def sent(discover: Options, request: Options | None = None) -> dict[str, Any]:
    """Return what makes a boot that sends these options, the same in all messages where there is one set only."""
    return {"options": discover, "request_options": discover if request is None else request}


CHOOSES = "DHCP servers that choose the boot file by it may choose another"
LOOPS = "servers that give a script to one user class and the boot loader to the rest send the wrong one, or loop"
LEASES = "servers that keep leases and reservations by it give another address"
KNOWN = "servers that know machines by it no longer know them"
PLAIN, QUOTED = (
    "the {name} is {{candidate}}, it was {{baseline}}",
    'the {name} is "{{candidate}}", it was "{{baseline}}"',
)
A, B = "41", "42"


@pytest.mark.parametrize(
    ("rule", "code", "name", "severity", "statement", "why"),
    [
        ("dhcp-vendor-class", 60, "vendor class", CHANGE, QUOTED, CHOOSES),
        ("dhcp-user-class", 77, "user class", CHANGE, QUOTED, LOOPS),
        ("dhcp-architecture", 93, "client architecture", CHANGE, PLAIN, CHOOSES),
        ("dhcp-network-interface", 94, "network interface identifier", INFO, PLAIN, ""),
        ("dhcp-client-id", 61, "client identifier", CHANGE, PLAIN, LEASES),
        ("dhcp-uuid", 97, "machine identifier", CHANGE, PLAIN, KNOWN),
    ],
)
def test_who_the_guest_says_it_is(
    find: Find, rule: str, code: int, name: str, severity: Severity, statement: str, why: str
) -> None:
    def finding(baseline: str | None, candidate: str | None, where: str = "") -> Finding:
        one, other = (
            bytes.fromhex(value).decode() if value is not None and statement is QUOTED else value
            for value in (baseline, candidate)
        )
        return Finding(severity, f"{name}{where}", one, other, statement.format(name=name) + where, why)

    for old, new in ((A, B), (B, A)):
        first, second, neither = {code: old}, {code: new}, dict[int, str]()
        assert find(rule, sent(second), **sent(first)) == [finding(old, new)]
        assert find(rule, sent(neither), **sent(first)) == [finding(old, None)]
        assert find(rule, sent(first), **sent(neither)) == [finding(None, old)]
        assert find(rule, sent(first, second), **sent(first)) == [finding(old, new, " in REQUEST")]
        assert find(rule, sent(second, first), **sent(first)) == [finding(old, new, " in DISCOVER")]
        assert find(rule, sent(second, first), **sent(first, second)) == [
            finding(old, new, " in DISCOVER"),
            finding(new, old, " in REQUEST"),
        ]
    assert find(rule, sent({code: A, code + 1: B}), **sent({code: A, code - 1: B})) == []
    assert find(rule, {**sent({code: B}), "messages": ()}, **sent({code: A})) == []
    inform = {**sent({code: B}), "messages": ((0.0, "inform"),)}
    assert find(rule, inform, **sent({code: A})) == []


@pytest.mark.parametrize("rule", ["dhcp-client-id", "dhcp-uuid"])
@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("01aabb", "01aabc", False),
        ("01aabc", "01aabb", False),
        ("01aabb", "01bbaa", True),
        ("01bbaa", "01aabb", True),
        ("01aabb", "02aabb", True),
        ("02aabb", "01aabb", True),
        ("01aa", "01aabb", True),
        ("01aabb", "01aa", True),
        ("", "01", True),
        ("01", "", True),
    ],
)
def test_identifiers_differ_by_length_type_or_order(find: Find, rule: str, first: str, second: str, told: bool) -> None:
    code = 61 if rule == "dhcp-client-id" else 97
    found = find(rule, sent({code: second}), **sent({code: first}))
    assert [(finding.baseline, finding.candidate) for finding in found] == ([(first, second)] if told else [])


def test_an_identifier_of_the_same_kind_does_not_hide_one_of_another_message(find: Find) -> None:
    (found,) = find("dhcp-client-id", sent({61: "01aabc"}, {61: "02aabb"}), **sent({61: "01aabb"}))
    assert (found.subject, found.candidate) == ("client identifier in REQUEST", "02aabb")


def asked(severity: Severity, baseline: str | None, candidate: str | None, statement: str, why: str = "") -> Finding:
    return Finding(severity, "parameter list", baseline, candidate, statement, why)


NOT_SENT = "servers that send only what is asked for will not send it"
TURNED = "the guest asks for the same options in another order or number: {candidate}, it was {baseline}"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("0103", "0103", []),
        (
            "010303",
            "01",
            [asked(CHANGE, "1 3 3", "1", "the guest does not ask for router (3) any more", NOT_SENT)],
        ),
        ("01", "010303", [asked(INFO, "1", "1 3 3", "the guest also asks for router (3)")]),
        (
            "0106",
            "0103fa",
            [
                asked(
                    CHANGE,
                    "1 6",
                    "1 3 250",
                    "the guest does not ask for DNS servers (6) any more but now for router (3), option 250",
                    NOT_SENT,
                )
            ],
        ),
        ("0103", "0301", [asked(INFO, "1 3", "3 1", TURNED)]),
        ("0301", "0103", [asked(INFO, "3 1", "1 3", TURNED)]),
        ("0103", "010303", [asked(INFO, "1 3", "1 3 3", TURNED)]),
        ("01", None, [asked(CHANGE, "1", None, "the guest does not ask for subnet mask (1) any more", NOT_SENT)]),
        (None, "01", [asked(INFO, None, "1", "the guest also asks for subnet mask (1)")]),
        (None, "", [asked(INFO, None, "", TURNED)]),
    ],
)
def test_parameter_lists(find: Find, first: str | None, second: str | None, found: list[Finding]) -> None:
    baseline, candidate = ({} if content is None else {55: content} for content in (first, second))
    assert find("dhcp-parameter-list", sent(candidate), **sent(baseline)) == found


def test_a_parameter_list_of_one_message_says_of_which(find: Find) -> None:
    def told(discover: str, request: str) -> list[tuple[str, str]]:
        found = find("dhcp-parameter-list", sent({55: discover}, {55: request}), **sent({55: "0103"}))
        return [(finding.subject, finding.statement) for finding in found]

    where = "parameter list in REQUEST"
    assert told("0103", "01") == [(where, "the guest does not ask for router (3) any more in REQUEST")]
    assert told("0103", "010306") == [(where, "the guest also asks for DNS servers (6) in REQUEST")]
    assert told("0103", "0301") == [(where, TURNED.replace("options", "options in REQUEST"))]


def order(baseline: str, candidate: str, names: str) -> Finding:
    statement = f"the options of {names} are in the order {{candidate}}, it was {{baseline}}"
    return Finding(INFO, names, baseline, candidate, statement)


UP, DOWN = {12: A, 60: A, 61: A}, {61: A, 60: A, 12: A}


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (sent(UP), sent(UP), []),
        (sent(UP), sent(DOWN), [order("12 60 61", "61 60 12", "DISCOVER and REQUEST")]),
        (sent(DOWN), sent(UP), [order("61 60 12", "12 60 61", "DISCOVER and REQUEST")]),
        (sent(UP), sent(UP, DOWN), [order("12 60 61", "61 60 12", "REQUEST")]),
        (
            sent(UP, DOWN),
            sent(DOWN, UP),
            [order("12 60 61", "61 60 12", "DISCOVER"), order("61 60 12", "12 60 61", "REQUEST")],
        ),
        (sent(UP), sent({61: A, 1: A, 12: A}), [order("12 61", "61 12", "DISCOVER and REQUEST")]),
        (sent(UP), sent({1: A, 12: A, 2: A, 61: A}), []),
        (sent(UP), {**sent(DOWN), "messages": ((0.0, "inform"),)}, []),
    ],
)
def test_orders_of_options(find: Find, first: dict[str, Any], second: dict[str, Any], found: list[Finding]) -> None:
    assert find("dhcp-option-order", second, **first) == found


DECIDE = "servers may decide by it"


def option(severity: Severity, name: str, baseline: str | None, candidate: str | None, statement: str) -> Finding:
    return Finding(severity, name, baseline, candidate, statement, DECIDE if severity is CHANGE else "")


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (
            {12: A, 250: A},
            {12: B, 13: B},
            [
                option(CHANGE, "host name (12)", A, B, "host name (12) is {candidate}, it was {baseline}"),
                option(INFO, "boot file size (13)", None, B, "the guest now sends boot file size (13)"),
                option(CHANGE, "option 250", A, None, "the guest does not send option 250 any more"),
            ],
        ),
        (
            {12: B},
            {12: A},
            [option(CHANGE, "host name (12)", B, A, "host name (12) is {candidate}, it was {baseline}")],
        ),
        ({50: A, 54: A}, {50: B, 54: B}, []),
        ({50: B, 54: B}, {50: A, 54: A}, []),
        (
            {50: A},
            {54: A},
            [
                option(
                    CHANGE, "requested address (50)", A, None, "the guest does not send requested address (50) any more"
                ),
                option(INFO, "server identifier (54)", None, A, "the guest now sends server identifier (54)"),
            ],
        ),
        (
            {49: A, 51: A},
            {49: B, 51: B},
            [
                option(CHANGE, "option 49", A, B, "option 49 is {candidate}, it was {baseline}"),
                option(CHANGE, "lease time (51)", A, B, "lease time (51) is {candidate}, it was {baseline}"),
            ],
        ),
        ({}, {code: A for code in (53, 55, 57, 60, 61, 77, 93, 94, 97, 175)}, []),
    ],
)
def test_further_options(find: Find, first: Options, second: Options, found: list[Finding]) -> None:
    assert find("dhcp-options", sent(second), **sent(first)) == found


def test_a_further_option_of_one_message_says_of_which(find: Find) -> None:
    def told(baseline: Options, candidate: Options) -> list[tuple[str, str]]:
        found = find("dhcp-options", sent({12: A}, candidate), **sent({12: A}, baseline))
        return [(finding.subject, finding.statement) for finding in found]

    where = "host name (12) in REQUEST"
    assert told({12: A}, {}) == [(where, "the guest does not send host name (12) any more in REQUEST")]
    assert told({}, {12: A}) == [(where, "the guest now sends host name (12) in REQUEST")]
    assert told({12: A}, {12: B}) == [(where, "host name (12) is {candidate}, it was {baseline} in REQUEST")]


ANNOUNCED = "servers that ask for it there send something else"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (None, None, []),
        (
            "130101",
            None,
            [
                Finding(
                    CHANGE,
                    "option 175",
                    "sent",
                    None,
                    "the guest does not send encapsulated iPXE options (175) any more",
                    DECIDE,
                )
            ],
        ),
        (
            None,
            "130101",
            [Finding(INFO, "option 175", None, "sent", "the guest now sends encapsulated iPXE options (175)")],
        ),
        (
            "130101fa0101",
            "",
            [
                Finding(
                    CHANGE,
                    "option 175, HTTP (19)",
                    "01",
                    None,
                    "option 175 does not announce HTTP (19) any more",
                    ANNOUNCED,
                ),
                Finding(
                    CHANGE,
                    "option 175, suboption 250",
                    "01",
                    None,
                    "option 175 does not announce suboption 250 any more",
                    ANNOUNCED,
                ),
            ],
        ),
        ("", "130101", [Finding(INFO, "option 175, HTTP (19)", None, "01", "option 175 now announces HTTP (19)")]),
        *(
            (
                f"{code}01{old}",
                f"{code}01{new}",
                [
                    Finding(
                        severity,
                        f"option 175, {name}",
                        old,
                        new,
                        f"option 175 says {{candidate}} for {name}, it was {{baseline}}",
                    )
                ],
            )
            for code, name, severity in (
                ("13", "HTTP (19)", CHANGE),
                ("ea", "suboption 234", CHANGE),
                ("eb", "version (235)", INFO),
                ("ec", "suboption 236", CHANGE),
            )
            for old, new in (("01", "02"), ("02", "01"))
        ),
    ],
)
def test_what_the_guest_tells_of_itself_in_option_175(
    find: Find, first: str | None, second: str | None, found: list[Finding]
) -> None:
    baseline, candidate = ({} if content is None else {175: content} for content in (first, second))
    assert find("dhcp-ipxe-options", sent(candidate), **sent(baseline)) == found


def test_option_175_that_is_gone_in_one_message_does_not_hide_what_another_says(find: Find) -> None:
    found = find("dhcp-ipxe-options", sent({}, {175: "130102"}), **sent({175: "130101"}))
    assert [(finding.subject, finding.candidate) for finding in found] == [
        ("option 175 in DISCOVER", None),
        ("option 175, HTTP (19) in REQUEST", "02"),
    ]


def size(severity: Severity, baseline: int | None, candidate: int | None, where: str = "") -> Finding:
    statement = f"the guest takes DHCP messages of {{candidate}}, it was {{baseline}}{where}"
    if candidate is None:
        statement = f"the guest does not say any more how long DHCP messages may be, it was {{baseline}}{where}"
    elif baseline is None:
        statement = f"the guest says that it takes DHCP messages of {{candidate}}, before it did not say{where}"
    why = "long answers lose options" if severity is CHANGE else ""
    return Finding(severity, f"maximum message size{where}", baseline, candidate, statement, why, "bytes")


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("05c0", "05c0", []),
        ("05c0", "05bf", [size(CHANGE, 1472, 1471)]),
        ("05c0", "05c1", [size(INFO, 1472, 1473)]),
        ("0001", None, [size(CHANGE, 1, None)]),
        (None, "0001", [size(INFO, None, 1)]),
        ("0001", "", [size(CHANGE, 1, 0)]),
        (None, "", [size(INFO, None, 0)]),
        ("", None, [size(INFO, 0, None)]),
    ],
)
def test_message_sizes(find: Find, first: str | None, second: str | None, found: list[Finding]) -> None:
    baseline, candidate = ({} if content is None else {57: content} for content in (first, second))
    assert find("dhcp-message-size", sent(candidate), **sent(baseline)) == found


NAMED_OPTIONS = """\
1-7 12 13 15 17 18 22 23 26 28 40-43 50 51 53-55 57-61 66 67 77 93 94 97 119 128-135 175 203"""
NAMED_SUBOPTIONS = "1 8 9 16-27 32-41 176 177 189-191 235"


def numbers(text: str) -> list[int]:
    """Return the numbers in `1-3 7`."""
    bounds = [[int(number) for number in word.split("-")] for word in text.split()]
    return list(chain.from_iterable(range(bound[0], bound[-1] + 1) for bound in bounds))


def test_what_has_a_name_is_called_by_it() -> None:
    unnamed = [code for code in range(256) if name_option(code) == f"option {code}"]
    assert unnamed == sorted(set(range(256)) - set(numbers(NAMED_OPTIONS)))
    unnamed = [code for code in range(256) if name_suboption(code) == f"suboption {code}"]
    assert unnamed == sorted(set(range(256)) - set(numbers(NAMED_SUBOPTIONS)))
    assert name_option(43) == "vendor options (43)"
    assert name_suboption(39) == "menu (39)"
