"""ruff, mypy, codespell and shellcheck find nothing, and would find something."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conventions.tracked import ROOT, tracked_files

SCRIPTS = ("ci/setup", "ci/bootrig", "ci/test", "ci/check", "ci/bench", "ci/fuzz", "ci/mutate", "ci/debian", ".ci/run")


def lint(tool: str, *argv: str | Path, directory: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", tool, *map(str, argv)]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def sources() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".py"]


def require_shellcheck() -> None:
    if not shutil.which("shellcheck"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "shellcheck is not installed: apt-get install shellcheck"
        )


@pytest.mark.parametrize("verb", [("check",), ("format", "--check")])
def test_ruff_finds_nothing(verb: tuple[str, ...]) -> None:
    result = lint("ruff", *verb, *sources())
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy_finds_nothing() -> None:
    result = lint("mypy")
    assert result.returncode == 0, result.stdout + result.stderr


def test_codespell_finds_nothing() -> None:
    result = lint("codespell_lib", *tracked_files())
    assert result.returncode == 0, result.stdout + result.stderr


def test_shellcheck_finds_nothing() -> None:
    require_shellcheck()
    result = subprocess.run(
        ["shellcheck", "--external-sources", *SCRIPTS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def test_all_scripts_are_linted_and_executable() -> None:
    scripts = {
        path.as_posix() for path in tracked_files() if (ROOT / path).read_bytes().startswith(b"#!/usr/bin/env bash")
    }
    assert scripts <= set(SCRIPTS)
    assert all(os.access(ROOT / script, os.X_OK) for script in SCRIPTS)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('"""Say."""\n\n\ndef shout() -> None:\n    print()\n', "D103"),
        ('"""Say."""\n\nimport os\n\nPLACE = os.getcwd()\n', "PTH109"),
        ('"""Say."""\n\ntry:\n    X = 1\nexcept Exception:\n    pass\n', "BLE001"),
    ],
)
def test_ruff_says_no(source: str, fault: str, tmp_path: Path) -> None:
    module = tmp_path / "wrong.py"
    module.write_text(source, encoding="utf-8")
    result = lint("ruff", "check", "--no-cache", "--config", ROOT / "pyproject.toml", module)
    assert result.returncode == 1
    assert fault in result.stdout


def test_mypy_says_no(tmp_path: Path) -> None:
    module = tmp_path / "wrong.py"
    module.write_text("def f(x):\n    return x\n", encoding="utf-8")
    result = lint("mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", tmp_path / "cache", module)
    assert result.returncode == 1
    assert "Function is missing a type annotation" in result.stdout


def test_codespell_says_no(tmp_path: Path) -> None:
    text = tmp_path / "wrong.md"
    text.write_text(f"rec{'ie'}ve\n", encoding="utf-8")  # the linter must not see the word here
    result = lint("codespell_lib", text)
    assert result.returncode != 0
    assert "==> receive" in result.stdout


def test_shellcheck_says_no(tmp_path: Path) -> None:
    require_shellcheck()
    script = tmp_path / "wrong"
    script.write_text("#!/bin/bash\nrm $1\n", encoding="utf-8")
    result = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "SC2086" in result.stdout
