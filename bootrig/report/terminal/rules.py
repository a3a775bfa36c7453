"""Rules as people read them: what each looks at, how it judges, and what has to show it again."""

import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bootrig.compare.registry import TOPICS, Needs, Rule
from firmware.lint.rule import Rule as LintRule

WIDTH = 100
CONFIRMED_BY: Mapping[Needs, str] = {
    Needs.NOTHING: "nothing, since no clock can change it",
    Needs.CLOCK: "a boot at the second clock",
    Needs.LOOK: "further boots at both clocks, which have to come back within 0.25 s",
    Needs.REPEATS: "the repeated boots themselves",
}


def render_list(rules: Iterable[Rule]) -> str:
    """Return the names of rules, each with what it asks."""
    return _render_rows([(rule.name, inspect.cleandoc(rule.description).partition("\n")[0]) for rule in rules])


def render_topics(rules: Iterable[Rule]) -> str:
    """Return the topics that a policy may rely on, each with the rules that look at it."""
    known = tuple(rules)
    looking = {topic: ", ".join(rule.name for rule in known if topic in rule.topics) for topic in TOPICS}
    return _render_rows([(topic, names or "no rule yet") for topic, names in looking.items()])


def _render_rows(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    wrapper = textwrap.TextWrapper(WIDTH, subsequent_indent=" " * (width + 2), break_on_hyphens=False)
    return "\n".join(wrapper.fill(f"{name:<{width}}  {text}") for name, text in rows)


def render_rule(rule: Rule) -> str:
    """Return all that is known of a rule that compares boots."""
    return "\n".join(
        [f"{rule.name}: a rule of compare", "", *_indent(inspect.cleandoc(rule.description)), "", *_iter_facts(rule)]
    )


def _iter_facts(rule: Rule) -> Iterator[str]:
    own_cell = ", of the very cell" if rule.needs_own_cell else ""
    real = "" if rule.needs is Needs.REPEATS else "; regressions in real time as well"
    yield f"  confirmed by:  {CONFIRMED_BY[rule.needs]}{own_cell}{real}"
    if rule.topics:
        yield f"  topics:        {', '.join(sorted(rule.topics))}    (`relies_on` of a policy)"
    if rule.follows_from:
        names = textwrap.wrap(", ".join(rule.follows_from), WIDTH - 17, break_on_hyphens=False)
        yield f"  follows from:  {names[0]}"
        yield from (" " * 17 + line for line in names[1:])
    if rule.same_emulator:
        yield "  not looked at: where the sides have two emulators"
    yield f'  waived by:     rule = "{rule.name}"'


def render_lint_rule(rule: LintRule) -> str:
    """Return all that is known of a rule that judges ROMs by their bytes."""
    lines = [f"{rule.name}: a rule of lint ({rule.severity})", "", *_indent(rule.summary)]
    if rule.paragraph:
        lines += ["", *_indent(rule.paragraph)]
    return "\n".join(lines)


def _indent(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ""
        words = " ".join(paragraph.split())
        yield textwrap.fill(words, WIDTH, initial_indent="  ", subsequent_indent="  ")
