"""`bootrig record SIDE`: boot a ROM set in every cell and keep the boots as a recording."""

import argparse
from pathlib import Path

from bootrig.cli.boot_options import add_matrix_options, read_matrix


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "rom_set", metavar="SIDE", help="a ROM set to boot: NAME of a recipe, host, ./DIRECTORY, ./PACKAGE, ./FILE.rom"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where the recording goes (default: NAME.jsonl.xz here); compare finds it in baselines/ of a directory "
        "of $BOOTRIG_RECIPES",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="no boots at a second clock: what needs one stays unconfirmed, and waits cannot be told from work",
    )
    add_matrix_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Boot every cell, cold, write the recording, and print where it is; 3 where the rig broke in some cells."""
    from bootrig import api
    from bootrig.cli.boot_progress import Progress
    from bootrig.output import open_output
    from bootrig.record.recording import SUFFIX, encode_recording

    output = open_output(arguments.output or Path(f"{Path(arguments.rom_set).name}{SUFFIX}"))
    with Progress() as listener:
        result = api.record(arguments.rom_set, read_matrix(arguments), listener, once=arguments.once)
    content = encode_recording(result.recording)
    output.write(content)
    cells = len({trace.cell for trace in result.recording.traces})
    print(f"{cells} cells, {len(result.recording.traces)} boots, {len(content)} bytes: {output.path}")
    for key, message in result.broken.items():
        print(f"not in it: {key}: the rig broke: {message}")
    return result.status
