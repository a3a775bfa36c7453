"""Formats of reports: one module of this package each, with a value `FORMAT`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import bootrig.report
from bootrig.compare import Outcomes, Verdict
from bootrig.document.toml import suggest
from bootrig.errors import InputError
from bootrig.registry import collect_objects
from bootrig.report.places import Place
from firmware.lint.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What lint found in a target as the user named it, in the order of files and rules.

    Attributes:
        findings: what it found.
        target: as the user named it.
        files: content by file name.
        places: where files and sets are, by the names that findings have; what is nowhere to be shown is left out.
    """

    findings: tuple[Finding, ...]
    target: str
    files: Mapping[str, bytes]
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFormat:
    """One format: what encodes a verdict, outcomes of boots, findings; None for nothing.

    A format that `takes_runs` is also given, as the argument `runs`, the directories of the runs that a verdict or
    outcomes are about, for the evidence in them. `appended` are the formats that are added to the files which
    environment variables name, by the variable.
    """

    summary: str
    verdict: Callable[[Verdict], bytes] | None = None
    outcomes: Callable[[Outcomes], bytes] | None = None
    findings: Callable[[Findings], bytes] | None = None
    takes_runs: bool = False
    appended: Mapping[str, str] = field(default_factory=dict)


def load_formats() -> Mapping[str, ReportFormat]:
    """Return all formats by name, in the order of names."""
    return collect_objects(bootrig.report, "FORMAT", packages=True)


def find_encoder(name: str, subject: str, runs: Sequence[Path] = ()) -> Callable[[Any], bytes]:
    """Return what encodes `subject`, `verdict`, `outcomes` or `findings`, of these runs, in the format `name`.

    Raises:
        InputError: there is no such format; those that there are are named.
    """
    formats = load_formats()
    able: dict[str, Callable[..., bytes]] = {
        word: encode for word, one in formats.items() if (encode := getattr(one, subject))
    }
    if name not in able:
        raise InputError(f'there is no report "{name}" here{suggest(name, able)}', remedy=f"known: {', '.join(able)}")
    return partial(able[name], runs=tuple(runs)) if formats[name].takes_runs else able[name]
