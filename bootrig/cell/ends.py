"""When a boot can come no further, though no deadline has passed.

It ends by a last word on the console, by a prompt at which nobody types, by a question that is asked in vain, or by a
guest that has powered itself off, resets again and again, or crashed. What only may go on (a firmware that tries its
next device, a menu that waits) does not end it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bootrig.emulator.guest.guest import Guest
from bootrig.emulator.guest.processor import Processor, read_processor
from bootrig.network.errors import CaptureError
from bootrig.scenario.scenario import Scenario
from bootrig.trace.events import Event
from bootrig.trace.reading.vain_questions import find_vain_question


@dataclass(frozen=True, slots=True)
class LastWord:
    """A text after which nothing more comes.

    Attributes:
        text: the text; of a prompt, the whole last line.
        source: which program writes it, and where.
    """

    text: str
    source: str


LAST_WORDS = (
    LastWord("No bootable device.", "SeaBIOS, src/boot.c, boot_fail; also where it retries after a time"),
    LastWord("No bootable option or device was found.", "EDK II, MdeModulePkg/Universal/BdsDxe/BdsEntry.c"),
    LastWord("!!!! Find image based on IP(", "EDK II, UefiCpuPkg, CpuExceptionCommon.c, behind the registers"),
    LastWord("!!!! Can't find image information.", "the same, where no image is at fault"),
    LastWord("Boot failed: press a key to retry, or wait for reset", "Syslinux, core/diskstart.inc and pxelinux.asm"),
    LastWord("---[ end Kernel panic", "Linux, kernel/panic.c"),
)
# While nothing else is shown and the guest sends nothing for `PROMPT_GUEST_S`.
PROMPTS = (
    LastWord("iPXE>", "iPXE, src/hci/shell.c"),
    LastWord("gPXE>", "gPXE, src/hci/shell.c"),
    LastWord("grub>", "GRUB, grub-core/normal/main.c"),
    LastWord("grub rescue>", "GRUB, grub-core/kern/rescue_reader.c"),
    LastWord("Shell>", "EDK II, ShellPkg/Application/Shell"),
)
# PXELINUX shows its prompt in boots that go on, too, where its configuration has a TIMEOUT.
PXELINUX_PROMPT = LastWord("boot:", "Syslinux, com32/elflink/ldlinux/cli.c")
PROMPT_GUEST_S = 10.0
# A last word stands in the middle of its line, which tells more; one that is not ended after so long stays as it is.
LAST_LINE_GUEST_S = 1.0
# Firmware resets once or twice on its way: OVMF after changes of its variables.
RESET_LIMIT = 3
# A question is asked in vain when it was asked so many times in a row, over so many guest seconds, and not answered.
# Known ROMs give up before; a switch that blocks its port does so for 30 s.
VAIN_COUNT, VAIN_GUEST_S = 6, 45.0
READ_PERIOD_S, READ_FRAMES = 1.0, 500
# How many looks in a row have to show that the guest has ended, whose last words may be on their way to us, or that its
# processor is dead; that one is looked at where nothing has happened for so long.
LOOKS, STILL_GUEST_S = 3, 3.0


class LastWords:
    """Says that the console shows a last word: a known one, or one of a scenario's own `ends`.

    Attributes:
        said: why nothing more comes, empty where it may.
    """

    def __init__(self, ends: Sequence[str] = ()) -> None:
        self.said = ""
        self._ends = (*ends, *(word.text for word in LAST_WORDS))

    def look(self, fresh: str) -> bool:
        """Look at the end of the console's plain text; returns whether a last word was said, and its line has ended."""
        for end in self._ends:
            _, found, behind = fresh.partition(end)
            if found:
                self.said = self.said or f"the console says {end.strip()!r}"
                return "\n" in end or "\n" in behind
        return False


def find_prompts(scenario: Scenario) -> frozenset[str]:
    """Return the prompts at which a boot of this scenario ends: none where somebody is at its console."""
    if scenario.expectation.steps:
        return frozenset()
    menus = [served for served in scenario.iter_files() if "pxelinux.cfg/" in served.name]
    waits = any(served.kind != "text" or "timeout" in str(served.content).lower() for served in menus)
    prompts = PROMPTS if waits else (*PROMPTS, PXELINUX_PROMPT)
    return frozenset(prompt.text for prompt in prompts)


@dataclass(frozen=True, slots=True)
class Cable:
    """What is known of a guest's packets while it runs: how many it has sent, and all of them, decoded.

    `read_wire` raises a CaptureError where it comes in the middle of a packet.
    """

    count_sent: Callable[[], int]
    read_wire: Callable[[], tuple[Event, ...]]


class VainQuestions:
    """Says that a guest asks the same for ever; not where it boots its disk after that, as the scenario wants."""

    def __init__(self, scenario: Scenario, cable: Cable) -> None:
        self._is_watched = scenario.expectation.report != "disk"
        self._read_wire = cable.read_wire
        self._read_s = time.monotonic()
        self._sent = 0

    def find(self, sent: int) -> str:
        """Return what the guest asks in vain, empty for nothing; `sent` is how many frames it has sent.

        The packets are decoded where there are new ones, every `READ_PERIOD_S`, and as long as they are few.
        """
        is_due = time.monotonic() - self._read_s >= READ_PERIOD_S and self._sent < sent <= READ_FRAMES
        if not self._is_watched or not is_due:
            return ""
        self._read_s, self._sent = time.monotonic(), sent
        try:
            question = find_vain_question(self._read_wire())
        except CaptureError:
            return ""  # it is being written just now
        if question is None or question.count < VAIN_COUNT or question.guest_s < VAIN_GUEST_S:
            return ""
        return f"the guest asked {question.count} times for {question.what}, in vain"


class Stillness:
    """Says by the guest's state that it can come no further; looked at every time when its clock is asked for.

    Args:
        guest: the guest.
        prompts: lines that are an end where they stay the last one.
        last_words: an end where nothing follows, though their line has not ended.
    """

    def __init__(self, guest: Guest, prompts: frozenset[str], last_words: LastWords) -> None:
        self._guest = guest
        self._prompts = prompts
        self._last_words = last_words
        self._life: tuple[int, int] = (0, 0)
        self._since_guest_s = 0.0
        self._dead = ("", 0)  # what was said of the guest at the last look, and at how many in a row

    async def look(self, guest_s: float, printed: int, sent: int, last_line: str) -> str:
        """Return why the guest can come no further, empty where it may.

        Args:
            guest_s: the guest's clock.
            printed: how many characters the guest has printed.
            sent: how many frames it has sent.
            last_line: what its console shows last.

        Raises:
            EmulatorError: QEMU does not answer.
        """
        if self._guest.resets > RESET_LIMIT:
            return f"the guest reset itself {self._guest.resets} times"
        if (printed, sent) != self._life:
            self._life, self._since_guest_s = (printed, sent), guest_s
            self._dead = ("", 0)
            return ""
        still_guest_s, line = guest_s - self._since_guest_s, last_line.strip()
        if line in self._prompts and still_guest_s >= PROMPT_GUEST_S:
            return f"the console shows {line!r}, and nobody types"
        if self._last_words.said and still_guest_s >= LAST_LINE_GUEST_S:
            return self._last_words.said
        told = self._guest.own_end
        if not told and still_guest_s >= STILL_GUEST_S:
            told = _describe_death(await read_processor(self._guest.session))
        self._dead = (told, self._dead[1] + 1 if told == self._dead[0] else 1)
        return told if self._dead[1] >= LOOKS else ""


def _describe_death(processor: Processor | None) -> str:
    return "" if processor is None else processor.describe_death()
