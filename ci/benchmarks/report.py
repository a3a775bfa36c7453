"""How long the HTML page of 300 cells takes to make and to open, and how large it is; they are copies of booted cells.

It is opened by a headless Chromium, from its start to a picture of the first screen, where there is one.
"""

import shutil
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from bootrig.jsonfile import load_json, write_json
from bootrig.record.run import LATEST, RUN_FILE, RecordedRun, Run, RunCell, find_run
from bootrig.report.html.evidence import CAPTURE
from bootrig.trace.names import CellKey, parse_cell_name
from bootrig.trace.trace import TRACE_FILE, Trace
from ci.benchmarks import Figure
from ci.benchmarks._rig import ROOT, start_rig

SETS = ("ipxe-debian-12", "ipxe-debian-13")
BOOTED = ("--scenario", "pxe-tftp", "--scenario", "efi-script", "--nic", "e1000", "--nic", "virtio-net-pci")
CELLS = 300
LARGEST_MB = 20.0
LONGEST_S = 10.0
OPENED_S = 2.0
# In a capture, the seconds of the first packet (pcap, 4.1 and 5).
FIRST_STAMP_OFFSET = 24
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def iter_figures() -> Iterator[Figure]:
    """Yield the time and the length of the page of so many cells."""
    with start_rig() as rig:
        rig.call("compare", *SETS, *BOOTED)
        yield from measure(find_run(f"{rig.directory / 'runs' / LATEST}/"), rig.directory)


def measure(recorded: RecordedRun, directory: Path) -> Iterator[Figure]:
    """Yield the figures of the page of so many cells as `recorded` has; what is made is in `directory`."""
    large = multiply(recorded, directory / "large", CELLS)
    page = directory / "report.html"
    yield Figure(
        f"report of {CELLS} cells",
        time_command(ROOT / ".venv/bin/bootrig", "report", f"{large}/", "-o", page),
        "s",
        limit=LONGEST_S,
    )
    yield Figure("  its length", page.stat().st_size / 1e6, "MB", limit=LARGEST_MB)
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is not None:
        profile = f"--user-data-dir={directory / 'profile'}"
        words = (browser, "--headless", "--no-sandbox", "--disable-gpu", profile, "--window-size=1280,800")
        picture = f"--screenshot={directory / 'page.png'}"
        time_command(*words, picture, "about:blank")  # it makes its profile
        yield Figure("  opened", time_command(*words, picture, page.as_uri()), "s", limit=OPENED_S)


def time_command(*words: str | Path) -> float:
    """Return how many seconds a command takes."""
    begun_s = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    return time.monotonic() - begun_s


def multiply(recorded: RecordedRun, directory: Path, number: int) -> Path:
    """Return the directory of a new run with so many cells: those of `recorded` under further names of scenarios."""
    shutil.copytree(recorded.directory / "roms", directory / "roms")
    keys = list(dict.fromkeys(cell.cell for cell in recorded.run.cells))
    cells = []
    for place in range(number):
        name, again = keys[place % len(keys)], place // len(keys)
        key = _rename(parse_cell_name(name), again)
        for cell in recorded.run.cells:
            if cell.cell == name:
                target = f"cells/{cell.side}/{key.directory_name}"
                _copy(recorded.directory / cell.directory, directory, target, key)
                cells.append(RunCell(str(key), cell.side, target))
    run = load_json(recorded.directory / RUN_FILE, Run)
    write_json(directory / RUN_FILE, structs.replace(run, id=directory.name, cells=tuple(cells)))
    return directory


def _rename(key: CellKey, number: int) -> CellKey:
    return CellKey(f"{key.scenario}-{number}", key.nic_model, key.machine, key.platform_firmware, key.emulator)


def _copy(source: Path, directory: Path, target: str, key: CellKey) -> None:
    """Copy the attempts of a cell: traces under its new name, captures that differ as those of two cells do."""
    shutil.copytree(source, directory / target)
    for path in (directory / target).glob(f"*/{TRACE_FILE}"):
        trace = load_json(path, Trace)
        write_json(path, structs.replace(trace, cell=str(key), directory=f"{target}/{path.parent.name}"), durable=False)
        with (path.parent / CAPTURE).open("r+b") as capture:
            capture.seek(FIRST_STAMP_OFFSET)
            capture.write(zlib.crc32(target.encode()).to_bytes(4, "little"))
