"""What the ROM writes on the console, line by line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import rule
from bootrig.compare.rules.console import came_and_went
from bootrig.trace.reading.firmware_words import find_banner
from bootrig.trace.reading.rom_lines import find_rom_lines
from bootrig.trace.trace import ConsoleLine, Trace

# So many lines that differ are told one by one; the rest is counted.
TOLD_LIMIT = 12
# Lines that have so much in common are one line that says something else now.
SIMILAR = 0.6

_SHELL_PROMPT = re.compile(r"[A-Za-z]{0,40}PXE>")


@rule("console-lines", topics={"console"}, follows_from=("network-client", "banner"))
def check_console_lines(pair: CellPair) -> Iterator[Finding]:
    """Does the ROM write the same lines, from POST until it hands over?

    Info: scripts that read consoles have to know other words. Another prompt of the command line is a change, because
    scripts wait for it. Addresses, names, sizes and versions are not compared; features, prompts and complaints have
    rules of their own. Looked at where both boots passed undisturbed and both firmwares showed a banner.
    """
    if not pair.both_passed or any(trace.outcome.disturbed for trace in pair.sides):
        return
    if any(find_banner(trace.console) is None for trace in pair.sides):
        return
    first, second = (find_rom_lines(_cut_end(trace)) for trace in pair.sides)
    came, went = came_and_went(first, second)
    changed = _pair_similar(tuple(went[:TOLD_LIMIT]), tuple(came[:TOLD_LIMIT]))
    findings = [
        *(_find_change(old, new) for old, new in changed.items()),
        *(_find_loss(line, first) for line in went if line not in changed),
        *(_find_news(line) for line in came if line not in changed.values()),
    ]
    yield from findings[:TOLD_LIMIT]
    if (rest := len(findings) - TOLD_LIMIT) > 0:
        yield Finding(Severity.INFO, "further lines", None, rest, "{candidate} further lines of the console differ")


def _cut_end(trace: Trace) -> Sequence[ConsoleLine]:
    """Return the lines of a console before the one that ended the boot, where a text did and not a probe's report.

    How much of that line and of the next ones was still read depends on the host.
    """
    last = trace.milestones[-1] if trace.milestones else None
    if trace.expected.report or last is None or last.guest_s is not None:
        return trace.console
    text = last.evidence.text.rpartition("\n")[2]
    places = [place for place, line in enumerate(trace.console) if text in line.text]
    return trace.console[: places[-1]] if places else trace.console


def _find_change(old: str, new: str) -> Finding:
    why = "scripts that wait for the words miss them" if _SHELL_PROMPT.match(old) else ""
    statement = 'where the console said "{baseline}" it says "{candidate}"'
    return Finding(_weigh(old), f'line "{old}"', old, new, statement, why)


def _find_loss(line: str, lines: Sequence[str]) -> Finding:
    place = lines.index(line)
    why = f'with the baseline it comes after "{lines[place - 1]}"' if place else "with the baseline it is the first"
    return Finding(_weigh(line), f'line "{line}"', line, None, 'the console no longer says "{baseline}"', why)


def _find_news(line: str) -> Finding:
    return Finding(Severity.INFO, f'line "{line}"', None, line, 'the console newly says "{candidate}"')


def _weigh(line: str) -> Severity:
    return Severity.CHANGE if _SHELL_PROMPT.match(line) else Severity.INFO


@lru_cache(maxsize=256)  # most cells of a ROM have the same lines
def _pair_similar(went: tuple[str, ...], came: tuple[str, ...]) -> Mapping[str, str]:
    """Return which line became which: each is paired with the one that is most like it."""
    pairs: dict[str, str] = {}
    for old in went:
        free = [new for new in came if new not in pairs.values()]
        likeness = {new: SequenceMatcher(None, old, new, autojunk=False).ratio() for new in free}
        best = max(free, key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] >= SIMILAR:
            pairs[old] = best
    return pairs
