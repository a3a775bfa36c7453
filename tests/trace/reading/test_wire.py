"""What a guest sent, read from the events of a trace."""

import pytest

from bootrig.trace.events import Dhcp, TftpRequest
from bootrig.trace.reading.wire import (
    find_file_request,
    first_dhcp_messages,
    iter_exchange,
    iter_guest,
    map_names,
    strip_varying,
)
from tests.compare.factory import Boot, dhcp, http_request, trace


def test_only_what_the_guest_sent_is_yielded() -> None:
    events = list(iter_guest(trace(Boot()), Dhcp))
    assert [event.message for event in events] == ["discover", "discover", "request"]
    assert list(iter_guest(trace(Boot(tftp=())), TftpRequest)) == []


def test_the_first_message_of_each_type_is_found() -> None:
    first = first_dhcp_messages(trace(Boot()))
    assert {message: event.guest_s for message, event in first.items()} == {"discover": 4.0, "request": 7.0}


def test_the_exchange_ends_with_the_first_request_for_a_file() -> None:
    later = dhcp(8.0, "discover")
    assert len(list(iter_exchange(trace(Boot(other=[later]))))) == 3
    assert len(list(iter_exchange(trace(Boot(other=[later], tftp=()))))) == 4


def test_files_are_asked_for_by_tftp_and_http() -> None:
    assert find_file_request(trace(Boot(tftp=()))) is None
    both = find_file_request(trace(Boot(http=[http_request()])))
    assert isinstance(both, TftpRequest)
    only = find_file_request(trace(Boot(tftp=(), http=[http_request(target="/x")])))
    assert only is not None
    assert not isinstance(only, TftpRequest)
    assert only.target == "/x"


@pytest.mark.parametrize(
    ("name", "stripped"),
    [
        ("pxelinux.cfg/b8945908-d6a6-41a9-611d-74a6ab80b83d", "pxelinux.cfg/<uuid>"),
        ("nbp-0123456789abcdef", "nbp-<nonce>"),
        ("nbp-0123456789abcde", "nbp-0123456789abcde"),
        ("x0123456789abcdef", "x0123456789abcdef"),
        ("pxelinux.cfg/01-52-54-00-12-34-56", "pxelinux.cfg/01-52-54-00-12-34-56"),
    ],
)
def test_what_changes_from_run_to_run_is_stripped(name: str, stripped: str) -> None:
    assert strip_varying(name) == stripped


def test_names_are_lower_case_and_the_first_of_equals_counts() -> None:
    assert map_names((("BlkSize", "512"), ("tsize", "0"), ("blksize", "9"))) == {"blksize": "512", "tsize": "0"}


def test_a_message_at_the_moment_of_the_first_request_is_part_of_the_exchange() -> None:
    request = find_file_request(trace(Boot()))
    assert request is not None
    same = dhcp(request.guest_s, "inform")
    assert [event.message for event in iter_exchange(trace(Boot(other=[same])))][-1] == "inform"
