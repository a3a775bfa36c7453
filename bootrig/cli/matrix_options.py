"""The options that `run`, `compare` and `boot` share, and what they become."""

import argparse
import os
from pathlib import Path

from bootrig.emulator.definition.launch import (
    AcceleratorWish,
    ConfigureBy,
    Launch,
    Launcher,
    RomBy,
    require_possible,
)
from bootrig.errors import InputError
from bootrig.schedule.plan import Filters
from bootrig.schedule.pool import default_jobs
from bootrig.trace.trace import TimeMode

ACCELERATOR_VARIABLE = "BOOTRIG_ACCELERATOR"


def add_matrix_options(parser: argparse.ArgumentParser) -> None:
    """Add the filters, each repeatable, and `-j`."""
    for option, what in (
        ("--nic", "NIC model"),
        ("--scenario", "scenario, with or without variant"),
        ("--machine", "machine type"),
        ("--platform-firmware", "platform firmware"),
        ("--emulator", "emulator"),
    ):
        parser.add_argument(option, action="append", default=[], metavar="NAME", help=f"only this {what}; repeatable")
    parser.add_argument(
        "-j", "--jobs", type=int, default=None, metavar="N", help="cells at a time (default: processors)"
    )
    add_time_options(parser)
    parser.add_argument("--runs", type=Path, default=None, metavar="DIR", help="where run directories are made")


def add_time_options(parser: argparse.ArgumentParser) -> None:
    """Add how guests run: `--time`, `--accelerator`, `--launcher`, `--configure-by`, `--rom-by`."""
    parser.add_argument(
        "--time",
        choices=[mode.value for mode in TimeMode],
        default=None,
        help="how the guests' clocks run (default: virtual under TCG)",
    )
    parser.add_argument(
        "--accelerator",
        choices=[wish.value for wish in AcceleratorWish],
        default=os.environ.get(ACCELERATOR_VARIABLE) or AcceleratorWish.AUTO.value,
        help=f"how instructions are executed (default: ${ACCELERATOR_VARIABLE}, else KVM where canary boots proved it)",
    )
    for option, words, default, what in (
        ("--launcher", Launcher, Launcher.DIRECT, "who starts QEMU"),
        ("--configure-by", ConfigureBy, ConfigureBy.COMMAND_LINE, "how guests learn what they are made of"),
        ("--rom-by", RomBy, RomBy.DEFAULT, "how NICs get their ROM"),
    ):
        known = [word.value for word in words]
        parser.add_argument(option, choices=known, default=default.value, help=f"{what} (default: {default})")


def read_launch(arguments: argparse.Namespace) -> Launch:
    """Return how guests are started.

    Raises:
        InputError: no guest can be started so.
    """
    launch = Launch(Launcher(arguments.launcher), ConfigureBy(arguments.configure_by), RomBy(arguments.rom_by))
    require_possible(launch)
    return launch


def read_filters(arguments: argparse.Namespace) -> Filters:
    """Return the filters that a command line names."""
    return Filters(
        nic_models=tuple(arguments.nic),
        scenarios=tuple(arguments.scenario),
        machines=tuple(arguments.machine),
        platform_firmware=tuple(arguments.platform_firmware),
        emulators=tuple(arguments.emulator),
    )


def read_time_mode(arguments: argparse.Namespace) -> TimeMode | None:
    """Return the time mode that a command line asks for, None for the default."""
    return TimeMode(arguments.time) if arguments.time else None


def read_jobs(arguments: argparse.Namespace) -> int:
    """Return how many cells run at a time.

    Raises:
        InputError: it is no positive number.
    """
    if arguments.jobs is None:
        return default_jobs()
    if arguments.jobs < 1:
        raise InputError(f"-j {arguments.jobs}: at least one cell has to run")
    return int(arguments.jobs)
