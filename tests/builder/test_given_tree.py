import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig.builder.errors import SourceError
from bootrig.builder.given_tree import copy_tree, survey_tree, update_tree

Git = Callable[..., None]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    directory = tmp_path / "mine"
    (directory / "sub").mkdir(parents=True)
    (directory / "sub" / "file").write_text("x")
    return directory


@pytest.fixture
def git(mine: Path) -> Git:
    def run(*words: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(mine), *identity, *words], check=True, capture_output=True)

    run("init", "--quiet")
    run("add", ".")
    run("commit", "--quiet", "-m", "x")
    return run


def names(directory: Path, products: tuple[str, ...] = ()) -> list[str]:
    return [str(name) for name in survey_tree(directory, products).files]


def test_what_a_build_makes_is_not_the_source(mine: Path) -> None:
    before = survey_tree(mine, ["src/bin"])
    for name, content in {
        "src/bin/x.rom": b"made",
        "tool": b"\x7fELF\x02",
        "sub/file.o": b"\x7fELF\x01",
        "sub/blib.a": b"!<arch>\nx",
        ".git-ignored/x": b"source",
    }.items():
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_bytes(content)
    assert names(mine, ("src/bin",)) == [".git-ignored/x", "sub/file"]
    (mine / ".git-ignored" / "x").unlink()
    assert survey_tree(mine, ["src/bin"]).digest == before.digest
    assert "src/bin/x.rom" in names(mine)


def test_of_a_work_tree_only_what_git_tracks_is_the_source(mine: Path, git: Git) -> None:
    (mine / "sub" / "new.c").write_text("new")
    (mine / "made.bin").write_text("made")
    (mine / ".gitignore").write_text("*.bin\n")
    tree = survey_tree(mine)
    assert [str(name) for name in tree.files] == ["sub/file"]
    assert tree.history is not None
    assert tree.history.untracked == (".gitignore", "sub/new.c")
    git("add", "sub/new.c")
    assert names(mine) == ["sub/file", "sub/new.c"]
    (mine / "sub" / "file").unlink()
    assert names(mine) == ["sub/new.c"]
    assert names(mine / "sub") == ["new.c"]


def test_a_tree_is_called_by_its_history(mine: Path, git: Git) -> None:
    commit = survey_tree(mine).version
    assert len(commit) == 12
    git("tag", "v1.5")
    assert survey_tree(mine).version == "v1.5"
    git("commit", "--quiet", "--allow-empty", "-m", "y")
    assert survey_tree(mine).version.startswith("v1.5-1-g")
    (mine / "sub" / "file").write_text("changed")
    assert survey_tree(mine).version.endswith("+modified")


def test_a_tree_without_history_is_called_by_its_digest(mine: Path) -> None:
    tree = survey_tree(mine)
    assert (tree.version, tree.history) == (f"tree-{tree.digest[:12]}", None)


def test_a_directory_that_git_ignores_has_no_history(mine: Path, git: Git) -> None:
    (mine / ".gitignore").write_text("unpacked/\n")
    (mine / "unpacked").mkdir()
    (mine / "unpacked" / "a.c").write_text("a")
    tree = survey_tree(mine / "unpacked")
    assert (tree.history, [str(name) for name in tree.files]) == (None, ["a.c"])


def test_a_repository_that_git_does_not_read(mine: Path, git: Git) -> None:
    (mine / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(SourceError, match=r"git does not tell what it tracks in .*mine"):
        survey_tree(mine)


def test_nothing_that_a_work_tree_configures_is_run(mine: Path, git: Git, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git("config", "core.fsmonitor", str(hook))
    (mine / "sub" / "file").write_text("changed")
    survey_tree(mine)
    assert not (tmp_path / "ran").exists()


def test_the_digest_sees_every_change(mine: Path) -> None:
    seen = [survey_tree(mine).digest]
    (mine / ".git").mkdir()
    (mine / ".git" / "index").touch()
    (mine / "sub" / "file").write_text("y")
    (mine / ".git" / "index").unlink()
    (mine / ".git").rmdir()
    seen.append(survey_tree(mine).digest)
    (mine / "sub" / "file").chmod(0o755)
    seen.append(survey_tree(mine).digest)
    (mine / "sub" / "file").rename(mine / "file")
    seen.append(survey_tree(mine).digest)
    (mine / "link").symlink_to("file")
    seen.append(survey_tree(mine).digest)
    (mine / "link").unlink()
    (mine / "link").symlink_to("elsewhere")
    seen.append(survey_tree(mine).digest)
    assert len(set(seen)) == 6


def test_there_has_to_be_a_source(mine: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no directory"):
        survey_tree(tmp_path / "none")
    (mine / "sub" / "file").unlink()
    with pytest.raises(SourceError, match="there is no source in"):
        survey_tree(mine)


def test_a_copy_has_links_and_modes(mine: Path, tmp_path: Path) -> None:
    (mine / "link").symlink_to("sub")
    (mine / "sub" / "file").chmod(0o755)
    copy_tree(survey_tree(mine), tmp_path / "copy")
    assert (tmp_path / "copy" / "link").readlink() == Path("sub")
    assert os.access(tmp_path / "copy" / "sub" / "file", os.X_OK)


def test_an_update_touches_what_has_changed_alone(mine: Path, tmp_path: Path) -> None:
    target, record = tmp_path / "target", tmp_path / "record.json"
    (mine / "same").write_text("same")
    (mine / "gone").write_text("gone")
    (mine / "link").symlink_to("sub")
    update_tree(mine, target, record)
    (target / "made").write_text("made")
    os.utime(target / "same", (1, 1))
    os.utime(target / "sub" / "file", (1, 1))
    (mine / "gone").unlink()
    (mine / "sub" / "file").write_text("y")
    (mine / "link").unlink()
    (mine / "link").symlink_to("same")
    update_tree(mine, target, record)
    assert (target / "made").exists()
    assert not (target / "gone").exists()
    assert (target / "link").readlink() == Path("same")
    assert (target / "same").stat().st_mtime == 1
    assert (target / "sub" / "file").stat().st_mtime > 1
    assert (target / "sub" / "file").read_text() == "y"
    record.write_bytes(record.read_bytes()[:-9])
    update_tree(mine, target, record)
    assert not (target / "made").exists()
    assert (target / "sub" / "file").read_text() == "y"
