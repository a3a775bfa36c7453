"""Outcomes, times, the ROM and the console."""

import pytest

from bootrig.compare import Severity
from tests.compare.conftest import Look
from tests.compare.factory import KIB


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
    (banner,) = look("banner-line", {"console": ">>Start PXE over IPv4.\n"})
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
