"""The commits of a source tree: which may be the first bad one, and a tree of any of them beside the user's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.builder.errors import SourceError
from bootrig.builder.git import ask_git
from bootrig.process import ProcessError, ToolMissingError

SHORT = 12


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits of the git repository of `top`, the uppermost directory of a work tree; nothing in it is changed.

    Attributes:
        top: where it is.
        inner: the directory of the source in it, empty for all of it.
    """

    top: Path
    inner: str

    def resolve(self, revision: str) -> str:
        """Return the commit that a revision is: a tag, a branch, an abbreviated name.

        Raises:
            SourceError: there is no such commit.
        """
        try:
            return ask_git(self.top, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").strip()
        except ProcessError as error:
            raise SourceError(f"{self.top} has no commit {revision}", remedy="git log --oneline") from error

    def require_line(self, good: Sequence[str], bad: str) -> None:
        """Make sure that `bad` comes after all of `good`.

        Raises:
            SourceError: it does not.
        """
        for one in good:
            if one == bad or self._ask("merge-base", one, bad).strip() != one:
                raise SourceError(
                    f"the good commit {one[:SHORT]} does not come before the bad one {bad[:SHORT]}",
                    remedy="name a good one that does: git merge-base GOOD BAD",
                )

    def rank(self, bad: str, good: Sequence[str]) -> tuple[str, ...]:
        """Return the commits before `bad` that may be the first bad one; what halves them comes first."""
        listed = self._ask("rev-list", "--bisect-all", bad, *(f"^{one}" for one in good)).splitlines()
        return tuple(line.partition(" ")[0] for line in listed if not line.startswith(bad))

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the commits directly before one."""
        return tuple(self._ask("rev-list", "--parents", "--max-count=1", commit).split()[1:])

    def describe(self, commit: str) -> str:
        """Return a commit's short name and its title."""
        return self._ask("log", "--max-count=1", "--no-show-signature", "--format=%h %s", commit).strip()

    def check_out(self, commit: str, tree: Path) -> Path:
        """Bring a commit into `tree`, a repository of its own that borrows the objects; return the source in it.

        Raises:
            SourceError: git refuses.
        """
        if not (tree / ".git" / "HEAD").is_file():
            self._ask("clone", "--quiet", "--shared", "--no-checkout", str(self.top.resolve()), str(tree))
        try:
            ask_git(tree, "checkout", "--quiet", "--force", "--detach", commit)
        except ProcessError as error:
            raise SourceError(f"{commit[:SHORT]} cannot be checked out: {error.output.strip()}") from error
        return tree / self.inner

    def _ask(self, *words: str) -> str:
        try:
            return ask_git(self.top, *words)
        except ProcessError as error:
            raise SourceError(f"git {words[0]} fails in {self.top}: {error.output.strip()}") from error


def open_commits(directory: Path) -> Commits:
    """Return the commits of the work tree that `directory` is in.

    Raises:
        SourceError: there is no such directory, or git does not track it.
    """
    if not directory.is_dir():
        raise SourceError(f"there is no directory {directory}")
    try:
        top, inner = (
            ask_git(directory, "rev-parse", word).rstrip("\n") for word in ("--show-toplevel", "--show-prefix")
        )
    except ToolMissingError:
        raise
    except ProcessError as error:
        raise SourceError(
            f"{directory} is not a git work tree: {error.output.strip()}", remedy="bisect needs its commits"
        ) from error
    return Commits(Path(top), inner)
