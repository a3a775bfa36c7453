"""`bootrig cache`."""

import os
import time
from pathlib import Path

import pytest

from bootrig.builder.probe import PROBES
from bootrig.cli.main import main
from bootrig.schedule.results import ROOM as RESULTS


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two results, one of them old, and a probe."""
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path))
    RESULTS.keep("old", b"x" * 100)
    RESULTS.keep("new", b"y" * 50)
    PROBES.keep("probe", b"z")
    aged_s = time.time() - 40 * 86400
    os.utime(RESULTS.path_of("old"), (aged_s, aged_s))
    return tmp_path


def test_list_says_how_much_is_kept(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rooms = {line.split()[0]: line for line in lines[:-1]}
    length = sum(path.stat().st_size for path in RESULTS.directory.iterdir())
    assert rooms["results"].split()[1:7] == ["2", "entries", str(length), "of", str(RESULTS.limit), "bytes"]
    assert rooms["results"].endswith("oldest use 40 days ago")
    assert rooms["prefixes"].endswith("empty")
    assert set(rooms) == {
        "accelerators", "emulators", "grub", "introspection", "prefixes", "probes", "results", "rom-files", "schemas"
    }  # fmt: skip
    assert lines[-1].startswith(f"{cache}: ")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ((), (True, True, True)),
        (("--yes",), (False, False, False)),
        (("--older", "30d", "--yes"), (False, True, True)),
        (("--older", "30d"), (True, True, True)),
        (("--room", "results", "--yes"), (False, False, True)),
        (("--room", "probes", "--older", "0h", "--yes"), (True, True, False)),
    ],
)
@pytest.mark.usefixtures("cache")
def test_prune_removes_what_is_asked_for_and_confirmed(words: tuple[str, ...], left: tuple[bool, ...]) -> None:
    assert main(["cache", "prune", *words]) == 0
    assert (RESULTS.find("old") is not None, RESULTS.find("new") is not None, PROBES.find("probe") is not None) == left


@pytest.mark.usefixtures("cache")
def test_prune_says_what_would_go(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "prune", "--room", "results", "--older", "30d"]) == 0
    assert (
        capsys.readouterr().out
        == f"results: 1 entries, {RESULTS.path_of('old').stat().st_size} bytes; --yes removes them\n"
    )


@pytest.mark.usefixtures("cache")
def test_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "prune", "--room", "attic", "--yes"]) == 2
    assert "the cache has no room 'attic'" in capsys.readouterr().err
    assert RESULTS.find("new") is not None
    with pytest.raises(SystemExit):
        main(["cache", "prune", "--older", "soon"])
    assert '"soon" is not an age' in capsys.readouterr().err


def test_a_cache_that_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path / "file"))
    assert main(["cache", "list"]) == 3
    assert "cannot be used" in capsys.readouterr().err
