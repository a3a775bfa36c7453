"""Sizes, names and process starts in our own source."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conventions.source import find_name_faults, find_process_faults, find_size_faults
from tests.conventions.tracked import ROOT, iter_sources

Rule = Callable[[Path, str], list[str]]


def faults_in(rule: Rule, *rooms: str) -> list[str]:
    return [fault for path in iter_sources(*rooms) for fault in rule(path, (ROOT / path).read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    ("rule", "rooms"),
    [
        (find_size_faults, ("bootrig", "firmware", "ci", "tests")),
        (find_name_faults, ("bootrig", "firmware", "ci")),
        (find_process_faults, ("bootrig",)),
    ],
)
def test_our_source_keeps_the_rules(rule: Rule, rooms: tuple[str, ...]) -> None:
    faults = faults_in(rule, *rooms)
    assert not faults, "\n".join(faults)


def test_a_module_that_is_too_long_is_found() -> None:
    assert find_size_faults(Path("a.py"), "x = 1\n" * 400) == []
    (fault,) = find_size_faults(Path("a.py"), "x = 1\n" * 401)
    assert fault == "a.py: 401 lines, 400 are allowed: split it by noun"


def test_a_function_that_is_too_long_is_found() -> None:
    documented = 'def f():\n    """Say."""\n' + "    x = 1\n" * 60
    assert find_size_faults(Path("a.py"), documented) == []
    (fault,) = find_size_faults(Path("a.py"), documented + "    y = 1\n")
    assert fault == "a.py:1: f has 61 lines, 60 are allowed"


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("bootrig/utils.py", "", 'bootrig/utils.py:1: utils: not "utils" but a noun'),
        ("bootrig/common/__init__.py", "", 'not "common"'),
        ("bootrig/x.py", "def read_blob(): ...", 'x.py:1: read_blob: not "blob" but option ROM, or content'),
        ("bootrig/x.py", "class NicCard: ...", 'NicCard: not "card" but NIC model'),
        ("bootrig/x.py", "def f(payload): ...", 'not "payload"'),
        ("bootrig/x.py", "a = 1\nvms = []", 'x.py:2: vms: not "vms" but guest'),
        ("firmware/x.py", "self.rom_parts = 1", 'not "parts"'),
        ("bootrig/x.py", "import json as job", 'not "job"'),
        ("firmware/optionrom/x.py", "section = 1", 'not "section"'),
    ],
)
def test_a_forbidden_name_is_found(path: str, source: str, fault: str) -> None:
    (found,) = find_name_faults(Path(path), source)
    assert fault in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("firmware/efi/pe.py", "sections = 1"),
        ("bootrig/x.py", "partition = 'a'.partition(':')\nimport payload\nvmxnet3 = 1\ndiscard = 1"),
    ],
)
def test_a_name_that_is_the_specification_s_is_accepted(path: str, source: str) -> None:
    assert find_name_faults(Path(path), source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "from subprocess import run",
        "import os\nos.system('x')",
        "asyncio.create_subprocess_exec(x)",
    ],
)
def test_a_process_started_elsewhere_is_found(source: str) -> None:
    (fault,) = find_process_faults(Path("bootrig/store/fetch.py"), source)
    assert "bootrig/process.py starts the processes" in fault
    assert find_process_faults(Path("bootrig/process.py"), source) == []
