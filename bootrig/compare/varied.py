"""What the sides of a comparison differ in: ROMs, emulator, platform firmware, by the traces of their boots."""

from collections.abc import Iterator, Sequence

from bootrig.compare.pairing import CellPair, Pairing
from bootrig.trace.names import VARIED
from bootrig.trace.trace import Trace


def tell_varied(pairing: Pairing) -> Iterator[str]:
    """Yield in what the sides differ, where one sets more than ROMs; several things cannot be told apart.

    An emulator's own platform firmware counts: it is another one, whoever chose it.
    """
    pairs = list(pairing)
    if not any(VARIED in (pair.key.emulator, pair.key.platform_firmware) for pair in pairs):
        return
    parts = {
        "ROMs": any(_has_other_rom(pair) for pair in pairs),
        "emulator": any(first.emulator.sha256 != second.emulator.sha256 for first, second in _sides(pairs)),
        "platform firmware": any(
            _digest_firmware(first) != _digest_firmware(second) for first, second in _sides(pairs)
        ),
    }
    differing = [name for name, differs in parts.items() if differs]
    if len(differing) > 1:
        words = f"{', '.join(differing[:-1])} and {differing[-1]}"
        yield f"the sides differ in {words}: this verdict does not tell which of them is to blame"
    elif differing:
        yield f"the sides differ in the {differing[0]} only"
    else:
        yield "the sides have the same ROMs, emulator and platform firmware"


def _sides(pairs: Sequence[CellPair]) -> Iterator[tuple[Trace, Trace]]:
    return (pair.sides for pair in pairs)


def _has_other_rom(pair: CellPair) -> bool:
    # a guest that was not started has no ROM to name
    first, second = (trace.rom.sha256 for trace in pair.sides)
    return bool(first and second and first != second)


def _digest_firmware(trace: Trace) -> str:
    return trace.platform_firmware.sha256 if trace.platform_firmware is not None else ""
