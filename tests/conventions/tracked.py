"""The files of the project, as git knows them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked_files() -> list[Path]:
    """Return all tracked files that exist, relative to the root of the checkout."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [Path(name) for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def iter_sources(*rooms: str) -> Iterator[Path]:
    """Yield the Python modules below the given folders of the checkout, relative to its root."""
    for path in tracked_files():
        if path.suffix == ".py" and path.parts[0] in rooms:
            yield path
