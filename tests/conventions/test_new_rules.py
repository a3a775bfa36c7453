"""A new rule is one new file: in a process of its own, with a directory added to the room."""

import subprocess
import sys
from pathlib import Path

import pytest

COMPARE_RULE = '''\
from collections.abc import Iterator
from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import rule

@rule("guest-mood", topics={"console"})
def check_mood(pair: CellPair) -> Iterator[Finding]:
    """Is the guest in the same mood?"""
    yield Finding(Severity.INFO, "mood", "good", "bad", "the mood is {candidate}, it was {baseline}")
'''
COMPARE = """\
import sys
import bootrig.compare.rules as room
from bootrig.registry import load_modules
room.__path__.append(sys.argv[1])
load_modules(room)
from bootrig.compare import compare_traces
from tests.compare.factory import Boot, trace
verdict = compare_traces([trace(Boot())], [trace(Boot())])
print(*(entry.id for entry in verdict.differences))
"""
LINT_RULE = '''\
from firmware.lint.finding import Fault, Severity
from firmware.lint.rule import rom_rule

@rom_rule("rom-mood", Severity.NOTE)
def check_mood(rom):
    """A ROM is in a good mood."""
    yield Fault("in a bad mood")
'''
LINT = """\
import sys
import firmware.lint.rules as room
room.__path__.append(sys.argv[1])
from firmware.lint.check import all_rules
print(*(name for name in all_rules() if "mood" in name))
"""


@pytest.mark.parametrize(
    ("rule", "script", "printed"),
    [(COMPARE_RULE, COMPARE, "guest-mood@pxe-tftp/e1000/pc/seabios/host:mood"), (LINT_RULE, LINT, "rom-mood")],
    ids=["compare", "lint"],
)
def test_a_new_rule_is_one_new_file(rule: str, script: str, printed: str, tmp_path: Path) -> None:
    (tmp_path / "mood.py").write_text(rule)
    command = [sys.executable, "-c", script, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert (ended.stdout.strip(), ended.stderr) == (printed, "")
