"""Calls of bootrig that benchmarks measure, in a cache of their own: what is kept in it is what they have put there.

The store and what is unpacked of emulators are the user's, since downloads are not measured.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bootrig.emulator.release.unpack import ROOM as EMULATORS
from bootrig.errors import ExitStatus
from bootrig.jsonfile import load_json
from bootrig.record.run import LATEST
from bootrig.romset.obtain import obtain_rom_set
from bootrig.schedule.equipment import count_processors
from bootrig.store.content import Store
from bootrig.store.incoming import STORE_VARIABLE
from bootrig.trace.trace import TRACE_FILE, Trace
from bootrig.workdir import CACHE_VARIABLE
from ci.benchmarks import Figure
from firmware.assemble import fix_rom
from firmware.optionrom.rom import encode_option_rom, parse_option_rom

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that has ended: its wall time, the boots that it made, and how many came from the cache."""

    wall_s: float
    boots: tuple[Trace, ...]
    cached: int

    def median(self, usage: str) -> float:
        """Return the median over the boots of what they used of something, of `rig_s` or `wall_s`."""
        return sorted(trace.usage[usage] for trace in self.boots)[len(self.boots) // 2]

    def iter_figures(
        self, name: str, *, reference_s: float | None = None, limit_s: float | None = None
    ) -> Iterator[Figure]:
        """Yield the call's wall time, and what it did in it."""
        yield Figure(f"{name}, on {count_processors()} cores", self.wall_s, "s", reference_s, limit_s)
        yield Figure("  boots from the cache", self.cached, "")
        yield Figure("  boots made", len(self.boots), "")
        if not self.boots:
            return
        virtual = [trace for trace in self.boots if trace.clock.is_virtual]
        disturbed = sum(bool(trace.outcome.disturbed) for trace in virtual)
        yield Figure("  of them clones", sum(trace.prefix is not None for trace in self.boots), "")
        yield Figure("  of them in real time", len(self.boots) - len(virtual), "")
        yield Figure("  of those in virtual time disturbed", 100 * disturbed / max(1, len(virtual)), "%")
        yield Figure("  boots a second", len(self.boots) / self.wall_s, "/s")


@dataclass(frozen=True, slots=True)
class Rig:
    """A place with a cache of its own, empty at first, in which bootrig is called.

    Attributes:
        directory: where it is, for further files.
    """

    directory: Path

    def call(self, *words: str) -> Call:
        """Run `bootrig` to its end.

        Raises:
            RuntimeError: the rig broke, or the words are wrong.
        """
        runs = self.directory / "runs"
        environment = {
            **os.environ,
            CACHE_VARIABLE: str(self.directory / "cache"),
            STORE_VARIABLE: str(Store.default().root.absolute()),
        }
        argv = [str(ROOT / ".venv/bin/bootrig"), *words, "--runs", str(runs)]
        begun_s = time.monotonic()
        ended = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        wall_s = time.monotonic() - begun_s
        if ended.returncode not in (ExitStatus.GOOD, ExitStatus.BAD):
            raise RuntimeError(f"{' '.join(argv)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        traces = [load_json(path, Trace) for path in sorted((runs / LATEST).glob(f"cells/*/*/*/{TRACE_FILE}"))]
        boots = tuple(trace for trace in traces if not trace.cached)
        return Call(wall_s, boots, len(traces) - len(boots))

    def copy_rom_set(self, name: str, copy: str, *, is_changed: bool = False) -> str:
        """Return the path of a new directory with the ROMs of a set: as they are, or changed in what nothing reads."""
        directory = self.directory / copy
        directory.mkdir()
        for rom in obtain_rom_set(name).roms:
            (directory / rom.file_name).write_bytes(_change_revision(rom.content) if is_changed else rom.content)
        return str(directory)


@contextmanager
def start_rig() -> Iterator[Rig]:
    """Yield a rig with an empty cache; all of it is removed in the end."""
    with tempfile.TemporaryDirectory(prefix="bootrig-bench-") as name:
        directory = Path(name)
        (directory / "cache").mkdir()
        (directory / "cache" / EMULATORS.name).symlink_to(EMULATORS.directory.absolute())
        yield Rig(directory)


def choose(option: str, names: Sequence[str]) -> list[str]:
    """Return the words of an option that can be repeated."""
    return [word for name in names for word in (option, name)]


def take_share(names: Sequence[str], cells: int | None, whole: int) -> Sequence[str]:
    """Return so many NIC models that about `cells` of `whole` cells are left, all of them for None."""
    return names if cells is None else names[: max(1, round(len(names) * cells / whole))]


def _change_revision(content: bytes) -> bytes:
    """Return a ROM whose first image is of another revision of the vendor's, with right checksums."""
    rom = parse_option_rom(content)
    first, *others = rom.images
    pcir = first.pcir and replace(first.pcir, code_revision=first.pcir.code_revision ^ 1)
    changed = replace(first, pcir=pcir)
    return fix_rom(encode_option_rom(replace(rom, images=(changed, *others))))
