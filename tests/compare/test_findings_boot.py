"""The ROM, the console, outcomes and coverage: findings as wholes, both directions."""

from typing import Any

import pytest
from msgspec import structs

from bootrig.compare import Answer, Finding, Severity, compare_traces
from bootrig.compare.pairing import pair_traces
from bootrig.compare.rules import RULES
from bootrig.trace.names import CellKey
from bootrig.trace.trace import MissingRom, Trace
from tests.compare.conftest import Find
from tests.compare.factory import KIB, REAL, Boot, trace


def bar(baseline: int, candidate: int, why: str) -> Finding:
    statement = "the ROM BAR has {candidate}, it had {baseline}"
    return Finding(Severity.REGRESSION, "ROM BAR", baseline, candidate, statement, why, "bytes")


MIGRATION = "live migration and restore between hosts with different sets fail"
NO_ROM = "the guest finds no ROM to boot from"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (1, 2, [bar(1, 2, MIGRATION)]),
        (2, 1, [bar(2, 1, MIGRATION)]),
        (64 * KIB, 0, [bar(64 * KIB, 0, NO_ROM)]),
        (0, 64 * KIB, [bar(0, 64 * KIB, MIGRATION)]),
        (0, 0, []),
        (64 * KIB, 64 * KIB, []),
    ],
)
def test_sizes_of_the_rom_bar(find: Find, first: int, second: int, found: list[Finding]) -> None:
    assert find("rom-bar", {"bar_length": second}, bar_length=first) == found


def length(baseline: int, candidate: int, why: str) -> Finding:
    statement = "the ROM's file is {candidate} long, it was {baseline}"
    return Finding(Severity.INFO, "ROM length", baseline, candidate, statement, why, "bytes")


TIGHT = "it nearly fills its BAR; a little more crosses the power of two, and then migration breaks"
ROOMY = "it no longer nearly fills its BAR"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        # more than 15 of 16 bytes are tight
        ((15, 16), (16, 16), [length(15, 16, TIGHT)]),
        ((16, 16), (15, 16), [length(16, 15, ROOMY)]),
        ((14, 16), (15, 16), []),
        ((16, 16), (17, 16), []),
        ((1, 16), (15, 16), []),
        ((240, 256), (241, 256), [length(240, 241, TIGHT)]),
        ((241, 256), (240, 256), [length(241, 240, ROOMY)]),
        ((241, 256), (256, 256), []),
        # another BAR has its own rule
        ((15, 16), (32, 32), []),
        ((32, 32), (15, 16), []),
        ((16, 16), (16, 32), []),
        ((16, 32), (16, 16), []),
        ((0, 0), (0, 0), []),
    ],
)
def test_files_that_nearly_fill_their_bar(
    find: Find, first: tuple[int, int], second: tuple[int, int], found: list[Finding]
) -> None:
    baseline, candidate = ({"file_length": file, "bar_length": bar_length} for file, bar_length in (first, second))
    assert find("rom-length", candidate, **baseline) == found


def test_a_rom_that_only_the_candidate_has_under_another_name(find: Find) -> None:
    statement = "the guest asks for {baseline}, which the candidate has as {candidate}"
    why = "bootrig embed installs it under both names; where the files are copied as they are, no guest starts"
    found = Finding(Severity.CHANGE, "ROM file", "efi.rom", "pxe.rom", statement, why)
    assert find("rom-file", {"own_name": "pxe.rom"}) == [found]
    assert find("rom-file", {}, own_name="pxe.rom") == []
    assert find("rom-file", {"own_name": "pxe.rom"}, own_name="8086100e.rom") == []


CALLED = "the firmware calls itself {candidate}, it was {baseline}"
KNOW = "whatever looks for the name on the console or in logs has to know the new one"
SILENT = "no full network boot firmware starts here any more, or it starts without a word"
UNNAMED = "the firmware does not show its banner, it was {baseline}"
NAMED = "the firmware shows a banner: {candidate}"
NO_BANNER: dict[str, Any] = {"console": "no words\n"}


