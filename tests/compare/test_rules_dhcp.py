"""DHCP: who the guest says it is, what it asks for, when it asks again."""

from typing import Any

import pytest

from bootrig.compare import Severity
from tests.compare.conftest import Look
from tests.compare.factory import DISCOVER, REAL


def with_options(**changes: str | None) -> dict[str, Any]:
    """Return DISCOVER's options with `o60="..."` changed; None takes one away."""
    options = {code: changes.get(f"o{code}", content) for code, content in DISCOVER.items()}
    added = {int(name[1:]): content for name, content in changes.items() if int(name[1:]) not in DISCOVER}
    return {"options": {code: content for code, content in {**options, **added}.items() if content is not None}}


CASES = [
    (
        "dhcp-user-class",
        {"o77": b"gPXE".hex()},
        Severity.CHANGE,
        'the user class is "gPXE", it was "iPXE": servers that give a script to one user '
        "class and the boot loader to the rest send the wrong one, or loop",
    ),
    ("dhcp-user-class", {"o77": None}, Severity.CHANGE, 'the user class is nothing, it was "iPXE"'),
    (
        "dhcp-vendor-class",
        {"o60": b"PXEClient".hex()},
        Severity.CHANGE,
        'the vendor class is "PXEClient", it was "PXEClient:Arch:00000:UNDI:002001"',
    ),
    ("dhcp-architecture", {"o93": "0007"}, Severity.CHANGE, "the client architecture is 0007, it was 0000"),
    (
        "dhcp-network-interface",
        {"o94": "010300"},
        Severity.INFO,
        "the network interface identifier is 010300, it was 010201",
    ),
    (
        "dhcp-client-id",
        {"o61": "00525400123456"},
        Severity.CHANGE,
        "the client identifier is 00525400123456, it was 01525400123456",
    ),
    ("dhcp-client-id", {"o61": None}, Severity.CHANGE, "the client identifier is nothing, it was 01525400123456"),
    (
        "dhcp-uuid",
        {"o97": "00" + "2233445566778899" + "11" * 8},
        Severity.CHANGE,
        "the machine identifier is 002233445566778899" + "11" * 8,
    ),
    (
        "dhcp-parameter-list",
        {"o55": "010306070c0f111a2b3c4243"},
        Severity.CHANGE,
        "the guest does not ask for PXE 128 (128), PXE 129 (129) any more: servers that "
        "send only what is asked for will not send it",
    ),
    (
        "dhcp-parameter-list",
        {"o55": "010306070c0f111a2b3c424380cb"},
        Severity.CHANGE,
        "does not ask for PXE 129 (129) any more but now for iSCSI initiator name",
    ),
    (
        "dhcp-parameter-list",
        {"o55": "010306070c0f111a2a2b3c42438081"},
        Severity.INFO,
        "the guest also asks for NTP servers (42)",
    ),
    (
        "dhcp-parameter-list",
        {"o55": "010306070c0f111a1a2b3c42438081"},
        Severity.INFO,
        "the guest asks for the same options in another order or number",
    ),
    ("dhcp-ipxe-options", {"o175": None}, Severity.CHANGE, "does not send encapsulated iPXE options (175) any more"),
    ("dhcp-options", {"o12": b"host".hex()}, Severity.INFO, "the guest now sends host name (12)"),
    (
        "dhcp-ipxe-options",
        {"o175": "b105018086100eeb03010000170101220101110101270101190101"},
        Severity.CHANGE,
        "option 175 does not announce HTTP (19) any more",
    ),
    (
        "dhcp-ipxe-options",
        {"o175": "b105018086100eeb03010000170101220101130101110101270101190101140101"},
        Severity.INFO,
        "option 175 now announces HTTPS (20)",
    ),
    (
        "dhcp-ipxe-options",
        {"o175": "b105018086100eeb03000909170101220101130101110101270101190101"},
        Severity.INFO,
        "option 175 says 000909 for version (235), it was 010000",
    ),
    (
        "dhcp-ipxe-options",
        {"o175": "b105011af41041eb03010000170101220101130101110101270101190101"},
        Severity.CHANGE,
        "option 175 says 011af41041 for bus id (177), it was 018086100e",
    ),
    (
        "dhcp-message-size",
        {"o57": "0240"},
        Severity.CHANGE,
        "the guest takes DHCP messages of 576 bytes, it was 1,472 bytes",
    ),
    (
        "dhcp-message-size",
        {"o57": "05dc"},
        Severity.INFO,
        "the guest takes DHCP messages of 1,500 bytes, it was 1,472 bytes",
    ),
]


