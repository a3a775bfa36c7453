"""Lines of the console that came, went or changed, and what failed on the way."""

from typing import Any

import pytest
from msgspec import structs

from bootrig.compare import Severity
from bootrig.compare.finding import Finding
from bootrig.compare.pairing import pair_traces
from bootrig.compare.rules import RULES
from bootrig.compare.rules.console_lines import TOLD_LIMIT
from bootrig.trace.trace import Evidence, Expectation, Milestone
from tests.compare.conftest import Find, Look
from tests.compare.factory import Boot, trace

OPEN = "net0: <mac> using 82540em on <domain>:<pci> (open)"
ALIKE = "DHCP (net0 52:54:00:12:34:56).... ok", "Configuring (net0 52:54:00:12:34:56)...... ok"


MISS = "scripts that wait for the words miss them"


def gone(line: str, after: str, severity: Severity = Severity.INFO) -> Finding:
    why = f'with the baseline it comes after "{after}"'
    return Finding(severity, f'line "{line}"', line, None, 'the console no longer says "{baseline}"', why)


def new(line: str) -> Finding:
    return Finding(Severity.INFO, f'line "{line}"', None, line, 'the console newly says "{candidate}"')


def changed(old: str, second: str, severity: Severity = Severity.INFO, why: str = "") -> Finding:
    statement = 'where the console said "{baseline}" it says "{candidate}"'
    return Finding(severity, f'line "{old}"', old, second, statement, why)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("", "", []),
        ("No more network devices", "", [gone("No more network devices", OPEN)]),
        ("one\nanother", "one", [gone("another", "one")]),
        ("", "Next server: 10.0.2.1", [new("Next server: <address>")]),
        ("Next server: 10.0.2.1", "Next server: 10.0.2.9", []),
        ("one\ntwo", "two\none", []),
        (*ALIKE, [changed("DHCP (net0 <mac>)... ok", "Configuring (net0 <mac>)... ok")]),
        ("abcdefgh\nstays", "12345678\nstays", [gone("abcdefgh", OPEN), new("12345678")]),
        # the nearest of two
        (
            "one two three",
            "one two four\none two three!",
            [changed("one two three", "one two three!"), new("one two four")],
        ),
        ("gPXE> ifstat", "iPXE> ifstat", [changed("gPXE> ifstat", "iPXE> ifstat", Severity.CHANGE, MISS)]),
        ("iPXE>", "", [gone("iPXE>", OPEN, Severity.CHANGE)]),
        ("", "iPXE>", [new("iPXE>")]),
        # complaints, link states and prompts have rules of their own
        ("", "params: command not found\n  [Link:down, TX:0]\nPress Ctrl-B for more...", []),
    ],
)
def test_lines(find: Find, first: str, second: str, found: list[Finding]) -> None:
    assert find("console-lines", {"tail": second}, tail=first) == found


def test_the_line_of_post_is_one_of_them(find: Find) -> None:
    console = "iPXE (http://ipxe.org) 00:02.0 C000 PCI2.10 {} C000\niPXE 1.0 -- Open Source Network Boot Firmware\n"
    (found,) = find("console-lines", {"console": console.format("PnP")}, console=console.format("PnP PMM+06@10"))
    assert found.baseline == "iPXE (http://ipxe.org) <pci> <segment> PCI2.10 PnP PMM <segment>"
    assert found.candidate == "iPXE (http://ipxe.org) <pci> <segment> PCI2.10 PnP <segment>"
    moved = console.format("PnP PMM+99@20").replace("C000", "D000")
    assert find("console-lines", {"console": moved}, console=console.format("PnP PMM+06@10")) == []


def test_a_line_that_was_the_first(find: Find) -> None:
    banner = "iPXE 1.0 -- Open Source Network Boot Firmware"
    (found,) = find("console-lines", {"console": banner}, console=f"iPXE (PCI 00:02.0) starting\n{banner}")
    assert found.why == "with the baseline it is the first"


@pytest.mark.parametrize("number", [TOLD_LIMIT, TOLD_LIMIT + 1, TOLD_LIMIT + 30])
def test_many_lines_are_counted(find: Find, number: int) -> None:
    found = find("console-lines", {"tail": "\n".join(chr(0x100 + one) * 9 for one in range(number))}, tail="")
    assert [one.subject for one in found[:TOLD_LIMIT]] == [
        f'line "{chr(0x100 + one) * 9}"' for one in range(TOLD_LIMIT)
    ]
    statement = "{candidate} further lines of the console differ"
    rest = number - TOLD_LIMIT
    assert found[TOLD_LIMIT:] == ([Finding(Severity.INFO, "further lines", None, rest, statement)] if rest else [])


