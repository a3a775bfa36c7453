"""Boots that can come no further, and those that only seem to."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from bootrig.cell import ends
from bootrig.cell.ends import (
    LAST_WORDS,
    LOOKS,
    PROMPTS,
    RESET_LIMIT,
    Cable,
    LastWords,
    Stillness,
    VainQuestions,
    find_prompts,
)
from bootrig.emulator.guest.guest import Guest
from bootrig.network.errors import CaptureError
from bootrig.trace.events import Event, TftpRequest
from tests.cell.scripted_guest import VIRTUAL, make_scenario, watch

BUSY = "EIP=00007c02 EFL=00000202 [-------] CPL=0 HLT=0\nCS =0000 00000000 0000ffff\nCR0=00000010"
DEAD = BUSY.replace("EFL=00000202", "EFL=00000002").replace("HLT=0", "HLT=1")
PXELINUX = '[tftp."pxelinux.cfg/default"]\ncontent = "text"\ntext = "DEFAULT x\\n{}"\n'


@dataclass
class StillGuest:
    """A guest that does nothing; `told` counts the questions for its registers."""

    registers: str = BUSY
    resets: int = 0
    own_end: str = ""
    told: list[Any] = field(default_factory=list)

    @property
    def session(self) -> "StillGuest":
        return self

    async def execute(self, command: str, arguments: Any) -> str:
        self.told.append((command, arguments))
        return self.registers


def look(guest: StillGuest, *looks: tuple[float, int, int, str], last_words: LastWords | None = None) -> list[str]:
    """Return what is said at each look: the guest's clock, what it has printed and sent, its last line."""

    async def run() -> list[str]:
        prompts = frozenset(prompt.text for prompt in PROMPTS)
        stillness = Stillness(cast(Guest, guest), prompts, last_words or LastWords())
        return [await stillness.look(*one) for one in looks]

    return asyncio.run(run())


@pytest.mark.parametrize("word", [word.text for word in LAST_WORDS])
def test_each_last_word_ends_a_boot_also_in_pieces(word: str, tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path)
    half = len(word) // 2
    for prints in (("SeaBIOS\r\n", f"{word}\r\n"), ("SeaBIOS\r\n", word[:half], word[half:], "\r\n")):
        assert watch(scenario, *prints, firmware="any").observation.ended_by == f"the console says {word!r}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No bootable device.  Retrying in 60 seconds.\n", "the console says 'No bootable device.'"),
        ("x\ngiving up (0x3)\nmore", "the console says 'giving up'"),
        ("the end\n", "the console says 'the end'"),
        ("No more network devices\nBooting from Hard Disk...\nBoot failed: not a bootable disk\n", ""),
    ],
)
def test_which_words_are_the_last_ones(text: str, said: str) -> None:
    """A firmware that tries its next device goes on; one that retries after a time does not."""
    last_words = LastWords(("giving up", "the end\n"))
    assert last_words.look(text) is bool(said)
    assert last_words.said == said


def test_a_last_word_is_read_to_the_end_of_its_line(tmp_path: Path) -> None:
    """The same failure has the same words in every boot, wherever a read has cut it."""
    scenario = make_scenario(tmp_path, head='report = "nbp"\nends = ["failed to load"]\n')
    seen = watch(scenario, "BdsDxe: failed to lo", "ad Boot0001", ' "UEFI PXEv4', '": Not Found', "\r\n", "after")
    assert seen.observation.ended_by == "the console says 'failed to load'"
    assert [line.text for line in seen.stage.console.lines] == [
        'BdsDxe: failed to load Boot0001 "UEFI PXEv4": Not Found'
    ]


def test_a_last_word_whose_line_is_not_ended_stands_where_nothing_follows(tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path, head='report = "nbp"\nends = ["giving up"]\n')
    seen = watch(scenario, "giving up", " (0x3)", firmware="any", clock=VIRTUAL, step_s=0.5)
    assert seen.observation.ended_by == "the console says 'giving up'"
    last_words = LastWords(("giving up",))
    assert not last_words.look("giving up")
    looks = [
        (1.0, 9, 1, "giving up"),
        (1.9, 9, 1, "giving up"),
        (2.5, 10, 1, "giving up ("),
        (3.5, 10, 1, "giving up ("),
    ]
    assert look(StillGuest(), *looks, last_words=last_words) == ["", "", "", "the console says 'giving up'"]


@pytest.mark.parametrize("prompt", [prompt.text for prompt in PROMPTS])
def test_a_prompt_at_which_nobody_types(prompt: str) -> None:
    told = look(StillGuest(), (20, 9, 2, f"{prompt} "), (29, 9, 2, f"{prompt} "), (30, 9, 2, f"{prompt} "))
    assert told == ["", "", f"the console shows {prompt!r}, and nobody types"]