@pytest.mark.parametrize(("rule", "options", "severity", "sentence"), CASES)
def test_options_that_differ_are_told(look: Look, rule: str, options: Any, severity: Severity, sentence: str) -> None:
    (found,) = look(rule, with_options(**options))
    assert (found.rule, found.severity) == (rule, severity)
    assert sentence in found.sentence


@pytest.mark.parametrize("rule", sorted({case[0] for case in CASES}))
def test_equal_options_are_no_difference(look: Look, rule: str) -> None:
    assert look(rule, {}) == []


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("dhcp-client-id", {"o61": "01525400999999"}),
        ("dhcp-uuid", {"o97": "00" + "42" * 16}),
        ("dhcp-ipxe-options", {"o175": "eb03010000b105018086100e170101220101130101110101270101190101"}),
        ("dhcp-options", {"o60": "00", "o97": "00"}),
    ],
    ids=["another MAC address", "another machine", "other order of suboptions", "own rules"],
)
def test_what_says_nothing_of_the_rom_is_no_difference(look: Look, rule: str, changes: Any) -> None:
    assert look(rule, with_options(**changes)) == []


def test_a_further_option_with_another_value_is_a_change(look: Look) -> None:
    (found,) = look("dhcp-options", with_options(o12=b"two".hex()), **with_options(o12=b"one".hex()))
    assert found.severity is Severity.CHANGE
    assert "host name (12) is 74776f, it was 6f6e65" in found.sentence


def test_an_option_that_is_gone_is_a_change(look: Look) -> None:
    (found,) = look("dhcp-options", {"options": DISCOVER}, **with_options(o12="00"))
    assert found.severity is Severity.CHANGE
    assert "the guest does not send host name (12) any more: servers may decide by it" in found.sentence


def test_a_difference_in_one_message_only_says_in_which(look: Look) -> None:
    (found,) = look("dhcp-message-size", {"request_options": {**DISCOVER, 57: "ff00"}}, request_options=DISCOVER)
    assert found.sentence == "the guest takes DHCP messages of 65,280 bytes, it was 1,472 bytes in REQUEST"


def test_of_addresses_only_the_presence_counts(look: Look) -> None:
    assert look("dhcp-options", with_options(o50="0a000211"), **with_options(o50="0a000210")) == []


def test_the_order_of_options_is_an_info(look: Look) -> None:
    turned = dict(reversed(DISCOVER.items()))
    (found,) = look("dhcp-option-order", {"options": turned, "request_options": DISCOVER}, request_options=DISCOVER)
    assert found.severity is Severity.INFO
    assert "the options of DISCOVER are in the order 97 61 175" in found.sentence


def test_an_option_more_is_no_other_order(look: Look) -> None:
    assert look("dhcp-option-order", {"options": {12: "00", **DISCOVER}}) == []


def test_another_sequence_of_messages_is_a_change(look: Look) -> None:
    messages = ((0.0, "discover"), (1.0, "discover"), (3.0, "request"), (3.2, "inform"))
    (found,) = look("dhcp-sequence", {"messages": messages})
    assert found.severity is Severity.CHANGE
    assert "the guest sends DISCOVER REQUEST INFORM, it was DISCOVER REQUEST" in found.sentence


def test_repeated_messages_are_the_same_sequence(look: Look) -> None:
    messages = ((0.0, "discover"), (3.0, "request"), (3.1, "request"))
    assert look("dhcp-sequence", {"messages": messages}) == []
    assert look("dhcp-sequence", {"messages": messages[:1], "passed": False}) == []


