"""`bootrig boot SIDE`: one boot, with its console."""

import argparse

from bootrig.cli.boot_options import add_launch_options, read_request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "rom_set", metavar="SIDE", help="the side: NAME, host, ./DIRECTORY, ./PACKAGE, ./FILE.rom, or parts, as of run"
    )
    parser.add_argument("--nic", default="e1000", metavar="NAME", help="NIC model (default: e1000)")
    parser.add_argument("--scenario", default="pxe-tftp", metavar="NAME", help="scenario (default: pxe-tftp)")
    parser.add_argument("--machine", metavar="NAME", help="guest (default: the scenario's first)")
    parser.add_argument("--platform-firmware", metavar="NAME", help="(default: the scenario's first)")
    parser.add_argument("--emulator", default="host", metavar="NAME", help="emulator (default: host)")
    parser.add_argument(
        "--interactive", action="store_true", help="type at the guest's console; Ctrl-] ends (in real time)"
    )
    add_launch_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Boot once, show the console, say how it ended; 0 where it passed, 1 where it failed."""
    from bootrig.api import BootRequest, boot
    from bootrig.cli.terminal import Keyboard, Screen, require_typist, start_raw_terminal
    from bootrig.errors import ExitStatus

    if arguments.interactive:
        require_typist()
    request = BootRequest(
        rom_set=arguments.rom_set,
        scenario=arguments.scenario,
        nic_model=arguments.nic,
        machine=arguments.machine,
        platform_firmware=arguments.platform_firmware,
        emulator=arguments.emulator,
        interactive=arguments.interactive,
        **read_request(arguments),
    )
    if arguments.interactive:
        print("The guest's console is yours; Ctrl-] ends.", flush=True)
        with start_raw_terminal():
            trace, directory = boot(request, Keyboard())
    else:
        trace, directory = boot(request, Screen())
    how = "left" if arguments.interactive else f"{trace.outcome.status}, {trace.outcome.reason}"
    print(f"\nOutcome: {how}")
    for failure in trace.outcome.on_the_way:
        print(f"  failed on the way: {failure}")
    for milestone in trace.milestones:
        moment = f"{milestone.guest_s:9.3f} s" if milestone.guest_s is not None else " " * 11
        print(f"  {moment}  {milestone.name:<16} {milestone.evidence.text}")
    print(f"Everything that was seen: {directory}")
    return ExitStatus.GOOD if arguments.interactive or trace.passed else ExitStatus.BAD
