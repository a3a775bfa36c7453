"""Formats of reports: one module of this package each, with a value `FORMAT`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import bootrig.report
from bootrig.compare import Outcomes, Verdict
from bootrig.document.toml import suggest
from bootrig.errors import InputError
from bootrig.registry import collect_objects
from firmware.lint.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What lint found in a target as the user named it, in the order of files and rules; content by file name."""

    findings: tuple[Finding, ...]
    target: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFormat:
    """One format: what encodes a verdict, outcomes of boots, findings; None for nothing."""

    summary: str
    verdict: Callable[[Verdict], bytes] | None = None
    outcomes: Callable[[Outcomes], bytes] | None = None
    findings: Callable[[Findings], bytes] | None = None


def load_formats() -> Mapping[str, ReportFormat]:
    """Return all formats by name, in the order of names."""
    return collect_objects(bootrig.report, "FORMAT")


def find_encoder(name: str, subject: str) -> Callable[[Any], bytes]:
    """Return what encodes `subject`, `verdict`, `outcomes` or `findings`, in the format `name`.

    Raises:
        InputError: there is no such format; those that there are are named.
    """
    able: dict[str, Callable[[Any], bytes]] = {
        word: encode for word, one in load_formats().items() if (encode := getattr(one, subject))
    }
    if name not in able:
        raise InputError(f'there is no report "{name}" here{suggest(name, able)}', remedy=f"known: {', '.join(able)}")
    return able[name]
