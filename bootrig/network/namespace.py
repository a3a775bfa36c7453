"""Running a function in namespaces of its own: user, network, PID, mount, IPC and UTS namespace.

Three processes take part. The caller forks a keeper; the keeper unshares, forks the init process (PID 1 of the new PID
namespace, which runs the function) and waits. The caller stays in its own namespaces and can do this again. Each
process has PR_SET_PDEATHSIG, so the end of the caller, even by SIGKILL, ends the keeper, then init, then (by the
kernel) every process of the PID namespace; the network namespace goes with the last of them.

Sources: unshare(2), namespaces(7), pid_namespaces(7), user_namespaces(7), prctl(2).
"""

import errno
import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bootrig.bug import keep_bug
from bootrig.confinement import kernel
from bootrig.confinement.entry import Entry
from bootrig.confinement.identity import find_own_identity, map_identity
from bootrig.confinement.kernel import die_with_parent
from bootrig.deadline import Deadline
from bootrig.errors import BootrigError, BugError, InputError, RigError
from bootrig.network.errors import NamespaceError
from bootrig.network.permission import namespace_remedy
from bootrig.process_tree import kill_tree
from bootrig.shortage import MEMORY_REMEDY, count_memory_kills

REPORT_LENGTH = 32768
REPORTED = (InputError, BugError, NamespaceError, RigError)  # what comes out of the namespaces, by its first kind
KEEPER_FAILED = 255
WATCH_PERIOD_S = 0.5
END_S = 2.0

KINDS = kernel.CLONE_NEWNET | kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS


def _unshare() -> None:
    """Leave the caller's namespaces: as root directly, else (or where root may not) by way of a user namespace."""
    if os.geteuid() == 0:
        try:
            kernel.unshare(KINDS)
        except OSError as error:
            if error.errno != errno.EPERM:
                raise
        else:
            return
    own = find_own_identity()
    kernel.unshare(KINDS | kernel.CLONE_NEWUSER)
    map_identity(own)


def _mount_proc() -> None:
    """Give the new PID namespace its own /proc.

    Containers that mask theirs forbid it, and in a chroot whose root is not a mount point it could not be kept from the
    host; then /proc stays as it is, which nothing here depends on.
    """
    with suppress(OSError):
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _report(pipe: int, error: BootrigError) -> None:
    kind = next(kind for kind in REPORTED if isinstance(error, kind))
    text = json.dumps([kind.__name__, str(error)[-REPORT_LENGTH:], error.remedy])
    with suppress(OSError):
        os.write(pipe, text.encode())


def _run_init(function: Callable[[], int], report: int, keeper_lives: int, entry: Entry | None) -> NoReturn:
    """Be PID 1: run the function and exit with what it returns."""
    status = KEEPER_FAILED
    try:
        die_with_parent()
        if select.select([keeper_lives], [], [], 0)[0]:  # end of file: the keeper died before prctl
            os._exit(KEEPER_FAILED)
        os.close(keeper_lives)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides; Ctrl-C reaches the whole process group
        if entry is None:
            _mount_proc()
        else:
            _enter(entry)
        status = function() & 0xFF
    except BootrigError as error:
        _report(report, error)
    except BaseException as error:  # noqa: BLE001 - this process ends here; the caller gets the text
        _report(report, keep_bug(error))
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _enter(entry: Entry) -> None:
    try:
        entry.enter()
    except OSError as error:
        what = f"cannot confine the cell: {error.filename or 'a step'}: {error.strerror}"
        raise NamespaceError(what, remedy=namespace_remedy()) from error


def _run_keeper(
    function: Callable[[], int], report: int, caller: int, mask: set[signal.Signals | int], entry: Entry | None
) -> NoReturn:
    """Unshare, fork init, wait for it; end it on SIGTERM, which is blocked when this starts (`mask` was before)."""
    status, kills = KEEPER_FAILED, count_memory_kills()
    try:
        if entry is None:
            _unshare()
        else:
            entry.unshare(KINDS)
        die_with_parent()
        if os.getppid() != caller:
            os._exit(KEEPER_FAILED)
        init_lives = os.pipe()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        init = os.fork()
        if init == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(init_lives[1])
            _run_init(function, report, init_lives[0], entry)
        os.close(init_lives[0])
        signal.signal(signal.SIGTERM, lambda _number, _frame: os.kill(init, signal.SIGKILL))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        status = os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])
        if status < 0:
            remedy = MEMORY_REMEDY if count_memory_kills() > kills else ""
            what = f"what ran in the namespaces was ended by {signal.Signals(-status).name}"
            _report(report, NamespaceError(what, remedy=remedy))
            status = KEEPER_FAILED
    except OSError as error:
        what = f"cannot make namespaces: {error.filename or 'fork'}: {error.strerror}"
        _report(report, NamespaceError(what, remedy=namespace_remedy()))
    except BaseException as error:  # noqa: BLE001 - this process ends here; the caller gets the text
        _report(report, keep_bug(error))
    finally:
        os._exit(status)


