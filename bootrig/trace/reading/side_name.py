"""What people call the side of a boot: its ROM set, with what else the side sets."""

from bootrig.trace.names import VARIED
from bootrig.trace.trace import Trace


def name_side(trace: Trace) -> str:
    """Return the name of a boot's ROM set; where sides set more, as users type it: `roms=host,emulator=qemu-11`."""
    firmware = trace.platform_firmware
    words = [f"roms={_double(trace.rom_set)}"]
    if trace.key.emulator == VARIED:
        words.append(f"emulator={_double(trace.emulator.name)}")
    if trace.key.platform_firmware == VARIED and firmware is not None:
        # a file is called `ovmf@/path/of/it`
        words.append(f"platform-firmware={_double(firmware.name.partition('@')[2] or firmware.name)}")
    return ",".join(words) if len(words) > 1 else trace.rom_set


def _double(word: str) -> str:
    return word.replace(",", ",,")
