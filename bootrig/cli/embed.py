"""`bootrig embed`: write a ROM set into an emulator's data directory, or restore the previous one."""

import argparse

from bootrig.cli.argument_types import parse_directory
from bootrig.errors import ExitStatus, InputError
from bootrig.romset.embed import embed_rom_set, require_option_roms, rollback


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig embed` takes."""
    parser.add_argument(
        "rom_set",
        metavar="SIDE",
        nargs="?",
        help="the ROM set: NAME of a recipe, ./DIRECTORY, ./PACKAGE, ./FILE.rom",
    )
    parser.add_argument("--into", metavar="DIR", type=parse_directory, required=True, help="the data directory")
    parser.add_argument("--rollback", action="store_true", help="restore what the directory had before")
    parser.add_argument(
        "--force",
        action="store_true",
        help="displace files that bootrig did not write, which are kept; take files that are not option ROMs",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig embed`.

    Raises:
        InputError: the options contradict each other, or files of others are in the way.
        RigError: the ROM set is not available, or the directory cannot be written.
    """
    if arguments.rollback:
        if arguments.rom_set:
            raise InputError("--rollback takes no ROM set: it restores what the directory had before")
        manifest = rollback(arguments.into, force=arguments.force)
        print(f"{arguments.into}: {manifest.rom_set if manifest else 'no ROM set'} is restored")
        return ExitStatus.GOOD
    if not arguments.rom_set:
        raise InputError("which ROM set?", remedy="bootrig roms lists them")
    # What obtains ROM sets is imported late: --rollback needs none of it.
    from bootrig.romset.obtain import obtain_rom_set
    from bootrig.romset.package_owner import require_unowned

    require_unowned(arguments.into)
    rom_set = obtain_rom_set(arguments.rom_set)
    if not arguments.force:
        require_option_roms(rom_set)
    manifest = embed_rom_set(rom_set, arguments.into, force=arguments.force)
    print(f"{arguments.into}: {rom_set.name}, {len(manifest.files)} files")
    if manifest.displaced:
        print(f"kept in {arguments.into / '.bootrig' / 'displaced'}: {', '.join(manifest.displaced)}")
    return ExitStatus.GOOD