@pytest.mark.parametrize("changes", [{"disturbed": 1}, {"product": "other"}])
@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_disturbed_boots_and_those_without_a_banner_are_not_compared(
    find: Find, side: str, changes: dict[str, Any]
) -> None:
    plain = {"disturbed": 0, "product": "iPXE"}
    first, second = (changes, plain) if side == "baseline" else (plain, changes)
    assert find("console-lines", {**plain, **second, "tail": "news"}, **{**plain, **first}) == []


@pytest.mark.parametrize(
    ("evidence", "report", "guest_s", "lines"),
    [
        ("net0: 52", "", None, ("iPXE> x",)),
        ("iPXE> x\nnet0: 52", "", None, ("iPXE> x",)),
        ("not there", "", None, ("iPXE> x", "net0: 52 (closed)", "tail")),
        ("net0: 52", "nbp", None, ("iPXE> x", "net0: 52 (closed)", "tail")),
        ("net0: 52", "", 1.0, ("iPXE> x", "net0: 52 (closed)", "tail")),
    ],
)
def test_the_line_that_ends_a_boot_is_not_compared(
    evidence: str, report: str, guest_s: float | None, lines: tuple[str, ...]
) -> None:
    seen = trace(Boot(console="iPXE 1.0 -- Boot Firmware\niPXE> x\nnet0: 52 (closed)\ntail"))
    marks = (Milestone("ifstat", guest_s, None, Evidence(text=evidence)),)
    long = structs.replace(seen, milestones=marks, expected=Expectation(report=report, milestones=("ifstat",)))
    short = structs.replace(long, console=long.console[:1])
    found = RULES["console-lines"].find_differences(pair_traces([long], [short]))
    assert tuple(entry.finding.baseline for entry in found) == lines


UNKNOWN = "params: command not found"
SAN = "Boot from SAN device 0x00 failed: Input/output error (1d852039)"
NEWLY = 'on the way this newly fails: "{candidate}"'
OTHER_WAY = "the boot went on by another way, which not every script has"
NO_LONGER = 'on the way this fails no longer: "{baseline}"'
OTHERWISE = 'the failure "{baseline}" on the way is now told as "{candidate}"'
NO_FILE = "tftp://10.0.2.1/x... No such file (2d12603b)"
NOT_FOUND = "tftp://10.0.2.1/x... Not found (2d12613b)"
NO_NAME = "No filename or root path specified"
NOTHING = "Nothing to boot: No such file or directory (2d03e13b)"
EXIT = "Could not {} image: exit status 1 (00000001)"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ((), (), []),
        ((UNKNOWN,), (UNKNOWN,), []),
        ((), (UNKNOWN,), [Finding(Severity.CHANGE, "params", None, UNKNOWN, NEWLY, OTHER_WAY)]),
        ((UNKNOWN,), (), [Finding(Severity.IMPROVEMENT, "params", UNKNOWN, None, NO_LONGER)]),
        ((SAN,), (), [Finding(Severity.IMPROVEMENT, "Boot from SAN device 0x00 failed", SAN, None, NO_LONGER)]),
        ((SAN,), (SAN.replace("1d852039", "1d8a2039"),), []),
        (
            (NO_FILE,),
            (NOT_FOUND,),
            [Finding(Severity.INFO, "tftp://10.0.2.1/x", NO_FILE, NOT_FOUND, OTHERWISE)],
        ),
        (
            (EXIT.format("chain"),),
            (EXIT.format("boot"),),
            [Finding(Severity.INFO, "Could not boot image", EXIT.format("chain"), EXIT.format("boot"), OTHERWISE)],
        ),
        (
            (NO_NAME,),
            (NOTHING,),
            [Finding(Severity.INFO, "Could not boot image", NO_NAME, NOTHING, OTHERWISE)],
        ),
        (
            (EXIT.format("chain"),),
            (NOTHING,),
            [Finding(Severity.INFO, "Could not boot image", EXIT.format("chain"), NOTHING, OTHERWISE)],
        ),
        (
            (UNKNOWN,),
            (SAN,),
            [
                Finding(Severity.CHANGE, "Boot from SAN device 0x00 failed", None, SAN, NEWLY, OTHER_WAY),
                Finding(Severity.IMPROVEMENT, "params", UNKNOWN, None, NO_LONGER),
            ],
        ),
    ],
)
def test_what_fails_on_the_way(
    find: Find, first: tuple[str, ...], second: tuple[str, ...], found: list[Finding]
) -> None:
    assert find("on-the-way", {"on_the_way": second}, on_the_way=first) == found


def test_the_sentence_of_a_failure_on_the_way(look: Look) -> None:
    (found,) = look("on-the-way", {"on_the_way": (UNKNOWN,)})
    assert found.sentence == f'on the way this newly fails: "{UNKNOWN}": {OTHER_WAY}'
