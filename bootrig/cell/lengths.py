"""How much a guest may make a cell write, watched while it runs, so that no disk fills.

What a guest sends is bounded; so what servers log of it is, too. What it receives has a limit of its own, which large
files need. No known boot comes near: a console has 10 KB, and a guest that loads 100 MB sends 5 MB of acknowledgements.
"""

from dataclasses import dataclass
from pathlib import Path

from bootrig.cell.serving import LOGS_DIRECTORY
from bootrig.cell.specification import CAPTURE_FILE, SENT_CAPTURE_FILE
from bootrig.emulator.guest.guest import CONSOLE_FILE, OUTPUT_FILE

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class LengthLimit:
    """A limit: the files of the attempt's directory that it is for, bytes of each, what a guest did that wants more."""

    files: str
    length: int
    what: str

    @property
    def reason(self) -> str:
        """Why a boot ends that goes past it, for people."""
        return f"the guest {self.what} more than {self.length // MIB} MiB"


LIMITS = (
    LengthLimit(CONSOLE_FILE, 8 * MIB, "wrote to its console"),
    LengthLimit(SENT_CAPTURE_FILE, 16 * MIB, "sent packets of"),
    LengthLimit(CAPTURE_FILE, 192 * MIB, "exchanged packets of"),
    LengthLimit(f"{LOGS_DIRECTORY}/*", 64 * MIB, "had a server log"),
    LengthLimit(OUTPUT_FILE, 8 * MIB, "had QEMU complain by"),
)
PERIOD_S = 0.05


def find_excess(directory: Path) -> LengthLimit | None:
    """Return the first limit that a file in `directory` has gone past, None for none."""
    return next((limit for limit in LIMITS if _is_passed(limit, directory)), None)


def _is_passed(limit: LengthLimit, directory: Path) -> bool:
    return any(path.stat().st_size > limit.length for path in directory.glob(limit.files))
