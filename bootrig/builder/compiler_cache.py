"""What ccache keeps of compilations, in the cache directory; ccache itself holds it within its limit.

A build always runs under the same path with the same environment, and no setting of the user's or the machine's makes
ccache take one source for another: what comes from it is what the compiler would write.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.cache import Entry
from bootrig.temporary import remove_path
from bootrig.workdir import cache_directory

PROGRAM = "ccache"
# Programs with the names of compilers that run them through ccache (ccache(1), "Run modes").
LINKS = "/usr/lib/ccache"
# Results are in folders that are called by the first digit of their hash; beside them each folder has its counters.
FOLDER, COUNTERS = re.compile(r"[0-9a-f]"), "stats"


@dataclass(frozen=True, slots=True)
class CompilerCache:
    """The room of the cache that ccache uses.

    Attributes:
        name: the directory's.
        limit: how many bytes it holds.
    """

    name: str
    limit: int

    @property
    def directory(self) -> Path:
        """The directory, which need not be there."""
        return (cache_directory() / self.name).resolve()

    def environment(self) -> Mapping[str, str]:
        """Return the variables by which ccache works in it (ccache(1), "Configuration options")."""
        return {
            "CCACHE_DIR": str(self.directory),
            "CCACHE_CONFIGPATH": os.devnull,
            "CCACHE_MAXSIZE": f"{self.limit >> 20}Mi",
            "CCACHE_NOHASHDIR": "1",
            "CCACHE_COMPILERCHECK": "content",
        }

    def entries(self) -> tuple[Entry, ...]:
        """Return the results that it keeps.

        Raises:
            OSError: it cannot be read.
        """
        return tuple(self._iter_entries())

    def _iter_entries(self) -> Iterator[Entry]:
        with suppress(FileNotFoundError):
            for folder in self.directory.iterdir():
                if FOLDER.fullmatch(folder.name):
                    for place, _, names in os.walk(folder):
                        for path in (Path(place, name) for name in names if name != COUNTERS):
                            with suppress(FileNotFoundError):
                                status = path.lstat()
                                yield Entry(path, status.st_size, status.st_mtime)

    def remove(self, entry: Entry) -> bool:
        """Remove a result; return whether it is gone, as it is. A compiler that reads it has it to the end.

        Raises:
            OSError: it cannot be removed.
        """
        remove_path(entry.path)
        return True


ROOM = CompilerCache("ccache", limit=1 << 30)