NO_ANSWER = {
    "answered": False,
    "messages": ((0.0, "discover"), (1.0, "discover"), (3.0, "discover"), (7.0, "discover")),
}


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        (
            ((0.0, "discover"), (1.0, "discover"), (6.0, "discover"), (8.0, "discover")),
            "the guest sends DISCOVER number 3 after 5.0 s, it was 2.0 s: slow servers and ports may miss it",
        ),
        (
            ((0.0, "discover"), (1.0, "discover"), (3.0, "discover")),
            "number of DISCOVERs that the guest sends before anything else: 3, it was 4: it gives up sooner or later "
            "than before",
        ),
    ],
)
def test_other_retries_are_a_change(look: Look, messages: Any, sentence: str) -> None:
    (found,) = look("dhcp-retries", {"messages": messages}, **NO_ANSWER)
    assert (found.severity, found.sentence) == (Severity.CHANGE, sentence)


def test_only_the_discovers_before_anything_else_are_retries(look: Look) -> None:
    first, second = (
        ((0.0, "discover"), (1.0, "discover"), (3.0, "request"), (4.0, "discover"), (4.0 + gap, "discover"))
        for gap in (1.0, 30.0)
    )
    assert look("dhcp-retries", {"messages": second}, messages=first, secs=(0,) * 5) == []


def test_retries_a_little_later_are_no_difference(look: Look) -> None:
    messages = ((0.0, "discover"), (1.25, "discover"), (3.5, "discover"), (7.75, "discover"))
    assert look("dhcp-retries", {"messages": messages}, **NO_ANSWER) == []


def test_in_virtual_time_the_servers_speed_decides_how_many_retries_there_are(look: Look) -> None:
    assert look("dhcp-retries", {"messages": ((0.0, "discover"), (3.0, "request"))}) == []


def test_in_real_time_fewer_retries_before_an_answer_are_an_info(look: Look) -> None:
    (found,) = look("dhcp-retries", {"messages": ((0.0, "discover"), (3.0, "request"))}, clock=REAL)
    assert found.severity is Severity.INFO


def test_a_guest_that_does_not_count_seconds_any_more_is_a_change(look: Look) -> None:
    (found,) = look("dhcp-secs", {"secs": (0, 0, 0)})
    assert found.severity is Severity.CHANGE
    assert "the field secs of DHCP requests stays 0, before it counts up" in found.sentence


def test_other_numbers_of_seconds_are_no_difference(look: Look) -> None:
    assert look("dhcp-secs", {"secs": (8, 14, 22)}) == []
    assert look("dhcp-secs", {"secs": (0,), "messages": ((0.0, "discover"),)}) == []


def test_broadcast_and_unicast_answers_are_told_apart(look: Look) -> None:
    (found,) = look("dhcp-flags", {"dhcp": {"flags": 0x8000}})
    assert "the guest asks for broadcast answers, it was unicast" in found.sentence
    assert look("dhcp-flags", {"dhcp": {"flags": 1}}) == []


def test_a_transaction_id_made_from_the_mac_address_is_told(look: Look) -> None:
    (worse,) = look("dhcp-xid", {"dhcp": {"xid": "00123456"}})
    assert worse.severity is Severity.CHANGE
    assert "the transaction id is made from the MAC address, it was random" in worse.sentence
    (better,) = look("dhcp-xid", {"dhcp": {"xid": "2bc63215"}}, dhcp={"xid": "00123456"})
    assert better.severity is Severity.IMPROVEMENT


def test_random_transaction_ids_are_never_compared(look: Look) -> None:
    assert look("dhcp-xid", {"dhcp": {"xid": "99999999"}}) == []


def test_a_vendor_class_that_the_request_does_not_repeat(look: Look) -> None:
    silent = {code: content for code, content in DISCOVER.items() if code != 60}
    (found,) = look("dhcp-vendor-class", {"request_options": silent}, request_options=DISCOVER)
    assert (found.severity, found.subject) == (Severity.CHANGE, "vendor class in REQUEST")
    assert (found.baseline, found.candidate) == ("PXEClient:Arch:00000:UNDI:002001", None)
