"""`--help` is fast because it imports nothing heavy: what a verb needs to work is imported when it works."""

import subprocess
import sys

import pytest

from bootrig.cli.main import VERBS

HEAVY = {
    *("aiohttp", "asyncio", "cyclonedx", "debian", "dpkt", "jinja2", "jsonschema", "junitparser", "libvirt", "pexpect"),
    *("pytest", "qemu", "requests", "rich", "tftpy", "multiprocessing"),
    *("bootrig.api", "bootrig.builder", "bootrig.cell", "bootrig.compare", "bootrig.schedule", "bootrig.store"),
}
SCRIPT = """\
import sys
from bootrig.cli.main import make_parser
make_parser([sys.argv[1]])
print(*sys.modules)
"""


def load_parser(verb: str) -> set[str]:
    """Return the names of all modules that making a verb's parser imports."""
    command = [sys.executable, "-c", SCRIPT, verb]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("verb", list(VERBS))
def test_the_help_of_a_verb_imports_nothing_heavy(verb: str) -> None:
    assert load_parser(verb) & HEAVY == set()


def test_a_heavy_import_would_be_seen() -> None:
    command = [sys.executable, "-c", f"import rich\n{SCRIPT}", "roms"]
    assert "rich" in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