def test_a_prompt_that_is_followed_by_something_is_not_an_end() -> None:
    told = look(
        StillGuest(),
        (20, 9, 2, "grub> "),
        (29, 9, 3, "grub> "),  # a frame was sent
        (38, 12, 3, "grub> ls"),  # something was printed
        (60, 12, 3, "grub> ls"),  # and is what the console shows last
    )
    assert told == ["", "", "", ""]


def test_pxelinux_waits_where_its_configuration_says_so(tmp_path: Path) -> None:
    assert "boot:" in find_prompts(make_scenario(tmp_path))
    assert "boot:" in find_prompts(make_scenario(tmp_path, PXELINUX.format("PROMPT 1")))
    assert "boot:" not in find_prompts(make_scenario(tmp_path, PXELINUX.format("Timeout 300")))
    assert "iPXE>" in find_prompts(make_scenario(tmp_path, PXELINUX.format("Timeout 300")))


def test_nothing_is_an_end_where_somebody_types(tmp_path: Path) -> None:
    steps = '[[step]]\nexpect = "PXE> "\nsend = "go"\n'
    assert find_prompts(make_scenario(tmp_path, steps, head='kind = "console"\n')) == frozenset()


def test_a_guest_that_resets_itself_again_and_again() -> None:
    assert look(StillGuest(resets=RESET_LIMIT), (1, 1, 0, "")) == [""]
    assert look(StillGuest(resets=RESET_LIMIT + 1), (1, 1, 0, "")) == ["the guest reset itself 4 times"]


def test_a_guest_that_has_ended_may_have_printed_something_before() -> None:
    guest = StillGuest(own_end="the guest powered itself off")
    told = look(guest, *[(5, 1, 0, "")] * 3, *[(5, 2, 0, "")] * (LOOKS + 1))
    assert told == ["", "", "", "", "", "", "the guest powered itself off"]
    assert guest.told == []


def test_a_dead_processor_is_an_end_once_nothing_happens() -> None:
    guest = StillGuest(registers=DEAD)
    told = look(guest, *[(second, 1, 0, "") for second in range(9)])
    assert told[: LOOKS + 3] == [""] * (LOOKS + 2) + ["the processor is halted and takes no interrupts"]
    assert guest.told[0] == ("human-monitor-command", {"command-line": "info registers"})


@pytest.mark.parametrize("registers", [BUSY, BUSY.replace("HLT=0", "HLT=1"), "unknown"])
def test_a_processor_that_works_or_waits_is_not(registers: str) -> None:
    assert look(StillGuest(registers=registers), *[(second, 1, 0, "") for second in range(40)]) == [""] * 40


def ask(count: int, over_guest_s: float) -> tuple[Event, ...]:
    """Return a wire in which a guest asks for a file so often, over so many seconds."""
    moments = (over_guest_s * number / (count - 1) for number in range(count))
    return tuple(
        TftpRequest(guest_s=moment, from_guest=True, operation="read", file="nbp.0", mode="octet") for moment in moments
    )


def find_vain(directory: Path, *wires: tuple[Event, ...] | None, report: str = "nbp") -> list[str]:
    """Return what is said of captures one after another; None is one that cannot be read just now."""

    def read() -> tuple[Event, ...]:
        wire = next(captures)
        if wire is None:
            raise CaptureError("it ends in the middle of a packet")
        return wire

    captures = iter(wires)
    scenario = make_scenario(directory, head=f'report = "{report}"\n{"disk = true" if report == "disk" else ""}\n')
    questions = VainQuestions(scenario, Cable(lambda: 0, read))
    return [questions.find(number + 1) for number in range(len(wires))]


def test_a_question_that_is_asked_in_vain_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "READ_PERIOD_S", 0.0)
    said = find_vain(tmp_path, ask(6, 44.0), None, ask(5, 50.0), ask(6, 45.0))
    assert said == ["", "", "", "the guest asked 6 times for nbp.0 by TFTP, in vain"]
    assert find_vain(tmp_path, ask(9, 90.0), report="disk") == [""]


def test_packets_are_read_only_where_there_are_new_and_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    questions = VainQuestions(make_scenario(tmp_path), Cable(lambda: 0, lambda: counted.append(1) or ()))
    assert questions.find(3) == ""  # not due yet
    monkeypatch.setattr(ends, "READ_PERIOD_S", 0.0)
    for sent in (3, 3, 4, ends.READ_FRAMES + 1):
        assert questions.find(sent) == ""
    assert len(counted) == 2