@contextmanager
def _terminated_by_signal(keeper: int) -> Iterator[None]:
    """While inside, SIGTERM to this process ends the keeper first and then takes its usual effect."""
    try:
        previous = signal.getsignal(signal.SIGTERM)

        def end(number: int, _frame: FrameType | None) -> None:
            _end_keeper(keeper)
            signal.signal(number, previous)
            os.kill(os.getpid(), number)

        signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread: the kernel's PR_SET_PDEATHSIG has to do
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _end_keeper(keeper: int) -> None:
    """Have the keeper end its init and wait for both; what is stopped and cannot do so is killed."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(keeper, signal.SIGTERM)
        if not _await_end(keeper, END_S):
            kill_tree(keeper)
        os.waitpid(keeper, 0)


def _await_end(keeper: int, limit_s: float | None) -> bool:
    """Wait for the keeper's end, at most so long; return whether it has come."""
    handle = os.pidfd_open(keeper)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(None if limit_s is None else limit_s * 1000))
    finally:
        os.close(handle)


def _wait(keeper: int, deadline: Deadline, watch: Callable[[], str] | None) -> int:
    while not _await_end(keeper, deadline.limit_s if watch is None else min(WATCH_PERIOD_S, deadline.left_s)):
        if deadline.passed:
            raise NamespaceError(f"what ran in the namespaces did not end in time: {deadline.purpose}")
        if watch is not None and (fault := watch()):
            raise NamespaceError(fault)
    return os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1])


def run_in_namespaces(
    function: Callable[[], int],
    *,
    deadline: Deadline | None = None,
    watch: Callable[[int], Callable[[], str]] | None = None,
    entry: Entry | None = None,
) -> int:
    """Run `function` in a new process in new user (where needed), network, PID and mount namespaces; wait for it.

    The calling process must have one thread only, because it forks. SIGTERM and any exception (Ctrl-C) that reach it
    while it waits end the new process and all its children, and nothing is left when this function has ended.

    Args:
        function: what runs.
        deadline: when it has to have ended.
        watch: makes, from the keeper's process id, what is called every `WATCH_PERIOD_S` and says what hangs, empty
            for nothing.
        entry: what else is done on the way in, to confine it; it is closed. Without, the process sees the whole machine
            as the caller, and where the caller is root it is root.

    Returns:
        What `function` returned, modulo 256.

    Raises:
        NamespaceError: this machine does not allow namespaces, or the process was killed, ran past `deadline`, or
            hangs.
        BugError: `function` raised what is not an error of bootrig's.
        InputError: `function` raised one; message and remedy are kept.
        RigError: `function` raised one; message and remedy are kept.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    try:
        caller = os.getpid()
        # until the keeper has a handler of its own, a SIGTERM must wait
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        keeper = os.fork()
        if keeper == 0:
            os.close(reading)
            _run_keeper(function, writing, caller, blocked, entry)
        try:
            with _terminated_by_signal(keeper):
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
                if entry is not None:
                    entry.release()
                    entry.answer(keeper)
                status = _wait(keeper, deadline or Deadline.never("namespaces"), watch(keeper) if watch else None)
        except BaseException:
            _end_keeper(keeper)
            raise
        os.close(writing)
        writing = -1
        with os.fdopen(reading, "rb", closefd=False) as stream:
            report = stream.read()
        if report:
            kind, message, remedy = json.loads(report)
            kinds = {one.__name__: one for one in REPORTED}
            raise kinds[kind](message, remedy=remedy)
        if status < 0:
            raise NamespaceError(f"the keeper of the namespaces was ended by {signal.Signals(-status).name}")
        return status
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
        if entry is not None:
            entry.close()


def probe_namespaces(tun_device: Path | None = None) -> str:
    """Return in which way cells get namespaces and a tap on this machine, `root` or `user namespace`, by making some.

    Raises:
        RigError: in none.
    """
    from bootrig.network.tap import TUN_DEVICE, open_tap  # noqa: PLC0415 - tap is not needed to run a function

    def try_tap() -> int:
        with open_tap(device=tun_device or TUN_DEVICE):
            return 0

    run_in_namespaces(try_tap, deadline=Deadline.after(10, "probing namespaces"))
    return "root" if os.geteuid() == 0 else "user namespace"
