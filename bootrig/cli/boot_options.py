"""The options that `run`, `compare` and `boot` share, and the requests that they become. Imports nothing heavy."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.emulator.definition.launch import AcceleratorWish, ConfigureBy, Launch, Launcher, RomBy

if TYPE_CHECKING:
    from bootrig.api import Matrix

ACCELERATOR_VARIABLE = "BOOTRIG_ACCELERATOR"
TIMES = ("virtual", "real")


def add_matrix_options(parser: argparse.ArgumentParser) -> None:
    """Add the filters, each repeatable, and `-j`."""
    for option, what in (
        ("--nic", "NIC model"),
        ("--scenario", "scenario, with or without variant"),
        ("--machine", "guest, by the name of its definition"),
        ("--platform-firmware", "platform firmware"),
        ("--emulator", "emulator"),
    ):
        parser.add_argument(option, action="append", default=[], metavar="NAME", help=f"only this {what}; repeatable")
    parser.add_argument(
        "--suite",
        action="append",
        default=[],
        metavar="NAME",
        help="the scenarios of this suite; repeatable (default: default; full has all)",
    )
    parser.add_argument(
        "-j", "--jobs", type=int, default=None, metavar="N", help="cells at a time (default: one a processor)"
    )
    add_launch_options(parser)


def add_launch_options(parser: argparse.ArgumentParser) -> None:
    """Add how guests run, and where run directories are made."""
    parser.add_argument(
        "--time",
        choices=TIMES,
        default=None,
        help="how the guests' clocks run (default: virtual under TCG)",
    )
    parser.add_argument(
        "--accelerator",
        choices=[wish.value for wish in AcceleratorWish],
        default=os.environ.get(ACCELERATOR_VARIABLE) or AcceleratorWish.AUTO.value,
        help=f"how instructions are executed (default: ${ACCELERATOR_VARIABLE}, else KVM where canary boots proved it)",
    )
    for option, words, what in (
        ("--launcher", Launcher, "who starts QEMU"),
        ("--configure-by", ConfigureBy, "how QEMU learns what the guest is made of"),
        ("--rom-by", RomBy, "how the NIC gets its ROM"),
    ):
        known = [word.value for word in words]
        parser.add_argument(option, choices=known, default=known[0], help=f"{what} (default: {known[0]})")
    parser.add_argument("--runs", type=Path, default=None, metavar="DIR", help="where run directories are made")


def read_launch(arguments: argparse.Namespace) -> Launch:
    """Return how guests are started."""
    return Launch(Launcher(arguments.launcher), ConfigureBy(arguments.configure_by), RomBy(arguments.rom_by))


def read_is_virtual(arguments: argparse.Namespace) -> bool | None:
    """Return whether guests' clocks count instructions, None for the default."""
    return None if arguments.time is None else arguments.time == "virtual"


def read_matrix(arguments: argparse.Namespace) -> "Matrix":
    """Return which cells a command line asks for."""
    from bootrig.api import Filters, Matrix

    return Matrix(
        filters=Filters(
            nic_models=tuple(arguments.nic),
            scenarios=tuple(arguments.scenario),
            machines=tuple(arguments.machine),
            platform_firmware=tuple(arguments.platform_firmware),
            emulators=tuple(arguments.emulator),
            suites=tuple(arguments.suite),
        ),
        parallelism=arguments.jobs,
        is_virtual=read_is_virtual(arguments),
        accelerator=arguments.accelerator,
        launch=read_launch(arguments),
        runs=arguments.runs,
        argv=tuple(arguments.argv),
    )
