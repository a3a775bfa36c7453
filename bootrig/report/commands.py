"""Commands that boot again what a report tells of."""

import shlex
from collections.abc import Sequence

from bootrig.trace.names import DEFAULT_EMULATOR, VARIED, CellKey
from bootrig.trace.trace import Trace


def repeat_boot(given: str, trace: Trace, *, is_interactive: bool = False) -> str:
    """Return the command that repeats a boot of the side that was given so, or lets somebody type at its console."""
    in_real_time = [] if trace.clock.is_virtual else ["--time", "real"]
    return _join(["bootrig", "boot", given], trace.key, ["--interactive"] if is_interactive else in_real_time)


def repeat_comparison(baseline: str, candidate: str, key: CellKey) -> str:
    """Return the command that compares two sides in one cell alone."""
    return _join(["bootrig", "compare", baseline, candidate], key)


def _join(words: Sequence[str], key: CellKey, more: Sequence[str] = ()) -> str:
    place = ["--scenario", key.scenario, "--nic", key.nic_model, "--machine", key.machine]
    place += [] if key.platform_firmware == VARIED else ["--platform-firmware", key.platform_firmware]
    place += [] if key.emulator in (VARIED, DEFAULT_EMULATOR) else ["--emulator", key.emulator]
    return shlex.join([*words, *place, *more])
