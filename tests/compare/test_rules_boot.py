"""Outcomes, times, the ROM and the console."""

from typing import Any

import pytest

from bootrig.compare import Severity
from bootrig.trace.trace import Clock
from tests.compare.conftest import Look
from tests.compare.factory import KIB, KVM, REAL, VIRTUAL


def test_a_boot_that_fails_now_is_a_regression(look: Look) -> None:
    candidate = {"passed": False, "milestone": "dhcp-ack", "reason": "the nonce did not come within 60 s"}
    (found,) = look("outcome", candidate)
    assert found.severity is Severity.REGRESSION
    sentence = (
        "the boot passed with the baseline, with the candidate it failed after dhcp-ack: "
        "the nonce did not come within 60 s"
    )
    assert found.sentence == sentence


def test_a_boot_that_passes_now_is_an_improvement(look: Look) -> None:
    (found,) = look("outcome", {"passed": True}, passed=False, milestone="", reason="no bootable device")
    assert found.severity is Severity.IMPROVEMENT
    words = "failed before any milestone with the baseline, with the candidate it passed: with the baseline no boot"
    assert words in found.sentence


def test_boots_that_both_fail_are_an_info_only_where_they_end_in_other_places(look: Look) -> None:
    assert look("outcome", {"reason": "other words"}, passed=False) == []
    (found,) = look("outcome", {"milestone": "dhcp-ack"}, passed=False)
    assert found.severity is Severity.INFO
    assert (
        "fails with both: with the baseline it failed after nbp-entered, with the candidate it failed after"
        in found.sentence
    )


def test_boots_that_both_pass_are_no_difference(look: Look) -> None:
    assert look("outcome", {"milestone": "disk-booted"}) == []


@pytest.mark.parametrize("clock", [VIRTUAL, REAL, KVM])
def test_thirteen_seconds_more_before_the_file_are_a_regression(look: Look, clock: Clock) -> None:
    late = {"request_s": 16.6, "last_byte_s": 17.4, "nbp_s": 17.5}
    (slower,) = look("stage-times", late, clock=clock)
    assert slower.severity is Severity.REGRESSION
    assert slower.subject == "from the DHCP answer to the first file request"
    assert "from the DHCP answer to the first file request it takes 13.5 s, it was 0.5 s: users wait" in slower.sentence
    (faster,) = look("stage-times", {"request_s": 3.6, "last_byte_s": 4.4, "nbp_s": 4.5}, clock=clock, **late)
    assert faster.severity is Severity.IMPROVEMENT


@pytest.mark.parametrize(
    ("more_s", "severity"), [(9.75, Severity.CHANGE), (10.0, Severity.REGRESSION), (10.25, Severity.REGRESSION)]
)
def test_ten_seconds_more_are_a_regression(look: Look, more_s: float, severity: Severity) -> None:
    times = {"first_packet_s": 64.0, "ack_s": 3.0, "request_s": 3.5, "last_byte_s": 4.5, "nbp_s": 4.5}
    late = {name: times[name] + more_s for name in ("request_s", "last_byte_s", "nbp_s")}
    (found,) = look("stage-times", late, **times)
    assert found.severity is severity


def test_seven_seconds_more_are_a_change(look: Look) -> None:
    (found,) = look("stage-times", {"request_s": 10.6, "last_byte_s": 11.4, "nbp_s": 11.5})
    assert found.severity is Severity.CHANGE
    assert found.sentence.endswith("it takes 7.5 s, it was 0.5 s: boots take longer")


@pytest.mark.parametrize(
    "times",
    [
        {"request_s": 5.6, "last_byte_s": 6.4, "nbp_s": 6.5},
        {"ack_s": 5.0, "request_s": 5.5, "last_byte_s": 8.4, "nbp_s": 8.5},
        {"last_byte_s": 10.0, "nbp_s": 10.1},
        {"nbp_s": None},
    ],
    ids=["request", "answer", "thirty blocks", "no milestone"],
)
def test_a_few_seconds_of_virtual_time_are_noise(look: Look, times: Any) -> None:
    assert look("stage-times", times) == []


def test_seconds_that_a_server_made_are_no_difference(look: Look) -> None:
    messages = ((0.0, "discover"), (1.0, "discover"), (3.0, "request"))
    late = {"messages": messages, "ack_s": 18.0, "request_s": 18.5, "last_byte_s": 19.0, "nbp_s": 19.1}
    assert look("stage-times", late) == []


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_times_of_disturbed_boots_in_virtual_time_are_not_compared(look: Look, side: str) -> None:
    again = {"disturbed": 2}
    late = {"request_s": 30.0, "messages": ((0.0, "discover"), (9.0, "discover"), (12.0, "request"))}
    first, second = ({**again}, late) if side == "baseline" else ({}, {**late, **again})
    assert look("stage-times", {"disturbed": 0, **second}, **first) == []
    assert look("dhcp-retries", {"disturbed": 0, **second}, **first) == []
    assert look("stage-times", late, clock=REAL, **again) != []


def test_times_in_different_modes_are_not_compared(look: Look) -> None:
    assert look("stage-times", {"request_s": 30.0, "clock": REAL}) == []
    assert look("start-time", {"first_packet_s": 200.0, "clock": REAL}) == []


def test_the_way_to_the_disk_is_a_stage(look: Look) -> None:
    (found,) = look("stage-times", {"disk_s": 40.0}, tftp=(), nbp_s=None, disk_s=10.0)
    assert found.subject == "from the DHCP answer to the boot from disk"
    (after_file,) = look("stage-times", {"disk_s": 40.0}, nbp_s=None, disk_s=10.0)
    assert after_file.subject == "from the first file request to the boot from disk"


