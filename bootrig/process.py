"""The one place where processes are started.

    RigError
    └── ProcessError          a process could not be started, failed, or did not end in time
        └── ToolMissingError  a program that is needed is not installed

Argument lists, no shell, a small environment; output goes to a file; a process is ended by terminate, wait with a
limit, kill, wait, for its whole process group.
"""

import logging
import os
import select
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.confinement.clone import Program
from bootrig.confinement.confinement import Confinement, start_confined
from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.shortage import find_remedy

logger = logging.getLogger(__name__)

TERMINATE_S = 3.0
TAIL_LENGTH = 4096

DEBIAN_PACKAGES: Mapping[str, str] = {
    "ar": "binutils",
    "as": "binutils",
    "dnsmasq": "dnsmasq-base",
    "flock": "util-linux",
    "gcc": "gcc",
    "grub-mkimage": "grub-common",
    "ip": "iproute2",
    "ld": "binutils",
    "make": "make",
    "mmdebstrap": "mmdebstrap",
    "objcopy": "binutils",
    "patch": "patch",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "sync": "coreutils",
    "unshare": "util-linux",
}


class ProcessError(RigError):
    """A process could not be started, failed, or did not end in time.

    Attributes:
        argv: what was started.
        status: its exit status, negative for a signal; None where it did not end by itself.
        output: the last of what it printed.
    """

    def __init__(
        self, message: str, *, argv: Sequence[str], status: int | None = None, output: str = "", remedy: str = ""
    ) -> None:
        super().__init__(f"{message}\n{output.rstrip()}" if output.strip() else message, remedy=remedy)
        self.argv = tuple(argv)
        self.status = status
        self.output = output


class ToolMissingError(ProcessError):
    """A program that is needed is not installed."""


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a process ended: its exit status and everything that it printed on standard output."""

    status: int
    stdout: bytes


def require_tool(name: str) -> Path:
    """Return the program called `name` from PATH (with the system directories that ordinary users lack).

    Raises:
        ToolMissingError: it is not installed; the remedy names the Debian package.
    """
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=search)
    if found is None:
        raise ToolMissingError(f"{name} is not installed", argv=[name], remedy=_installation(name))
    return Path(found)


def _installation(name: str) -> str:
    return f"apt-get install {DEBIAN_PACKAGES.get(name, name)}"


def small_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment that processes get: PATH, HOME, TMPDIR and a fixed locale, then `extra`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(extra or {})}


class RunningProcess:
    """A process that runs inside the `with` of `start_process`.

    Attributes:
        output: the file into which it prints.
        lacking: what of its confinement this machine does not allow.
    """

    def __init__(self, popen: "subprocess.Popen[bytes] | _Cloned", output: Path, lacking: Sequence[str] = ()) -> None:
        self._popen = popen
        self.output = output
        self.lacking = tuple(lacking)

    @property
    def argv(self) -> tuple[str, ...]:
        """What was started."""
        return tuple(str(word) for word in self._popen.args)  # type: ignore[union-attr]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Return its exit status, None while it runs."""
        return self._popen.poll()

    def tail(self) -> str:
        """Return the last of what it printed."""
        return read_tail(self.output)

    def wait(self, deadline: Deadline) -> int:
        """Wait until it ends and return its exit status.

        Raises:
            ProcessError: it still runs at the deadline.
        """
        try:
            return self._popen.wait(deadline.limit_s)
        except subprocess.TimeoutExpired as error:
            raise ProcessError(
                f"{self.argv[0]} did not end in time ({deadline.purpose})", argv=self.argv, output=self.tail()
            ) from error

    async def ended(self) -> None:
        """Wait until it has ended, in the event loop."""
        import asyncio  # noqa: PLC0415 - most that start processes do without

        if self.poll() is not None:
            return
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        handle = os.pidfd_open(self.pid)
        try:
            loop.add_reader(handle, over.set)
            await over.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)

    def terminate(self) -> None:
        """Ask it to end."""
        if self.poll() is None:
            _signal_group(self._popen, signal.SIGTERM)

    def end(self) -> int:
        """End it: terminate, wait with a limit, kill, wait. Returns its exit status."""
        for number, limit_s in ((signal.SIGTERM, TERMINATE_S), (signal.SIGKILL, None)):
            if self._popen.poll() is None:
                _signal_group(self._popen, number)
            with suppress(subprocess.TimeoutExpired):
                status = self._popen.wait(limit_s)
                _signal_group(self._popen, signal.SIGKILL)
                return status
        raise AssertionError("unreachable: waiting without limit returned")


