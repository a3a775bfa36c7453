"""A machine type of 2013, which asks for pxe-*.rom, and an emulator that has it: QEMU 10 has not."""

from functools import cache

from bootrig.deadline import Deadline
from bootrig.emulator.release.discovery import Emulator, find_host_emulator
from bootrig.process import run_process
from tests.emulator.conftest import require_emulator

OLD_TYPE = "pc-i440fx-1.4"
EMULATOR = "qemu-7.2"


@cache
def name_emulator() -> str:
    """Return the name of an emulator that has the old type: the host's where it does."""
    words = [*find_host_emulator().command, "-machine", "help"]
    told = run_process(words, deadline=Deadline.after(10, "QEMU lists its machine types")).stdout.decode()
    return "host" if OLD_TYPE in told.split() else EMULATOR


def require_emulator_with_old_type() -> Emulator:
    """Return that emulator, which is unpacked if it has not been."""
    return require_emulator(name_emulator())
