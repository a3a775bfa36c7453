"""Platform firmware that sides give as files: copied into the run, which its cells may read, whoever owns the file."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from bootrig.cell.process import describe_host_error
from bootrig.emulator.release.firmware_file import FIRMWARE
from bootrig.givenfile import read_given
from bootrig.scenario.platform import find_firmware_file
from bootrig.schedule.equipment import PROGRAMS_DIRECTORY, Equipment
from bootrig.workdir import write_atomically


def keep_firmware(equipment: Equipment, run_directory: Path) -> Equipment:
    """Return the equipment with the given files as they are in the run's directory.

    Raises:
        InputError: a file cannot be read any more.
        RigError: it cannot be written.
    """

    def keep(path: Path) -> Path:
        content = read_given(path, FIRMWARE)
        kept = run_directory / PROGRAMS_DIRECTORY / sha256(content).hexdigest() / path.name
        try:
            if not kept.exists():
                write_atomically(kept, content)
        except OSError as error:
            raise describe_host_error(error, run_directory) from error
        return kept

    given = {
        place: replace(
            found, code=keep(found.code), variables=None if found.variables is None else keep(found.variables)
        )
        for place, found in equipment.shipped_firmware.items()
        if find_firmware_file(place[1])
    }
    files = {name: given[place].code for place in given if (name := place[1]) in equipment.platform_firmware}
    return replace(
        equipment,
        shipped_firmware={**equipment.shipped_firmware, **given},
        platform_firmware={**equipment.platform_firmware, **files},
    )