def test_much_later_first_packets_are_told(look: Look) -> None:
    (found,) = look("start-time", {"first_packet_s": 120.0})
    assert (found.severity, found.rule) == (Severity.REGRESSION, "start-time")
    assert "from power-on to the first packet it takes 120.0 s, it was 70.0 s" in found.sentence


def test_instructions_and_load_make_first_packets_a_little_later(look: Look) -> None:
    assert look("start-time", {"first_packet_s": 113.6}, first_packet_s=98.9) == []
    assert look("start-time", {"first_packet_s": 8.0}, first_packet_s=3.5, clock=REAL) == []


@pytest.mark.parametrize(
    ("lengths", "sentence"),
    [
        ((64 * KIB, 256 * KIB), "the ROM BAR has 262,144 bytes, it had 65,536 bytes: live migration"),
        ((256 * KIB, 128 * KIB), "the ROM BAR has 131,072 bytes, it had 262,144 bytes: live migration"),
        ((64 * KIB, 0), "has 0 bytes, it had 65,536 bytes: the guest finds no ROM to boot from"),
    ],
)
def test_another_bucket_of_the_rom_bar_is_a_regression(look: Look, lengths: tuple[int, int], sentence: str) -> None:
    (found,) = look("rom-bar", {"bar_length": lengths[1]}, bar_length=lengths[0])
    assert found.severity is Severity.REGRESSION
    assert sentence in found.sentence


def test_another_length_in_the_same_bucket_is_no_difference(look: Look) -> None:
    assert look("rom-bar", {"file_length": 200 * KIB}) == []
    assert look("rom-length", {"file_length": 200 * KIB}) == []
    assert look("rom-length", {"file_length": 64 * KIB, "bar_length": 64 * KIB}) == []


@pytest.mark.parametrize(("file_length", "tight"), [(240 * KIB, False), (240 * KIB + 512, True)])
def test_a_rom_nearly_fills_its_bar_above_fifteen_sixteenths(look: Look, file_length: int, tight: bool) -> None:
    assert bool(look("rom-length", {"file_length": file_length})) is tight


def test_a_rom_that_nearly_fills_its_bar_is_an_info(look: Look) -> None:
    (found,) = look("rom-length", {"file_length": 256 * KIB})
    assert found.severity is Severity.INFO
    assert "is 262,144 bytes long, it was 163,840 bytes: it nearly fills its BAR" in found.sentence
    (back,) = look("rom-length", {"file_length": 160 * KIB}, file_length=256 * KIB)
    assert back.sentence.endswith("it no longer nearly fills its BAR")


def test_another_version_is_an_info_and_another_product_a_change(look: Look) -> None:
    (version,) = look("banner", {"version": "1.21.1+git20250501"})
    assert version.severity is Severity.INFO
    assert version.sentence == "the firmware calls itself iPXE 1.21.1+git20250501, it was iPXE 1.0.0+"
    assert look("banner", {}, product="gPXE", version="0.9.9") == []
    (product,) = look("banner", {"product": "iPXE"}, product="gPXE")
    assert product.severity is Severity.CHANGE
    assert "calls itself iPXE 1.0.0+, it was gPXE 1.0.0+: whatever looks for the name" in product.sentence


def test_a_banner_and_features_that_are_gone_are_changes(look: Look) -> None:
    (banner,) = look("banner", {"console": ">>Start PXE over IPv4.\n"})
    assert banner.severity is Severity.CHANGE
    assert "does not show its banner, it was iPXE 1.0.0+: no full network boot firmware" in banner.sentence
    (features,) = look("feature-line", {"console": ">>Start PXE over IPv4.\n"})
    assert features.severity is Severity.CHANGE
    assert "the feature line is gone; it was DNS HTTP iSCSI" in features.sentence


def test_features_that_came_and_went(look: Look) -> None:
    found = look("features", {"features": "DNS HTTP HTTPS TFTP PXE bzImage Menu"})
    assert [(entry.severity, entry.sentence) for entry in found] == [
        (
            Severity.CHANGE,
            "the feature iSCSI is gone: guests that boot this way no longer can; the baseline has "
            "DNS HTTP iSCSI TFTP PXE bzImage Menu",
        ),
        (Severity.IMPROVEMENT, "the feature HTTPS is new"),
    ]


def test_gpxe_and_ipxe_call_one_feature_by_two_names(look: Look) -> None:
    assert look("features", {"features": "HTTP MBOOT"}, features="HTTP Multiboot") == []


def test_features_in_another_order_or_written_twice_are_the_same(look: Look) -> None:
    assert look("features", {"features": "HTTP DNS  TFTP iSCSI bzImage PXE Menu Menu"}) == []


def test_a_prompt_that_is_gone_is_a_change(look: Look) -> None:
    (found,) = look("prompts", {"prompt": ""})
    assert found.severity is Severity.CHANGE
    assert 'the prompt "Press Ctrl-B for the iPXE command line" is gone' in found.sentence
    (new,) = look("prompts", {"prompt": "Press Ctrl-B for the iPXE command line"}, prompt="")
    assert (new.severity, new.baseline) == (Severity.INFO, None)
    assert look("prompts", {"prompt": "", "passed": False}) == []


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_prompts_are_not_compared_where_a_firmware_shows_no_banner(look: Look, side: str) -> None:
    silent = {"product": "other", "prompt": ""}
    spoken = {"product": "iPXE", "prompt": "Press Ctrl-B for the iPXE command line"}
    first, second = (silent, spoken) if side == "baseline" else (spoken, silent)
    assert look("prompts", second, **first) == []


def test_a_prompt_with_another_name_is_one_change(look: Look) -> None:
    (found,) = look("prompts", {"prompt": "Press Ctrl-B for the gPXE command line"})
    assert 'command line" now says "Press Ctrl-B for the gPXE command line"' in found.sentence
