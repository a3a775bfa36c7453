"""`bootrig cache`."""

import os
import time
from pathlib import Path

import pytest

from bootrig.builder.probe import PROBES
from bootrig.cli.argument_types import DAY_S
from bootrig.cli.main import main
from bootrig.deadline import Deadline
from bootrig.emulator.release.recipes import load_emulator_recipe
from bootrig.emulator.release.unpack import ROOM as ROOTS
from bootrig.emulator.release.unpack import DebianSuite, place_of
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
        "accelerators", "bisections", "builds", "ccache", "contents", "emulators", "grub", "introspection", "prefixes",
        "probes", "results", "rom-files", "schemas", "unpacked",
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


def use_root(name: str, age_s: float) -> Path:
    """Make what is unpacked of an emulator, which was used so long ago."""
    with ROOTS.hold(name, Deadline.after(5, "test")) as root:
        (root / "program").write_bytes(bytes(7))
    used_s = time.time() - age_s
    os.utime(root, (used_s, used_s))
    return root


@pytest.mark.usefixtures("cache")
def test_unpacked_emulators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    emulators = tmp_path / "recipes/emulators"
    emulators.mkdir(parents=True)
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    (emulators / "mine.toml").write_text(
        'summary = "x"\n[debian]\nsuite = "trixie"\npackages = ["qemu-system-x86"]\nversion = "10.0"\n'
    )
    (emulators / "wrong.toml").write_text("summary = 5\n")
    source = load_emulator_recipe("mine").source
    assert isinstance(source, DebianSuite)
    named = use_root(place_of("mine", source).name, 40 * DAY_S)
    wrong = use_root("wrong-0123456789abcdef", 50 * DAY_S)
    former = use_root("mine-0123456789abcdef", 3 * DAY_S)
    assert main(["cache", "list"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["unpacked", "3", "entries", "21", "no", "limit", "oldest", "use", "50", "days", "ago"] in lines
    assert [former.name, "7", "last", "use", "3", "days", "ago,", "no", "recipe", "names", "it"] in lines
    assert [named.name, "7", "last", "use", "40", "days", "ago"] in lines
    used = ROOTS.share(former.name, Deadline.after(5, "test"))
    assert used is not None
    assert main(["cache", "prune", "--room", "unpacked", "--yes"]) == 0
    assert capsys.readouterr().out == "unpacked: removed 0 entries, 0 bytes; 1 in use\n"
    os.close(used)
    assert main(["cache", "prune", "--room", "unpacked", "--yes"]) == 0
    assert (named.exists(), wrong.exists(), former.exists()) == (True, True, False)
    assert main(["cache", "prune", "--room", "unpacked", "--older", "45d", "--yes"]) == 0
    assert (named.exists(), wrong.exists()) == (True, False)


def test_what_ccache_keeps(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = cache / "ccache/0/b"
    folder.mkdir(parents=True)
    for name in ("stats", "72sukrR"):
        (folder / name).write_bytes(b"123")
    (cache / "ccache/tmp").mkdir()
    assert main(["cache", "prune", "--room", "ccache", "--yes"]) == 0
    assert capsys.readouterr().out == "ccache: removed 1 entries, 3 bytes\n"
    assert [path.name for path in folder.iterdir()] == ["stats"]


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