def named(product: str, version: str) -> dict[str, Any]:
    return {"product": product, "version": version}


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (named("iPXE", "1"), named("iPXE", "2"), [Finding(Severity.INFO, "version", "iPXE 1", "iPXE 2", CALLED)]),
        (named("iPXE", "2"), named("iPXE", "1"), [Finding(Severity.INFO, "version", "iPXE 2", "iPXE 1", CALLED)]),
        (
            named("iPXE", "1"),
            named("gPXE", "1"),
            [Finding(Severity.CHANGE, "banner", "iPXE 1", "gPXE 1", CALLED, KNOW)],
        ),
        (
            named("gPXE", "1"),
            named("iPXE", "1"),
            [Finding(Severity.CHANGE, "banner", "gPXE 1", "iPXE 1", CALLED, KNOW)],
        ),
        (named("iPXE", "1"), NO_BANNER, []),
    ],
)
def test_banners(find: Find, first: dict[str, Any], second: dict[str, Any], found: list[Finding]) -> None:
    candidate = {"console": None, **second}
    assert find("banner", candidate, **first) == found


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (named("iPXE", "1"), NO_BANNER, [Finding(Severity.CHANGE, "banner", "iPXE 1", None, UNNAMED, SILENT)]),
        (NO_BANNER, named("iPXE", "1"), [Finding(Severity.IMPROVEMENT, "banner", None, "iPXE 1", NAMED)]),
        (NO_BANNER, {"console": "none either\n"}, []),
        (named("iPXE", "1"), named("gPXE", "2"), []),
    ],
)
def test_banners_that_are_gone_or_new(
    find: Find, first: dict[str, Any], second: dict[str, Any], found: list[Finding]
) -> None:
    candidate = {"console": None, **second}
    assert find("banner-line", candidate, **first) == found


def gone(word: str, of: str) -> Finding:
    why = f"guests that boot this way no longer can; the baseline has {of}"
    return Finding(Severity.CHANGE, f"feature {word}", word, None, "the feature {baseline} is gone", why)


def new(word: str) -> Finding:
    return Finding(Severity.IMPROVEMENT, f"feature {word}", None, word, "the feature {candidate} is new")


def console(features: str | None) -> dict[str, Any]:
    return {"console": "no words\n" if features is None else f"Features: {features}\n"}


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("A B C B", "C D E D", [gone("A", "A B C B"), gone("B", "A B C B"), new("D"), new("E")]),
        ("A B", "B A", []),
        ("A B", None, []),
        (None, "A B", []),
        ("A", "", []),
        ("", "A", []),
        ("", None, []),
        (None, "", []),
        (None, None, []),
    ],
)
def test_features(find: Find, first: str | None, second: str | None, found: list[Finding]) -> None:
    assert find("features", console(second), **console(first)) == found


NO_LINE = "the feature line is gone; it was {baseline}"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("A B", None, [Finding(Severity.CHANGE, "feature line", "A B", None, NO_LINE, SILENT)]),
        ("A", "", [Finding(Severity.CHANGE, "feature line", "A", None, NO_LINE, SILENT)]),
        (
            None,
            "A B",
            [Finding(Severity.IMPROVEMENT, "feature line", None, "A B", "there is a feature line: {candidate}")],
        ),
        ("A", "B", []),
        ("", None, []),
        (None, None, []),
    ],
)
def test_feature_lines(find: Find, first: str | None, second: str | None, found: list[Finding]) -> None:
    assert find("feature-line", console(second), **console(first)) == found


def prompts(*texts: str) -> dict[str, Any]:
    return {"tail": "\n".join(f"{text}..." for text in texts), "prompt": ""}


def prompt(severity: Severity, baseline: str | None, candidate: str | None, statement: str, why: str = "") -> Finding:
    return Finding(severity, f'prompt "{baseline or candidate}"', baseline, candidate, statement, why)


