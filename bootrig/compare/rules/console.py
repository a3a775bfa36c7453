"""What the firmware calls itself and offers on the console: banner, features, prompts."""

from collections.abc import Iterator, Sequence

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import rule
from bootrig.trace.reading.firmware_words import Banner, find_banner, find_features, find_prompts
from bootrig.trace.reading.rom_lines import spell_line
from bootrig.trace.trace import ConsoleLine


def came_and_went(baseline: Sequence[str], candidate: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words that are only in `candidate`, and those that are only in `baseline`, each once."""
    first, second = dict.fromkeys(baseline), dict.fromkeys(candidate)
    return tuple(word for word in second if word not in first), tuple(word for word in first if word not in second)


@rule("banner", topics={"banner", "console"}, depends_on_scenario=False, follows_from=("network-client",))
def check_banner(pair: CellPair) -> Iterator[Finding]:
    """Does the firmware call itself by the same name?

    Another product is a change, another version an info. Versions identify no ROM: builds years apart say the same.
    """
    first, second = (find_banner(trace.console) for trace in pair.sides)
    old, new = _spell_banner(first), _spell_banner(second)
    if first is None or second is None or old == new:
        return
    statement = "the firmware calls itself {candidate}, it was {baseline}"
    if first.product == second.product:
        yield Finding(Severity.INFO, "version", old, new, statement)
    else:
        why = "whatever looks for the name on the console or in logs has to know the new one"
        yield Finding(Severity.CHANGE, "banner", old, new, statement, why)


@rule(
    "banner-line", topics={"banner", "console"}, depends_on_scenario=False, follows_from=("network-client", "outcome")
)
def check_banner_line(pair: CellPair) -> Iterator[Finding]:
    """Does the firmware show a banner? One that is gone is a change, one that is new an improvement."""
    first, second = (_spell_banner(find_banner(trace.console)) for trace in pair.sides)
    if first and not second:
        why = "no full network boot firmware starts here any more, or it starts without a word"
        statement = "the firmware does not show its banner, it was {baseline}"
        yield Finding(Severity.CHANGE, "banner", first, None, statement, why)
    elif second and not first:
        yield Finding(Severity.IMPROVEMENT, "banner", None, second, "the firmware shows a banner: {candidate}")


def _spell_banner(banner: Banner | None) -> str | None:
    return None if banner is None else f"{banner.product} {banner.version}"


@rule(
    "feature-line",
    topics={"image-formats", "console"},
    depends_on_scenario=False,
    follows_from=("network-client", "outcome"),
)
def check_feature_line(pair: CellPair) -> Iterator[Finding]:
    """Does the firmware show a feature line? One that is gone is a change, one that is new an improvement."""
    first, second = (" ".join(find_features(trace.console) or ()) or None for trace in pair.sides)
    if first and not second:
        why = "no full network boot firmware starts here any more, or it starts without a word"
        statement = "the feature line is gone; it was {baseline}"
        yield Finding(Severity.CHANGE, "feature line", first, None, statement, why)
    elif second and not first:
        yield Finding(Severity.IMPROVEMENT, "feature line", None, second, "there is a feature line: {candidate}")


@rule("features", topics={"image-formats", "console"}, depends_on_scenario=False)
def check_features(pair: CellPair) -> Iterator[Finding]:
    """Which features came and went, by the feature lines of both firmwares?

    A feature that is gone is a change: some site boots by it. A new one is an improvement.
    """
    first, second = (find_features(trace.console) for trace in pair.sides)
    if not first or not second:
        return
    came, went = came_and_went(first, second)
    for word in went:
        statement = "the feature {baseline} is gone"
        why = f"guests that boot this way no longer can; the baseline has {' '.join(first)}"
        yield Finding(Severity.CHANGE, f"feature {word}", word, None, statement, why)
    for word in came:
        yield Finding(Severity.IMPROVEMENT, f"feature {word}", None, word, "the feature {candidate} is new")


@rule("prompts", topics={"prompts", "console"}, follows_from=("network-client", "banner"))
def check_prompts(pair: CellPair) -> Iterator[Finding]:
    """Does the firmware still offer a key to press at the same places?

    A prompt that is gone is a change: people and scripts that press the key reach nothing. A new one is an info: it
    waits. Looked at where both boots passed and both firmwares showed a banner.
    """
    if not pair.both_passed or any(find_banner(trace.console) is None for trace in pair.sides):
        return
    came, went = came_and_went(*(find_prompts(trace.console) for trace in pair.sides))
    pairs = {old: new for new in came for old in went if _anonymous(old) == _anonymous(new)}
    for old, new in pairs.items():
        statement = 'the prompt "{baseline}" now says "{candidate}"'
        yield Finding(
            Severity.CHANGE, f'prompt "{old}"', old, new, statement, "scripts that wait for the words miss it"
        )
    for old in went:
        if old not in pairs:
            statement = 'the prompt "{baseline}" is gone'
            why = f"pressing that key, by hand or from a script, no longer has an effect{_find_place(pair, old)}"
            yield Finding(Severity.CHANGE, f'prompt "{old}"', old, None, statement, why)
    for new in came:
        if new not in pairs.values():
            yield Finding(Severity.INFO, f'prompt "{new}"', None, new, 'there is a new prompt "{candidate}"')


def _anonymous(prompt: str) -> str:
    return prompt.replace("gPXE", "iPXE")


def _find_place(pair: CellPair, prompt: str) -> str:
    """Return where the baseline has a prompt, after a semicolon; empty where it is the first of its lines."""
    texts = [line.text for line in pair.baseline.console if line.text]
    place = next(place for place, text in enumerate(texts) if prompt in find_prompts([ConsoleLine(text)]))
    return f'; with the baseline it comes after "{spell_line(texts[place - 1])}"' if place else ""
