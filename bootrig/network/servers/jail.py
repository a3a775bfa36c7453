"""Finding a file under a root directory that nobody gets out of."""

from pathlib import Path


def find_jailed_file(root: Path, name: str) -> Path | None:
    """Return the regular file that a client calls `name`, None where there is none under `root`.

    Leading slashes are dropped. `..` and symbolic links may lead from place to place under `root`, not out of it.
    """
    if "\0" in name:
        return None
    try:
        top = root.resolve(strict=True)
        found = (top / name.lstrip("/")).resolve(strict=True)
        return found if found.is_relative_to(top) and found.is_file() else None
    except (OSError, RuntimeError, ValueError):  # missing, too long, a loop of links (RuntimeError before Python 3.13)
        return None