class _Cloned:
    """A child of this process that `subprocess` has not started, with what is needed here of its Popen."""

    def __init__(self, pid: int, args: Sequence[str]) -> None:
        self.pid, self.args = pid, args
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        if self.poll() is None:
            handle, waiting = os.pidfd_open(self.pid), select.poll()
            try:
                waiting.register(handle, select.POLLIN)
                waiting.poll(None if timeout is None else max(0.0, timeout) * 1000)
            finally:
                os.close(handle)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return status


def _signal_group(popen: subprocess.Popen[bytes] | _Cloned, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, number)


def read_tail(path: Path, length: int = TAIL_LENGTH) -> str:
    """Return the last `length` bytes of a file as text; empty where it cannot be read."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - length))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _popen(
    words: Sequence[str],
    output: int,
    environment: Mapping[str, str] | None,
    directory: Path | None,
    pass_fds: Sequence[int],
    *,
    has_own_session: bool = False,
) -> subprocess.Popen[bytes]:
    with _translated_errors(words):
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment) if environment is not None else small_environment(),
            cwd=directory,
            pass_fds=pass_fds,
            start_new_session=has_own_session,
            process_group=None if has_own_session else 0,
        )


@contextmanager
def _translated_errors(words: Sequence[str]) -> Iterator[None]:
    logger.debug("%s", shlex.join(words))
    try:
        yield
    except FileNotFoundError as error:
        remedy = _installation(Path(words[0]).name)
        raise ToolMissingError(f"cannot start {words[0]}: no such program", argv=words, remedy=remedy) from error
    except OSError as error:
        what = f"cannot start {words[0]}: {error.strerror}"
        raise ProcessError(what, argv=words, remedy=find_remedy(error)) from error


@contextmanager
def start_process(
    argv: Sequence[str | Path],
    *,
    output: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    pass_fds: Sequence[int] = (),
    confinement: Confinement | None = None,
    has_own_session: bool = False,
) -> Iterator[RunningProcess]:
    """Start a process whose standard output and error are appended to the file `output`; end it with the `with`.

    Its environment is `small_environment()` by default; it inherits `pass_fds` under the same numbers. What it may see
    and do is its `confinement`'s; without one, what this process may. A confined program is the first process of its
    PID namespace: where it aborts, the kernel ends it by SIGSEGV.

    It leads a process group of its own, in this process's session or, with `has_own_session`, in one of its own. Linux
    divides processors among sessions first (sched(7), "The autogroup feature"): a server in another session than the
    guest that waits for it may get its turn a tenth of a second late, which is seconds of a virtual clock.

    Raises:
        ToolMissingError: there is no such program.
        ProcessError: it cannot be started.
        ConfinementError: it cannot be confined.
    """
    words = [str(word) for word in argv]
    with ExitStack() as stack:
        with output.open("ab") as stream:
            if confinement is None:
                popen = _popen(
                    words, stream.fileno(), environment, directory, pass_fds, has_own_session=has_own_session
                )
                running = RunningProcess(popen, output)
            else:
                small = environment if environment is not None else small_environment()
                program = Program(tuple(words), small, stream.fileno(), tuple(pass_fds), has_own_session)
                with _translated_errors(words):
                    process, lacking = start_confined(confinement, program)
                running = RunningProcess(_Cloned(process, words), output, lacking)
        stack.callback(running.end)
        yield running


def run_process(
    argv: Sequence[str | Path],
    *,
    deadline: Deadline,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    pass_fds: Sequence[int] = (),
    check: bool = True,
) -> ProcessResult:
    """Run a process to its end; at the deadline it is ended.

    Standard output and error are appended to the file `log`; without it standard output is returned and standard error
    goes into the error's message. For the other arguments see `start_process`.

    Raises:
        ToolMissingError: there is no such program.
        ProcessError: it cannot be started, fails (with `check`), or runs past the deadline.
    """
    words = [str(word) for word in argv]
    with log.open("ab") if log else nullcontext() as stream:
        popen = _popen(words, stream.fileno() if stream else subprocess.PIPE, environment, directory, pass_fds)
    with popen:
        try:
            stdout, stderr = popen.communicate(timeout=deadline.limit_s)
        except subprocess.TimeoutExpired as error:
            raise ProcessError(f"{words[0]} did not end in time ({deadline.purpose})", argv=words) from error
        finally:
            if popen.poll() is None:
                _signal_group(popen, signal.SIGKILL)
    if check and popen.returncode != 0:
        printed = read_tail(log) if log else (stderr or stdout or b"").decode("utf-8", "replace")[-TAIL_LENGTH:]
        what = f"{words[0]} failed with exit status {popen.returncode}"
        raise ProcessError(what, argv=words, status=popen.returncode, output=printed)
    return ProcessResult(popen.returncode, stdout or b"")
