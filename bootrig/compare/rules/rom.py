"""The ROM as the running device showed it."""

from collections.abc import Iterator

from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import rule


@rule("rom-bar", topics={"rom-bar"}, depends_on_scenario=False, follows_from=("lint",), judges_truncated=True)
def check_rom_bar(pair: CellPair) -> Iterator[Finding]:
    """Is the ROM BAR of the same size?

    The BAR is the ROM's length rounded up to a power of two. A guest that started with the one size cannot be migrated
    or restored into the other (QEMU: `Size mismatch: ...rom: 0x20000 != 0x40000`), whichever is larger: a regression
    for everyone who migrates. A site that does not, or that keeps the baseline's files for older machine types
    (`romfile=`, as QEMU itself did with `pxe-*.rom` up to pc-1.4), waives it. A ROM BAR that is gone altogether is a
    regression too.
    """
    first, second = (trace.rom.rom_bar_length for trace in pair.sides)
    if first == second:
        return
    why = "live migration and restore between hosts with different sets fail"
    yield Finding(
        Severity.REGRESSION,
        "ROM BAR",
        first,
        second,
        "the ROM BAR has {candidate}, it had {baseline}",
        why if second else "the guest finds no ROM to boot from",
        "bytes",
    )


@rule("rom-length", topics={"rom-bar"}, depends_on_scenario=False, judges_truncated=True)
def check_rom_length(pair: CellPair) -> Iterator[Finding]:
    """Has the ROM's file come close to the size of its BAR?

    Lengths differ from build to build and say nothing by themselves. But a ROM that fills more than 15/16 of its BAR,
    where the baseline's did not, leaves the next update no room: info.
    """
    first, second = (trace.rom for trace in pair.sides)
    tight = [rom.file_length * 16 > rom.rom_bar_length * 15 for rom in (first, second)]
    if first.rom_bar_length != second.rom_bar_length or tight == [False, False] or tight[0] == tight[1]:
        return
    yield Finding(
        Severity.INFO,
        "ROM length",
        first.file_length,
        second.file_length,
        "the ROM's file is {candidate} long, it was {baseline}",
        "it nearly fills its BAR; a little more crosses the power of two, and then migration breaks"
        if tight[1]
        else "it no longer nearly fills its BAR",
        "bytes",
    )


@rule("rom-file", depends_on_scenario=False, judges_truncated=True)
def check_rom_file(pair: CellPair) -> Iterator[Finding]:
    """Does the set itself have the ROM under the name for which QEMU asks?

    A set that has a ROM under one name only is embedded under all names of it. Where the baseline has the very file for
    which the guest asks and the candidate calls it otherwise, guests start only if the candidate is embedded so: a
    change.
    """
    first, second = (trace.rom for trace in pair.sides)
    if second.own_name and not first.own_name:
        yield Finding(
            Severity.CHANGE,
            "ROM file",
            first.romfile,
            second.own_name,
            "the guest asks for {baseline}, which the candidate has as {candidate}",
            "bootrig embed installs it under both names; where the files are copied as they are, no guest starts",
        )