MENU, GPXE, IPXE = "Press F12 for menu", "Press Ctrl-B for gPXE", "Press Ctrl-B for iPXE"
LOST, LOST_GPXE = (
    prompt(
        Severity.CHANGE,
        text,
        None,
        'the prompt "{baseline}" is gone',
        "pressing that key, by hand or from a script, no longer has an effect; with the baseline it comes after "
        '"net0: <mac> using 82540em on <domain>:<pci> (open)"',
    )
    for text in (MENU, GPXE)
)
ADDED = prompt(Severity.INFO, None, MENU, 'there is a new prompt "{candidate}"')
RENAMED = prompt(
    Severity.CHANGE,
    GPXE,
    IPXE,
    'the prompt "{baseline}" now says "{candidate}"',
    "scripts that wait for the words miss it",
)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ((), (), []),
        ((MENU,), (), [LOST]),
        ((), (MENU,), [ADDED]),
        ((GPXE,), (IPXE,), [RENAMED]),
        ((MENU, GPXE), (IPXE,), [RENAMED, LOST]),
        ((GPXE,), (MENU, IPXE), [RENAMED, ADDED]),
        ((GPXE,), (MENU,), [LOST_GPXE, ADDED]),
        ((MENU, IPXE), (IPXE, MENU), []),
    ],
)
def test_prompts(find: Find, first: tuple[str, ...], second: tuple[str, ...], found: list[Finding]) -> None:
    assert find("prompts", prompts(*second), **prompts(*first)) == found


@pytest.mark.parametrize("passed", [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("prompts", prompts(MENU)),
        ("console-lines", {"tail": "a line"}),
        ("on-the-way", {"on_the_way": ("params: command not found",)}),
    ],
)
def test_the_console_of_failed_boots_is_not_compared(
    find: Find, rule: str, changes: dict[str, Any], passed: tuple[bool, bool]
) -> None:
    assert find(rule, {**changes, "passed": passed[1]}, passed=passed[0], prompt="") == []


def ended(passed: bool, milestone: str = "", reason: str = "") -> dict[str, Any]:
    return {"passed": passed, "milestone": milestone, "reason": reason}


HELD = "the boot {baseline} with the baseline, with the candidate it {candidate}"
NEITHER = "the boot fails with both: with the baseline it {baseline}, with the candidate it {candidate}"
PASSED, BEFORE, AFTER = "passed", "failed before any milestone", "failed after dhcp-ack"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (ended(True, "a"), ended(True, "b"), []),
        (ended(True), ended(False, "dhcp-ack", "r"), [(Severity.REGRESSION, PASSED, AFTER, HELD, "r")]),
        (ended(True), ended(False), [(Severity.REGRESSION, PASSED, BEFORE, HELD, "")]),
        (ended(False, "dhcp-ack"), ended(True), [(Severity.IMPROVEMENT, AFTER, PASSED, HELD, "")]),
        (ended(False, "", "r"), ended(True), [(Severity.IMPROVEMENT, BEFORE, PASSED, HELD, "with the baseline r")]),
        (ended(False, "", "q"), ended(False, "dhcp-ack", "r"), [(Severity.INFO, BEFORE, AFTER, NEITHER, "r")]),
        (ended(False, "dhcp-ack", "q"), ended(False, "", "r"), [(Severity.INFO, AFTER, BEFORE, NEITHER, "r")]),
        (ended(False, "dhcp-ack", "q"), ended(False, "dhcp-ack", "r"), []),
    ],
)
def test_outcomes(find: Find, first: dict[str, Any], second: dict[str, Any], found: list[tuple[Any, ...]]) -> None:
    expected = [Finding(severity, "pxe-tftp", *rest) for severity, *rest in found]
    assert find("outcome", second, **first) == expected


def covered(baseline: dict[str, bool], candidate: dict[str, bool], broken: tuple[str, ...] = ()) -> list[Finding]:
    """Return what `coverage` finds; a side is its NICs, and whether each passed."""
    first, second = (
        [
            trace(Boot(nic=nic, passed=passed, scenario=side if nic == "apart" else "pxe-tftp"))
            for nic, passed in nics.items()
        ]
        for side, nics in (("one", baseline), ("two", candidate))
    )
    pairing = pair_traces(first, second, {CellKey("grub", nic, "pc", "seabios"): "no space" for nic in broken})
    return [finding for pair, finding in RULES["coverage"].check(pairing) if pair is None]


NO_LONGER = "guests with this NIC no longer boot from the network"


def lost_nic(nic: str) -> Finding:
    statement = f"the candidate has no ROM for the NIC {nic}, the baseline boots with it"
    return Finding(Severity.REGRESSION, nic, "covered", None, statement, NO_LONGER)


def new_nic(nic: str) -> Finding:
    statement = f"the candidate boots with the NIC {nic}, for which the baseline has no ROM"
    return Finding(Severity.IMPROVEMENT, nic, None, "covered", statement)


