"""What people see: the text is held against files, so that every change of it is read by somebody.

`BOOTRIG_WRITE_GOLDEN=1 pytest tests/report` writes the files anew.
"""

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console

from bootrig.compare import (
    CellState,
    Confirmation,
    Difference,
    Failures,
    Outcomes,
    Policy,
    Severity,
    Verdict,
    Waiver,
    compare_traces,
)
from bootrig.compare.failures import judge_failures
from bootrig.compare.waivers import FieldPatterns
from bootrig.report.json import encode_outcomes
from bootrig.report.sentences import capitalise
from bootrig.report.terminal.matrix import Symbol, draw_matrix, draw_short_matrix, natural_order
from bootrig.report.terminal.outcomes import print_outcomes
from bootrig.report.terminal.verdict import MARKS, headline, print_verdict
from bootrig.trace.names import CellKey
from firmware.lint import finding as lint
from tests.compare.factory import NICS, REAL, Boot, difference, trace
from tests.compare.loop import compare_again
from tests.report.sample import baseline_traces, candidate_traces, default_verdict, make_outcomes, verdict

GOLDEN = Path(__file__).with_name("golden")
RUN = Path("runs/2011-04-18")


def printed(draw: Callable[[Console], None], width: int = 100) -> str:
    """Return what `draw` prints, without colour and trailing spaces."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False)
    draw(console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("BOOTRIG_WRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_a_verdict_with_something_of_everything() -> None:
    text = printed(lambda console: print_verdict(verdict(), console, RUN))
    assert_golden("verdict.txt", text)


def test_an_identical_verdict() -> None:
    same = compare_traces(baseline_traces(), baseline_traces())
    assert_golden("identical.txt", printed(lambda console: print_verdict(same, console, RUN)))


def test_outcomes_of_a_run() -> None:
    traces = [*candidate_traces(), trace(Boot(rom_set="ipxe-debian-13", clock=REAL))]
    assert_golden("outcomes.txt", printed(lambda console: print_outcomes(make_outcomes(traces), console, RUN)))


def test_what_failed_on_the_way_of_boots_that_passed() -> None:
    unknown = ("cpuid: command not found", "params: command not found")
    boots = [
        Boot(nic="pcnet", on_the_way=unknown),
        Boot(nic="rtl8139", on_the_way=unknown),
        Boot(on_the_way=("x",)),
        Boot(nic="vmxnet3", on_the_way=("y",), passed=False),
        Boot(nic="ne2k_pci"),
    ]
    text = printed(lambda console: print_outcomes(make_outcomes([trace(boot) for boot in boots]), console))
    assert [line for line in text.splitlines() if line.startswith(("Failed on", "  - set: pxe-tftp with"))] == [
        "  - set: pxe-tftp with vmxnet3:",
        "Failed on the way of boots that passed",
        "  - set: pxe-tftp with pcnet, rtl8139: cpuid: command not found; params: command not found",
        "  - set: pxe-tftp with e1000: x",
    ]
    assert "on the way" not in printed(lambda console: print_outcomes(make_outcomes([trace(Boot())]), console))


def test_what_a_limit_cut_of_boots() -> None:
    cut = structs.replace(trace(Boot()), truncated=("console: ends after 8388608 bytes",))
    text = printed(lambda console: print_outcomes(make_outcomes([cut, trace(Boot(nic="pcnet"))]), console))
    assert "Not recorded whole\n  - set: pxe-tftp with e1000: console: ends after 8388608 bytes\n" in text


def test_a_report_fits_into_a_hundred_columns() -> None:
    text = printed(lambda console: print_verdict(verdict(), console), width=100)
    assert max(map(len, text.splitlines()[:-1])) <= 100  # nobody breaks the answer


HEADING = "Everything that was seen"


def test_a_default_comparison_fits_above_the_heading_into_forty_lines() -> None:
    text = printed(lambda console: print_verdict(default_verdict(), console, RUN))
    above, below = text.split(HEADING)
    lines = above.splitlines()
    assert lines[0].startswith("Verdict: NOT COMPATIBLE: 5 regressions in ")
    assert [line[:13] for line in lines if line[:1].isdigit()] == ["1. Regression", "2. Regression", "3. Regression"]
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 40
    assert len(below.splitlines()) > 40


def test_what_became_of_failures_is_told_apart() -> None:
    nics = ("e1000", "pcnet", "rtl8139", "vmxnet3")
    passed, *lost = (trace(Boot(nic=nic, passed=nic == "e1000", reason=f"{nic} lost")) for nic in nics)
    failures = Failures(known=(lost[0],), confirmed=(lost[1],), unconfirmed=(), refuted=(lost[2],), wanted=())
    broken = ("", CellKey("pxe-tftp", "i82559er", "pc", "seabios"), "no space")
    wrong = ("", CellKey("mine", "i82559er", "pc", "seabios"), "the input is wrong: mine: no")
    text = printed(lambda console: print_outcomes(Outcomes((passed, *lost), failures, (broken, wrong)), console))
    assert "Known to fail (1)\n  - set: pxe-tftp with pcnet: pcnet lost\n" in text
    assert "Failed (1)\n  - set: pxe-tftp with rtl8139: rtl8139 lost\n" in text
    assert "Failed, but passed when booted again (1)\n  - set: pxe-tftp with vmxnet3: vmxnet3 lost\n" in text
    assert "The rig broke (1)\n  - pxe-tftp/i82559er/pc/seabios/host: no space\n" in text
    assert "Wrong input (1)\n  - mine/i82559er/pc/seabios/host: the input is wrong: mine: no\n" in text
    assert text.splitlines()[-1] == (
        "Outcome: 1 of 4 boots FAILED, 1 known to fail, 1 failed, but passed when booted again, 1 with a broken rig, "
        "1 with wrong input"
    )


def test_errors_that_lint_finds_in_what_was_booted_are_told() -> None:
    passed = trace(Boot())
    found = lint.Finding("bev", lint.Severity.ERROR, "no Bootstrap Entry Vector", "pxe-e1000.rom")
    outcomes = Outcomes((passed,), judge_failures([passed]), (), (("mine", found),))
    text = printed(lambda console: print_outcomes(outcomes, console))
    assert "Errors in the bytes of the ROMs (1)\n  - mine: pxe-e1000.rom: no Bootstrap Entry Vector\n" in text
    assert json.loads(encode_outcomes(outcomes))["lint"][0]["finding"]["rule"] == "bev"


def test_without_traces_nothing_was_compared() -> None:
    text = printed(lambda console: print_verdict(compare_traces([], []), console))
    assert text.splitlines()[-1] == (
        "Verdict: NOTHING PROVEN: no cell has a boot of both sides; 0 of 0 cells passed on both sides"
    )
    assert printed(lambda console: print_outcomes(make_outcomes([]), console)) == "Nothing was booted\n"


def plain(*differences: Difference, **changes: object) -> Verdict:
    same = compare_traces([trace(Boot())], [trace(Boot())])
    return replace(same, differences=tuple(differences), **changes)  # type: ignore[arg-type]


PASSED = "1 of 1 cell passed on both sides"
REGRESSION = Severity.REGRESSION


def neither() -> Verdict:
    return compare_traces([trace(Boot(passed=False))], [trace(Boot(passed=False))])


def with_more_cells() -> Verdict:
    boots = [trace(Boot()), trace(Boot(nic="pcnet", passed=False)), trace(Boot(nic="rtl8139", passed=False))]
    broken = {CellKey("grub", "e1000", "pc", "seabios"): "no space"}
    return compare_traces(boots, [*boots[:2], trace(Boot(scenario="grub", nic="pcnet"))], broken=broken)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (plain(), f"Verdict: COMPATIBLE: no rule found anything; {PASSED}"),
        (plain(difference()), f"Verdict: COMPATIBLE WITH CHANGES: no regression, 1 change; {PASSED}"),
        (
            plain(difference(severity=Severity.REGRESSION)),
            f"Verdict: NOT COMPATIBLE: 1 regression in 1 cell; {PASSED}",
        ),
        (
            plain(difference(rule="coverage", key=None, subject="pcnet", severity=Severity.REGRESSION)),
            f"Verdict: NOT COMPATIBLE: 1 regression; {PASSED}",
        ),
        (
            plain(difference(severity=Severity.REGRESSION, waiver="known"), difference(severity=Severity.IMPROVEMENT)),
            f"Verdict: COMPATIBLE: no regression, 1 improvement; {PASSED}",
        ),
        (plain(difference(severity=Severity.INFO)), f"Verdict: COMPATIBLE: no regression; {PASSED}"),
        (
            neither(),
            "Verdict: NOTHING PROVEN: no cell passed on both sides; 0 of 1 cell passed on both sides, 1 on neither",
        ),
        (
            with_more_cells(),
            "Verdict: COMPATIBLE: no regression; "
            "1 of 5 cells passed on both sides, 1 on neither, 2 have one side only, 1 with a broken rig",
        ),
    ],
)
def test_the_last_line_is_the_answer(answer: Verdict, line: str) -> None:
    assert headline(answer)[0] == line
    assert printed(lambda console: print_verdict(answer, console, RUN)).splitlines()[-1] == line


def test_what_real_time_has_not_seen_says_so() -> None:
    pending = plain(difference(severity=Severity.REGRESSION, confirmation=Confirmation.PENDING))
    text = printed(lambda console: print_verdict(pending, console))
    assert "1. Regression that is not confirmed: scenario pxe-tftp; NIC e1000 [dhcp-user-class, not confirmed]" in text
    assert text.startswith("Verdict: COMPATIBLE WITH CHANGES: no confirmed regression, 1 unconfirmed regression; ")
    lost = compare_traces([trace(Boot())], [trace(Boot(passed=False))])
    assert "  pxe-tftp          u\nu regressed, which is not confirmed\n" in printed(
        lambda console: print_verdict(lost, console)
    )


def test_what_real_time_refuted_and_notes_are_told() -> None:
    answer = plain(refuted=(difference(),), notes=("the waiver of x matched no difference: remove it",))
    text = printed(lambda console: print_verdict(answer, console))
    assert "Told below: 1 refuted difference.\n" in text
    assert "Refuted: not seen at another clock, so it does not count\n  - The user class is" in text
    assert "Note: the waiver of x matched no difference: remove it." in text


def test_what_the_rig_added_is_told() -> None:
    text = printed(lambda console: print_verdict(plain(added=("tap", "icount shift 7")), console))
    assert "Added by the rig to what the files say\n  - tap, icount shift 7\n" in text
    assert "Added by the rig" not in printed(lambda console: print_verdict(plain(), console))


def test_brackets_of_names_are_not_taken_for_markup() -> None:
    text = printed(lambda console: print_verdict(plain(difference(waiver="[red]sic[/red]")), console))
    assert "waived: [red]sic[/red]" in text


def test_states_are_told_apart_without_colour() -> None:
    marks = [mark for mark, _ in MARKS.values()]
    assert all(mark.isascii() for mark in marks)
    assert len(set(marks)) == len(marks) - 1  # whatever seldom matters looks like a cell without differences
    assert MARKS[CellState.SAME] == MARKS[CellState.NOTED]


def test_variants_are_in_the_order_of_their_sizes() -> None:
    names = ["s[100k]", "s[2k]", "s[512]", "a10", "a9"]
    assert sorted(names, key=natural_order) == ["a9", "a10", "s[512]", "s[2k]", "s[100k]"]


def symbols_of(*names: str, mark: str = ".") -> dict[CellKey, Symbol]:
    return {CellKey(*name.split("/")): Symbol(mark, "", "m") for name in names}


def drawn(symbols: dict[CellKey, Symbol], width: int = 100, order: str | None = None) -> list[str]:
    lines = draw_matrix(symbols, width) if order is None else draw_short_matrix(symbols, order, width)
    return [line.plain for line in lines]


def test_a_matrix_has_a_block_for_each_machine_platform_firmware_and_emulator() -> None:
    symbols = symbols_of("b/e1000/pc/seabios/host", "a/pcnet/pc/seabios/host", "c/pcnet/q35/ovmf/qemu-11")
    assert drawn(symbols) == [
        "pc with seabios               e1000   pcnet",
        "  a                                     .",
        "  b                             .",
        "q35 with ovmf on qemu-11: c             .",
    ]


def test_a_matrix_that_is_too_wide_has_letters_and_a_key() -> None:
    symbols = symbols_of("a/e1000/pc/seabios/host", "a/virtio-net-pci/pc/seabios/host")
    assert drawn(symbols, 36) == ["pc with seabios e1000 virtio-net-pci", "  a               .         ."]
    assert drawn(symbols, 35) == ["pc with seabios a b", "  a             . .", "a = e1000  b = virtio-net-pci"]


def test_in_a_short_matrix_equal_rows_and_equal_places_are_one_and_the_worst_is_first() -> None:
    many = [f"scenario-{number}/e1000/pc/seabios/host" for number in range(9)]
    efi = [f"efi/e1000/{machine}/ovmf/host" for machine in ("q35", "q35-virt")]
    symbols = symbols_of(*many, *efi) | symbols_of("z/e1000/pc/seabios/host", "y/e1000/pc/seabios/host", mark="!")
    assert drawn(symbols, order="!.") == [
        "pc with seabios                e1000",
        "  y, z                           !",
        "  9 other scenarios              .",
        "q35, q35-virt with ovmf: efi     .",
    ]
    assert drawn(symbols_of(*many), order="!.")[1] == "  all 9 scenarios     ."


def test_cells_are_coloured_by_outcome() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard", no_color=False)
    print_verdict(with_more_cells(), console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[32m.\x1b[0m" in text
    assert "\x1b[35mx\x1b[0m" in text
    assert "\x1b[34m<\x1b[0m" in text
    assert "\x1b[1;35m?\x1b[0m" in text


def test_a_cell_whose_end_is_waived_does_not_look_like_one_that_passed() -> None:
    waiver = Waiver("outcome", "known", FieldPatterns("outcome"))
    sides = [trace(Boot(clock=REAL))], [trace(Boot(clock=REAL, passed=False))]
    text = printed(lambda console: print_verdict(compare_traces(*sides, Policy(waivers=(waiver,))), console))
    assert "  pxe-tftp          o\no ended differently, which does not count\n" in text


def test_facts_about_whole_roms_are_told_once_and_not_in_cells() -> None:
    first = [trace(Boot(nic=nic)) for nic in NICS]
    second = [trace(Boot(nic=nic, features="DNS HTTP TFTP PXE VLAN", bar_length=1 << 19)) for nic in NICS]
    above = printed(lambda console: print_verdict(compare_again(first, second), console)).split(HEADING)[0]
    assert "\n1. Regression: scenario pxe-tftp; all 8 NICs [rom-bar, confirmed: e1000 in real time]\n" in above
    features = " ".join(above.split("Of whole ROMs, in every scenario\n")[1].split("  pxe-tftp")[0].split())
    assert features.startswith(
        "All 8 NICs: the feature iSCSI is gone; the feature bzImage is gone; the feature Menu is"
    )
    assert "! regressed" not in above
    assert "\n. passed with both\n" in above


def test_a_fact_that_is_the_worst_is_told_as_a_cause() -> None:
    verdict = compare_traces([trace(Boot())], [trace(Boot(features="DNS HTTP TFTP PXE bzImage Menu"))])
    text = printed(lambda console: print_verdict(verdict, console))
    assert "\n1. Change: scenario pxe-tftp; NIC e1000 [features]\n" in text


def test_a_cause_that_cells_tell_in_other_words_says_how_many() -> None:
    first = [trace(Boot(nic=nic, clock=REAL)) for nic in NICS]
    lost = {"passed": False, "milestone": "dhcp-ack", "clock": REAL}
    second = [trace(Boot(nic=nic, reason="b" if nic == "pcnet" else "a", **lost)) for nic in NICS]  # type: ignore[arg-type]
    text = printed(lambda console: print_verdict(compare_traces(first, second), console))
    words = " ".join(text.split())
    sentence = "the boot passed with the baseline, with the candidate it failed after dhcp-ack"
    assert f" 7 of 8 NICs, the others in other words: {sentence}: a pc with" in words
    assert f"- {capitalise(sentence)}: b scenario pxe-tftp; NIC pcnet [" in words


def test_what_works_with_neither_says_why() -> None:
    boots = [trace(Boot(nic=nic, passed=False, milestone="", reason="no link")) for nic in NICS[:2]]
    other = [trace(Boot(nic=NICS[2], passed=False, milestone="", reason=reason)) for reason in ("old", "new")]
    text = printed(lambda console: print_verdict(compare_traces([*boots, other[0]], [*boots, other[1]]), console))
    assert "Works with neither (3 cells)\n  - With both: no link\n" in text
    assert "  - With the baseline: old; with the candidate: new\n" in text


def test_changes_beyond_the_worst_three_are_counted_by_topic() -> None:
    entries = [difference(rule=rule) for rule in ("dhcp-user-class", "tftp-mode", "tftp-options", "http-version")]
    text = printed(lambda console: print_verdict(plain(*entries, difference(rule="tftp-blocks")), console))
    assert "Told below: 2 more changes (http 1, tftp 1).\n" in text


def test_a_regression_by_policy_says_so() -> None:
    entry = replace(difference(severity=REGRESSION), policy="the policy relies on user-class")
    text = printed(lambda console: print_verdict(plain(entry), console))
    assert "[dhcp-user-class, the policy relies on user-class]" in text
