"""Writing waivers into the file of a site: what is in it, comments too, stays as it is, byte by byte."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from bootrig.compare.policy import load_policy
from bootrig.compare.waivers import Waiver
from bootrig.document.quoting import quote_text
from bootrig.document.syntax import SyntaxFaultError, parse_toml
from bootrig.document.toml import DOCUMENT, suggest
from bootrig.errors import InputError
from bootrig.givenfile import read_given
from bootrig.output import write_output
from bootrig.record.judgement import judge
from bootrig.record.run import VERDICT_FILE, RecordedRun
from bootrig.record.sighting import read_sighting
from bootrig.trace.names import parse_difference_pattern


class WaivingError(InputError):
    """What is to be waived is not there, or is waived already, or the waiver would say nothing."""


def list_differences(recorded: RecordedRun) -> tuple[str, ...]:
    """Return the names of the differences that a comparison showed.

    Raises:
        RunError: it has no two sides.
        JsonFileError: its verdict, or a trace of it, is damaged.
    """
    if (recorded.directory / VERDICT_FILE).is_file():
        return tuple(entry.id for entry in read_sighting(recorded).differences)
    return tuple(entry.id for entry in judge(recorded, recorded).differences)


def require_seen(name: str, recorded: RecordedRun) -> tuple[str, ...]:
    """Return the differences of a run that a waiver of this name, which may have patterns, is about.

    Raises:
        CellNameError: it does not name a difference.
        WaivingError: the run has no such difference.
    """
    pattern = parse_difference_pattern(name)
    known = list_differences(recorded)
    found = tuple(known_name for known_name in known if known_name == name or pattern.matches_name(known_name))
    if not found:
        raise WaivingError(
            f"{recorded.directory} has no difference {name}{suggest(name, known)}",
            remedy=f"bootrig judge {recorded.directory}/ --report json names them all",
        )
    return found


def add_waivers(path: Path, names: Sequence[str], reason: str, expires: datetime.date | None) -> None:
    """Add waivers of differences to a file of waivers or a policy, which is made where there is none.

    Raises:
        WaivingError: the reason is empty, the date has passed, the file waives one already, or cannot take another.
        DocumentError: the file is wrong as it is.
        InputError: it cannot be written.
    """
    if not reason.strip():
        raise WaivingError("a waiver needs a reason in words", remedy="--reason TEXT")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    if expires is not None and expires < today:
        raise WaivingError(f"{expires} has passed: the waiver would not hold any more", remedy=f"today is {today}")
    before = b""
    if path.exists():
        _require_new(names, load_policy(path).waivers, path, today)
        before = read_given(path, DOCUMENT)
    blocks = "\n".join(_describe(name, reason, expires) for name in dict.fromkeys(names))
    gap = "" if not before else "\n" if before.endswith(b"\n") else "\n\n"
    try:
        content = before + f"{gap}{blocks}".encode()
        parse_toml(content)
    except UnicodeEncodeError as error:
        raise WaivingError(f"the reason is not UTF-8: {reason!a}") from error
    except SyntaxFaultError as error:
        raise WaivingError(
            f"{path} cannot take another waiver: with it, {error}", remedy="write its waivers as [[waiver]] tables"
        ) from error
    write_output(path, content)


def _require_new(names: Sequence[str], waivers: Sequence[Waiver], path: Path, today: datetime.date) -> None:
    for waiver in waivers:
        if waiver.name in names:
            if waiver.is_expired(today):
                raise WaivingError(
                    f"the waiver of {waiver.name} in {path} expired on {waiver.expires}", remedy="change its date there"
                )
            raise WaivingError(f"{path} waives {waiver.name} already: {waiver.reason}")


def _describe(name: str, reason: str, expires: datetime.date | None) -> str:
    lines = ["[[waiver]]", f"id = {quote_text(name)}", f"reason = {quote_text(reason)}"]
    if expires is not None:
        lines.append(f"expires = {expires.isoformat()}")
    return "\n".join([*lines, ""])