def test_nics_with_a_rom_of_one_side_are_told_in_both_directions() -> None:
    assert covered({"a": True, "b": True}, {"b": True, "c": True}) == [lost_nic("a"), new_nic("c")]
    assert covered({"a": False}, {"c": False}) == []


def unstarted(nic: str, asked: str = "", file: str = "", **changes: Any) -> Trace:
    """Return the trace of a guest that QEMU refused to start, because the ROM of `asked` is missing."""
    missing = (MissingRom(asked or nic, file or f"efi-{asked or nic}.rom"),)
    return structs.replace(trace(Boot(nic=nic, passed=False, **changes)), missing_roms=missing, wire=(), console=())


def lost_file(nic: str, files: str = "") -> Finding:
    statement = f"the candidate lacks {files or f'efi-{nic}.rom'}, for which the NIC {nic} asks"
    why = "guests with this NIC do not start any more: QEMU refuses to start them"
    return Finding(Severity.REGRESSION, nic, "covered", None, statement, why)


def gained_file(nic: str) -> Finding:
    statement = f"the candidate has efi-{nic}.rom, without which guests with the NIC {nic} do not start"
    return Finding(Severity.IMPROVEMENT, nic, None, "covered", statement)


@pytest.mark.parametrize(
    ("baseline", "candidate", "found"),
    [
        ([trace(Boot(nic="a"))], [unstarted("a")], [lost_file("a")]),
        ([unstarted("a")], [trace(Boot(nic="a"))], [gained_file("a")]),
        ([unstarted("a")], [unstarted("a")], []),
        # however the baseline's boot went on
        ([trace(Boot(nic="a", passed=False))], [unstarted("a")], [lost_file("a")]),
        # a further NIC of a guest's file, beside a guest that starts
        (
            [trace(Boot(nic="a")), trace(Boot(nic="a", machine="two"))],
            [trace(Boot(nic="a")), unstarted("a", "b", machine="two")],
            [lost_file("b")],
        ),
        ([trace(Boot(nic="a")), trace(Boot(nic="a", clock=REAL))], [unstarted("a"), unstarted("a")], [lost_file("a")]),
        # guests that ask for different files
        (
            [trace(Boot(nic="a")), trace(Boot(nic="a", machine="old"))],
            [unstarted("a"), unstarted("a", file="pxe-a.rom", machine="old")],
            [lost_file("a", "efi-a.rom and pxe-a.rom")],
        ),
        # a cell that one side never had beside one that did not start
        ([trace(Boot(nic="a")), trace(Boot(nic="c"))], [unstarted("a")], [lost_file("a"), lost_nic("c")]),
    ],
)
def test_a_guest_that_does_not_start_lacks_the_rom_of_its_nic(
    baseline: list[Trace], candidate: list[Trace], found: list[Finding]
) -> None:
    pairing = pair_traces(baseline, candidate)
    assert [finding for _, finding in RULES["coverage"].check(pairing)] == found


def test_nothing_else_is_said_of_a_guest_that_does_not_start() -> None:
    verdict = compare_traces([trace(Boot(nic="a"))], [unstarted("a")])
    assert [entry.id for entry in verdict.differences] == ["coverage@*:a"]
    assert verdict.answer is Answer.NOT_COMPATIBLE
    (cell,) = verdict.not_compared
    assert cell.explanation == "with the candidate the guest does not start: the set lacks efi-a.rom"


def test_a_nic_with_cells_of_both_sides_is_covered_though_none_is_compared() -> None:
    assert covered({"apart": True, "b": True}, {"apart": True, "b": True}) == []


@pytest.mark.parametrize("paired", [False, True])
def test_a_nic_with_a_broken_cell_is_not_judged(paired: bool) -> None:
    both = {"d": True} if paired else {}
    assert covered({"a": True, **both}, {"c": True, **both}, broken=("a", "c", "d")) == []


def test_a_nic_that_is_paired_in_one_cell_and_has_others_on_one_side_is_covered() -> None:
    pair, more = trace(Boot()), trace(Boot(scenario="more"))
    other = trace(Boot(scenario="other"))
    for first, second in (([pair, more], [pair]), ([pair], [pair, more]), ([pair, more], [pair, other])):
        for broken in ({}, {pair.key: "no space"}):
            assert list(RULES["coverage"].check(pair_traces(first, second, broken))) == []
