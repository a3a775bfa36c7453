from pathlib import Path

import pytest

from bootrig.builder.commits import open_commits
from bootrig.builder.errors import SourceError
from tests.builder.history import git


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with five commits, the last of them a merge, and a branch of its own."""
    tree = tmp_path / "tree"
    tree.mkdir()
    git(tree, "init", "-q", "-b", "main")
    for number in (1, 2, 3):
        commit(tree, number)
        git(tree, "tag", f"v{number}")
    git(tree, "checkout", "-q", "-b", "side", "v1")
    commit(tree, 4)
    git(tree, "checkout", "-q", "main")
    git(tree, "merge", "-q", "--no-edit", "side")
    return tree


def commit(tree: Path, number: int) -> None:
    (tree / f"{number}.c").write_text(f"{number}\n")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", f"Change {number}")


def test_ranks_what_may_be_the_first_bad_one(tree: Path) -> None:
    commits = open_commits(tree)
    bad, good = commits.resolve("main"), commits.resolve("v1")
    ranked = commits.rank(bad, [good])
    assert set(ranked) == {commits.resolve(name) for name in ("v2", "v3", "side")}
    assert ranked[0] == commits.resolve("v3")
    assert commits.rank(commits.resolve("v2"), [good]) == ()
    assert set(commits.parents(bad)) == {commits.resolve("v3"), commits.resolve("side")}
    assert commits.describe(good).endswith(" Change 1")


def test_a_commit_is_brought_elsewhere_and_the_users_tree_stays(tree: Path, tmp_path: Path) -> None:
    (tree / "1.c").write_text("changed by the user\n")
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    commits, place = open_commits(tree), tmp_path / "place"
    for name, files in (("v3", {"1.c", "2.c", "3.c"}), ("v1", {"1.c"}), ("side", {"1.c", "4.c"})):
        source = commits.check_out(commits.resolve(name), place)
        assert {path.name for path in source.iterdir()} == {*files, ".git"}
        assert (source / "1.c").read_text() == "1\n"
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


def test_a_directory_in_the_work_tree_is_the_source(tree: Path, tmp_path: Path) -> None:
    inner = tree / "inner"
    inner.mkdir()
    (inner / "5.c").write_text("5\n")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "Change 5")
    commits = open_commits(inner)
    source = commits.check_out(commits.resolve("HEAD"), tmp_path / "place")
    assert [path.name for path in source.iterdir()] == ["5.c"]


def test_says_what_is_wrong(tree: Path, tmp_path: Path) -> None:
    commits = open_commits(tree)
    with pytest.raises(SourceError, match=r"has no commit v9"):
        commits.resolve("v9")
    with pytest.raises(SourceError, match=r"has no commit --all"):
        commits.resolve("--all")
    v1, v2, side = map(commits.resolve, ("v1", "v2", "side"))
    commits.require_line([v1], v2)
    for good, bad in ((v2, v1), (side, v2), (v1, v1)):
        with pytest.raises(SourceError, match=f"the good commit {good[:12]} does not come before the bad one"):
            commits.require_line([good], bad)
    with pytest.raises(SourceError, match="is not a git work tree"):
        open_commits(tmp_path)
    with pytest.raises(SourceError, match="there is no directory"):
        open_commits(tmp_path / "none")
