"""`bootrig boot ROMSET`: one boot, with its console."""

import argparse
from pathlib import Path

from bootrig.cli.matrix_options import add_time_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("rom_set", metavar="ROMSET", help="the ROM set to boot")
    parser.add_argument("--nic", default="e1000", metavar="NAME", help="NIC model (default: e1000)")
    parser.add_argument("--scenario", default="pxe-tftp", metavar="NAME", help="scenario (default: pxe-tftp)")
    parser.add_argument("--machine", default=None, metavar="NAME", help="machine type (default: the scenario's first)")
    parser.add_argument("--platform-firmware", default=None, metavar="NAME", help="(default: the scenario's first)")
    parser.add_argument("--emulator", default="host", metavar="NAME", help="emulator (default: host)")
    parser.add_argument(
        "--interactive", action="store_true", help="type at the guest's console; Ctrl-] ends (in real time)"
    )
    add_time_options(parser)
    parser.add_argument("--runs", type=Path, default=None, metavar="DIR", help="where run directories are made")


def run(arguments: argparse.Namespace) -> int:
    """Boot once, show the console, say how it ended; 0 where it passed, 1 where it failed."""
    from bootrig.cell.cell import run_cell  # noqa: PLC0415
    from bootrig.cell.specification import write_specification  # noqa: PLC0415
    from bootrig.cli.matrix_options import read_launch, read_time_mode  # noqa: PLC0415 - a fast --help
    from bootrig.cli.terminal import Keyboard, Screen, raw_terminal, require_typist  # noqa: PLC0415
    from bootrig.scenario.errors import CellSelectionError  # noqa: PLC0415
    from bootrig.schedule.campaign import make_equipment, make_side, specify  # noqa: PLC0415
    from bootrig.schedule.plan import Filters, plan_cells  # noqa: PLC0415
    from bootrig.trace.trace import OutcomeStatus, TimeMode  # noqa: PLC0415
    from bootrig.workdir import make_run_directory  # noqa: PLC0415

    if arguments.interactive:
        require_typist()
    filters = Filters(
        nic_models=(arguments.nic,),
        scenarios=(arguments.scenario,),
        machines=(arguments.machine,) if arguments.machine else (),
        platform_firmware=(arguments.platform_firmware,) if arguments.platform_firmware else (),
        emulators=(arguments.emulator,),
    )
    planned = plan_cells(filters)
    if len({cell.scenario.name for cell in planned}) > 1:
        names = ", ".join(dict.fromkeys(cell.scenario.name for cell in planned))
        raise CellSelectionError(f"{arguments.scenario} has variants, name one", remedy=f"known: {names}")
    cell = planned[0]
    wish = TimeMode.REAL if arguments.interactive or cell.scenario.in_real_time else read_time_mode(arguments)
    equipment = make_equipment([cell], wish, arguments.accelerator, read_launch(arguments))
    run_directory = make_run_directory(arguments.runs, "boot")
    side = make_side(arguments.rom_set, run_directory, "roms")
    if not side.covers(cell.key.nic_model):
        raise CellSelectionError(
            f"{arguments.rom_set} has no ROM for {cell.key.nic_model}",
            remedy=f"bootrig {'lint' if '/' in arguments.rom_set else 'roms show'} {arguments.rom_set}",
        )
    specification = specify(cell, side, equipment, run_directory, equipment.time_mode)
    write_specification(specification)
    if arguments.interactive:
        print("The guest's console is yours; Ctrl-] ends.", flush=True)
        with raw_terminal():
            trace = run_cell(specification, Keyboard())
    else:
        trace = run_cell(specification, Screen())
    how = "left" if arguments.interactive else f"{trace.outcome.status}, {trace.outcome.reason}"
    print(f"\nOutcome: {how}")
    for milestone in trace.milestones:
        moment = f"{milestone.guest_s:9.3f} s" if milestone.guest_s is not None else " " * 11
        print(f"  {moment}  {milestone.name:<16} {milestone.evidence}")
    print(f"Everything that was seen: {specification.directory}")
    return 0 if arguments.interactive or trace.outcome.status is OutcomeStatus.PASSED else 1
