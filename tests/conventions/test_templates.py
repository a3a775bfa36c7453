"""What users copy into their CI: each file is what it has to be, and its commands are bootrig's."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from debian.deb822 import Deb822

from bootrig.cli.documents import read_documents
from bootrig.cli.main import VERBS, make_parser
from bootrig.errors import InputError
from tests.conventions.tracked import ROOT

TEMPLATES = ROOT / "ci/templates"
CONTAINERFILE = ROOT / "ci/Containerfile"
FILES = (*sorted(path for path in TEMPLATES.rglob("*") if path.is_file()), CONTAINERFILE)
SUBJECTS = {"compare": "verdict", "judge": "verdict", "run": "outcomes", "lint": "findings"}
COMMAND = re.compile(r"(?<![\w/.-])bootrig (?P<verb>[a-z]+)(?P<rest>[^'#\n&|]*)")
INSTALL = re.compile(r"apt-get install (?P<words>[^&\n]*)")


def iter_commands(text: str) -> Iterator[list[str]]:
    """Yield the commands of bootrig in a file, comments but for those of shells included."""
    for match in COMMAND.finditer(text.replace("\\\n", " ")):
        if match["verb"] in VERBS:
            yield shlex.split(f"{match['verb']}{match['rest']}")


def find_fault(words: list[str]) -> str:
    """Return what is wrong with a command; empty for nothing."""
    try:
        arguments = make_parser([words[0]]).parse_args(words)
        if words[0] in SUBJECTS:
            read_documents(arguments, SUBJECTS[words[0]])
    except (SystemExit, InputError) as error:
        return f"{shlex.join(words)}: {error}"
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_command_is_one(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = list(iter_commands(path.read_text().replace("$AUTOPKGTEST_ARTIFACTS", str(tmp_path))))
    assert commands or path.name == "control"
    assert [fault for words in commands if (fault := find_fault(words))] == []


@pytest.mark.parametrize("command", ["run host --reprt text", "compare host", "run host --report sarif=x"])
def test_a_command_that_is_none_is_found(command: str) -> None:
    (words,) = iter_commands(f"  - bootrig {command}\n")
    assert find_fault(words)


def run_packages() -> set[str]:
    lines = [line.split() for line in (ROOT / "ci/packages").read_text().splitlines()]
    return {words[1] for words in lines if words and words[0] == "run"}


@pytest.mark.parametrize("path", [TEMPLATES / "github.yml", CONTAINERFILE], ids=lambda path: path.name)
def test_what_is_installed_boots(path: Path) -> None:
    (match,) = INSTALL.finditer(path.read_text())
    installed = {word for word in match["words"].split() if word[0] not in "-\\"}
    missing = run_packages() - installed
    # what GitHub's machines have, and what unpacks other emulators only
    assert missing <= {"python3", "python3-venv", "ca-certificates", "mmdebstrap"}
    assert installed <= run_packages()
    assert not missing or path.name == "github.yml"


def test_github() -> None:
    told = yaml.safe_load((TEMPLATES / "github.yml").read_text())
    (job,) = told["jobs"].values()
    assert job["runs-on"].startswith("ubuntu-")
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    uploaded = {name for step in job["steps"] for name in str(step.get("with", {})).replace("\\n", " ").split()}
    assert any("lint.sarif" in name for name in uploaded)


def test_gitlab() -> None:
    (job,) = yaml.safe_load((TEMPLATES / "gitlab.yml").read_text()).values()
    assert all(isinstance(line, str) for line in job["script"])
    written = {word.partition("=")[2] for line in job["script"] for word in line.split() if "=" in word}
    assert job["artifacts"]["reports"]["junit"] in written
    assert written <= {*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]}


def test_jenkins() -> None:
    text = (TEMPLATES / "Jenkinsfile").read_text()
    assert text.count("{") == text.count("}")
    assert re.findall(r"^pipeline \{", text, re.MULTILINE)
    assert len(re.findall(r"^\s+sh '[^']*'$", text, re.MULTILINE)) == text.count(" sh ")
    assert "junit testResults: 'junit.xml'" in text


def test_debian() -> None:
    (control,) = Deb822.iter_paragraphs((TEMPLATES / "debian/tests/control").read_text())
    assert set(control) == {"Tests", "Depends", "Restrictions"}
    assert run_packages() - {word.strip() for word in control["Depends"].split(",")} <= {
        "python3", "python3-venv", "ca-certificates", "mmdebstrap"
    }  # fmt: skip
    for name in control["Tests"].split():
        script = TEMPLATES / "debian/tests" / name
        assert script.read_text().startswith("#!/bin/sh\n")
        assert script.stat().st_mode & 0o111


def test_the_containerfile() -> None:
    lines = [line for line in CONTAINERFILE.read_text().replace("\\\n", " ").splitlines() if line and line[0] != "#"]
    words = [line.split()[0] for line in lines]
    assert words == ["FROM", "RUN", "COPY", "RUN", "ENTRYPOINT", "CMD"]
