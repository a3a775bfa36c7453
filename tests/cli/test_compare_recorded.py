"""`bootrig compare` of recordings: gPXE against the iPXE that QEMU switched to in 2011, without ROMs and emulator."""

import json
from pathlib import Path
from typing import Any

from tests.cli.command import Ended, run_command

SIDES = "gpxe-qemu-0.14", "ipxe-qemu-0.15"


def compare(directory: Path, *words: str) -> Ended:
    """Compare where neither ROMs, network, nor any program on PATH are at hand."""
    environment = {"PATH": "/nothing", "BOOTRIG_OFFLINE": "1"}
    return run_command(directory, "compare", *SIDES, "--report", "json", *words, environment=environment)


def read(ended: Ended, *, status: int) -> dict[str, Any]:
    assert ended.status == status, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def test_what_users_relied_on_is_named_and_the_recordings_too(tmp_path: Path) -> None:
    verdict = read(compare(tmp_path), status=0)
    assert verdict["verdict"] == "compatible-with-changes"
    topics = {topic for cause in verdict["causes"] if cause["severity"] == "change" for topic in cause["topics"]}
    assert topics >= {"user-class", "script-magic", "image-formats", "prompts"}
    told = " ".join(difference["sentence"] for difference in verdict["differences"])
    assert all(words in told for words in ('user class is "iPXE"', "NBI", "Ctrl-B"))
    assert sum("its boots are those of the recording" in note for note in verdict["notes"]) == 2


def test_who_relies_on_the_user_class_cannot_switch(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('relies_on = ["user-class"]\n')
    verdict = read(compare(tmp_path, "--policy", "policy.toml"), status=1)
    assert verdict["verdict"] == "not-compatible"
    assert "user-class" in verdict["causes"][0]["topics"]


def test_the_run_is_whole_and_is_judged_again(tmp_path: Path) -> None:
    verdict = read(compare(tmp_path, "--nic", "e1000"), status=0)
    ended = run_command(tmp_path, "judge", "@last", "--report", "json")
    again = json.loads(ended.out)
    assert (again["verdict"], again["causes"]) == (verdict["verdict"], verdict["causes"])


def test_cells_that_were_not_recorded_are_wrong_input(tmp_path: Path) -> None:
    ended = compare(tmp_path, "--machine", "q35-4g", "--scenario", "efi-tftp")
    assert ended.status == 2
    assert "has none of the cells that are asked for" in ended.err
