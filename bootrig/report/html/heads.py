"""The top of a page: what was booted, when, with what."""

import datetime
import shlex
from collections.abc import Iterator, Sequence

from bootrig import __version__
from bootrig.record.run import Run, RunRom
from bootrig.report.html.evidence import RecordedSide
from bootrig.report.html.views import RomRow, SideView
from bootrig.report.sentences import count

DIGITS = 12
KIB = 1024


def tell_facts(sides: Sequence[RecordedSide]) -> tuple[str, ...]:
    """Return when the runs were, with which emulators, and how long they took."""
    runs: list[Run] = []
    for side in sides:
        if side.recorded is not None and side.recorded.run not in runs:
            runs.append(side.recorded.run)
    return tuple(dict.fromkeys(fact for run in runs for fact in _iter_facts(run))) or (f"bootrig {__version__}",)


def _iter_facts(run: Run) -> Iterator[str]:
    yield run.started.replace("T", " ").removesuffix("Z") + " UTC"
    for emulator in run.emulators.values():
        yield f"QEMU {emulator.version}"
    if run.host.accelerator:
        yield run.host.accelerator.upper()
    yield f"bootrig {run.bootrig}"
    try:
        started, ended = (datetime.datetime.fromisoformat(moment) for moment in (run.started, run.ended or ""))
    except ValueError:
        yield "did not end"
    else:
        minutes, seconds = divmod(round((ended - started).total_seconds()), 60)
        yield f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def tell_command(sides: Sequence[RecordedSide]) -> str:
    """Return the lines that repeat the runs."""
    argvs = dict.fromkeys(side.recorded.run.argv for side in sides if side.recorded is not None)
    return "\n".join(shlex.join(["bootrig", *argv]) for argv in argvs if argv)


def describe_sides(sides: Sequence[RecordedSide]) -> tuple[SideView, ...]:
    """Return what is known of each side."""
    return tuple(
        SideView(side.label, "" if side.side is None else side.side.given, tuple(_iter_side(side))) for side in sides
    )


def _iter_side(side: RecordedSide) -> Iterator[tuple[str, str]]:
    own = side.side
    if own is None or side.recorded is None:
        return
    if own.version:
        yield "version", own.version
    yield "kind", own.kind or "given"
    yield "ROMs", count(len(own.roms), "file")
    for emulator in (own.emulator, own.platform_firmware):
        if emulator:
            yield "sets", emulator
    run = side.recorded.run
    for name, found in run.emulators.items():
        yield f"emulator {name}", f"QEMU {found.version}, {found.sha256[:DIGITS]}"
    for name, firmware in run.platform_firmware.items():
        version = f" {firmware.version}" if firmware.version else ""
        yield f"platform firmware {name}", f"{firmware.file}{version}, {firmware.sha256[:DIGITS]}"


def describe_rom_files(sides: Sequence[RecordedSide]) -> tuple[tuple[RomRow, ...], str]:
    """Return the ROM files of all sides, those with unequal BARs first, and what the BARs say."""
    sets: list[dict[str, RunRom]] = [{rom.file: rom for rom in side.side.roms} if side.side else {} for side in sides]
    rows = []
    for file in sorted({file for roms in sets for file in roms}):
        found = [roms.get(file) for roms in sets]
        lengths = {rom.bar_length for rom in found if rom is not None}
        digests = tuple("" if rom is None else rom.sha256[:DIGITS] for rom in found)
        bars = tuple("" if rom is None else f"{rom.bar_length // KIB} KiB" for rom in found)
        rows.append(RomRow(file, digests, bars, len(lengths) > 1))
    rows.sort(key=lambda row: not row.bar_differs)
    if len(sides) < 2 or not rows:
        return tuple(rows), ""
    unequal = [row for row in rows if row.bar_differs]
    if not unequal:
        return tuple(rows), "ROM BARs are equal: guests migrate between the sides"
    first = " and ".join(unequal[0].bars)
    told = f"ROM BARs differ in {count(len(unequal), 'file')}, the first {unequal[0].file}: {first}"
    return tuple(rows), f"{told}; a guest with the one does not migrate to the other"
