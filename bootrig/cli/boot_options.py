"""The options that `run`, `compare` and `boot` share, and the requests that they become. Imports nothing heavy."""

import argparse
from typing import TYPE_CHECKING, Any

from bootrig.cache import FRESH_VARIABLE, choose_default_freshness
from bootrig.cli.argument_types import parse_runs
from bootrig.emulator.definition.launch import (
    ACCELERATOR_VARIABLE,
    AcceleratorWish,
    ConfigureBy,
    Launch,
    Launcher,
    RomBy,
    choose_default_accelerator,
)

if TYPE_CHECKING:
    from bootrig.api import Matrix


def add_matrix_options(parser: argparse.ArgumentParser) -> None:
    """Add the filters, each repeatable, and `-j`."""
    for option, what in (
        ("--nic", "only these NIC models: a name, a pattern such as 'virtio*', several between commas; repeatable"),
        ("--scenario", "only these scenarios, with or without variant; as --nic"),
        ("--machine", "only these guests, by the names of their definitions; as --nic"),
        ("--platform-firmware", "only this platform firmware; as --nic"),
        ("--emulator", "only these emulators; as --nic"),
        ("--suite", "the scenarios of these suites; as --nic (default: default; full has all)"),
    ):
        parser.add_argument(option, action="append", default=[], metavar="NAME", help=what)
    parser.add_argument(
        "--shard", metavar="I/N", help="only the I-th of N parts of the matrix; bootrig merge joins their runs"
    )
    parser.add_argument(
        "-j", "--jobs", type=int, metavar="N", help="cells at a time (default: one a processor, or a worker's thread)"
    )
    parser.add_argument(
        "--repeat",
        type=int,
        default=1,
        metavar="N",
        help="boot each cell N times; one whose boots end differently is unstable, and counts as failed (default: 1)",
    )
    parser.add_argument(
        "--on",
        metavar="dask://HOST:PORT",
        help="run the cells on the workers of this scheduler (extra dask); each worker makes its own shared beginnings",
    )
    parser.add_argument(
        "--confirm",
        choices=("one", "all"),
        default="one",
        help="in which cells of a cause a regression or a failed boot has to be seen in real time (default: one)",
    )
    parser.add_argument(
        "--confirm-by",
        choices=("kvm", "tcg"),
        help="what boots in real time to confirm (default: as --accelerator; else KVM where it is proven)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        default=choose_default_freshness(),
        help=f"boot what the cache knows, too (default: only where ${FRESH_VARIABLE} is set)",
    )
    parser.add_argument(
        "--cold", action="store_true", help="boot every cell from power-on, also those that could share a beginning"
    )
    add_launch_options(parser)


def add_launch_options(parser: argparse.ArgumentParser) -> None:
    """Add how guests run, and where run directories are made."""
    parser.add_argument(
        "--time",
        choices=("virtual", "real"),
        help="how the guests' clocks run (default: virtual, but real with --accelerator kvm)",
    )
    parser.add_argument(
        "--accelerator",
        choices=[wish.value for wish in AcceleratorWish],
        default=choose_default_accelerator(),
        help="what executes instructions where time is real; kvm: in all boots "
        f"(default: ${ACCELERATOR_VARIABLE}, else auto: KVM where canary boots proved it)",
    )
    for option, words, what in (
        ("--launcher", Launcher, "who starts QEMU"),
        ("--configure-by", ConfigureBy, "how QEMU learns what the guest is made of"),
        ("--rom-by", RomBy, "how the NIC gets its ROM"),
    ):
        known = [word.value for word in words]
        parser.add_argument(option, choices=known, default=known[0], help=f"{what} (default: {known[0]})")
    parser.add_argument("--runs", type=parse_runs, metavar="DIR", help="where run directories are made")


def read_request(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of an `api.Request`."""
    return {
        "is_virtual": None if arguments.time is None else arguments.time == "virtual",
        "accelerator": arguments.accelerator,
        "launch": Launch(Launcher(arguments.launcher), ConfigureBy(arguments.configure_by), RomBy(arguments.rom_by)),
        "runs": arguments.runs,
        "argv": tuple(arguments.argv),
    }


def read_matrix(arguments: argparse.Namespace) -> "Matrix":
    """Return which cells a command line asks for."""
    from bootrig.api import FILTERS, Filters, Matrix, Shard

    filters = Filters(**{field: tuple(getattr(arguments, word)) for word, field in FILTERS.items()})
    return Matrix(
        filters=filters,
        shard=None if arguments.shard is None else Shard.parse(arguments.shard),
        parallelism=arguments.jobs,
        confirm_everywhere=arguments.confirm == "all",
        confirm_by=arguments.confirm_by or AcceleratorWish.AUTO,
        is_fresh=arguments.fresh,
        is_cold=arguments.cold,
        repeat=arguments.repeat,
        on=arguments.on,
        **read_request(arguments),
    )
