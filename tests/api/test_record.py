"""What `run.json` says of a run's machine in the end."""

from msgspec.structs import replace

from bootrig.api.record import end_run
from bootrig.errors import ExitStatus
from bootrig.record.run import Run, RunHost
from tests.compare.factory import Boot, trace

RECORD = Run(id="1", verb="run", bootrig="0", started="", host=RunHost(cpus=2, python="3.11"))
HELD = ("user-namespace", "unprivileged-user", "own-root", "own-proc", "emulator-namespace", "seccomp", "qemu-sandbox")


def test_what_held_all_guests_is_told_and_what_some_lacked() -> None:
    held = replace(trace(Boot()), confinement=HELD)
    lacks = replace(held, confinement=HELD[:3], lacking=("own-proc (masked)",))
    unstarted = trace(Boot())
    told = end_run(RECORD, [unstarted, held], ExitStatus.BAD)
    assert (told.host.confinement, told.host.lacking, told.exit_status) == (HELD, (), 1)
    assert told.ended is not None
    told = end_run(RECORD, [held, lacks, lacks], ExitStatus.GOOD)
    assert told.host.lacking == ("own-proc (masked)",)
    assert told.host.confinement == tuple(word for word in HELD if word != "own-proc")


def test_where_nothing_was_started_nothing_is_told() -> None:
    told = end_run(RECORD, [trace(Boot())], ExitStatus.GOOD)
    assert (told.host.confinement, told.host.lacking) == ((), ())
