"""Starting a program by steps in Python without a copy of this process: clone(2) with this memory, as vfork(2) does.

A fork of a Python copies its page tables and has both processes fault in their pages anew, for a child that lives for
some steps. Here the child runs the steps in the memory of its parent, whose thread waits until the program is there;
what they change in Python's objects is changed for both. The program may be started only when Python has left all
functions that it called in the child, else the parent would go on in them. So it is C that calls the steps, `execve`
and, where that fails, what tells it, one after the other: contexts of makecontext(3), each the uc_link of the one
before. Python 3.14 wants to be on its thread's stack: the steps have the part below that which the parent uses; where
that is not known for a machine, they have a stack of their own, which Python accepts up to 3.13.

Descriptors, working directory, limits and namespaces are the child's own. Its ids have to be changed by system calls:
the C library would have the threads of the parent change theirs.
"""

import ctypes
import fcntl
import gc
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from bootrig.confinement import kernel
from bootrig.confinement.errors import REMEDY, ConfinementError

_SHARED_MEMORY, _PARENT_WAITS = 0x00000100, 0x00004000  # CLONE_VM, CLONE_VFORK
_CONTEXT_LENGTH = 8192  # ucontext_t has 968 bytes on x86_64, 4560 on aarch64
_LINK_AT, _STACK_AT = 8, 16  # uc_link, uc_stack
# Where a machine's ucontext_t has it.
_STACK_POINTERS: Mapping[str, int] = {"x86_64": 160, "aarch64": 432}
_STEPS_LENGTH, _PARENTS_LENGTH, _SMALL_LENGTH = 256 * 1024, 64 * 1024, 16 * 1024
_SIGNALS = tuple(signal.valid_signals())
_FAILED, _KILLED_STATUS = 127, 255
_KILLED = b"a program was killed while it was being confined\n"
_one_at_a_time = threading.Lock()  # since what keeps collections of garbage away is for all threads

_libc = ctypes.CDLL(None, use_errno=True)
# The interpreter's lock is held all the time: by the parent's thread, in whose place the child runs.
_clone = ctypes.PyDLL(None, use_errno=True).clone
_clone.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
_Steps = ctypes.CFUNCTYPE(None)


def _aligned(address: int) -> int:
    return address & ~0xF


class _Context:
    """A function of C that is called with its arguments, with the signals of now; after it, that of `link`."""

    def __init__(self, stack_length: int = _SMALL_LENGTH) -> None:
        self._buffer = ctypes.create_string_buffer(_CONTEXT_LENGTH + 16)
        self._length, self._stack = stack_length, ctypes.create_string_buffer(0)
        self.address = _aligned(ctypes.addressof(self._buffer) + 15)
        _libc.getcontext(ctypes.c_void_p(self.address))

    def call(
        self, function: object, *arguments: object, link: "_Context | None" = None, stack: int | None = None
    ) -> None:
        """Say what is called, on the stack that begins at an address, or on one of its own."""
        self._arguments = arguments  # they have to be there until then
        if stack is None:
            self._stack = ctypes.create_string_buffer(self._length)
            stack = ctypes.addressof(self._stack)
        fields = (ctypes.c_uint64 * 3).from_address(self.address + _STACK_AT)
        fields[0], fields[2] = stack, self._length
        ctypes.c_uint64.from_address(self.address + _LINK_AT).value = link.address if link else 0
        _libc.makecontext(ctypes.c_void_p(self.address), function, len(arguments), *arguments)

    def find_stack(self) -> int | None:
        """Return where in this thread's stack, below what is in use, there is one."""
        at = _STACK_POINTERS.get(os.uname().machine)
        if at is None:
            return None
        stack = ctypes.c_uint64.from_address(self.address + at).value - _PARENTS_LENGTH - self._length
        ctypes.memset(stack, 0, 1)  # it grows now, not under the child's limits
        return _aligned(stack)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is to be started.

    Attributes:
        words: its name or path, and its arguments.
        environment: its environment; a name is looked up in the PATH of it.
        output: the descriptor on which it prints.
        pass_fds: what it inherits, under the same numbers.
        has_own_session: whether it leads a session, or only a process group in this process's session.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str]
    output: int
    pass_fds: Sequence[int] = ()
    has_own_session: bool = False


class _Child:
    """The part of a start that is Python and runs in the child: what is to be done before the program is there.

    Attributes:
        file: the path of the program; empty, and so nothing that can be started, until all is done.
        raised: what kept it from being done.
    """

    def __init__(self, program: Program, steps: Callable[[], None]) -> None:
        self._program, self._steps = program, steps
        self._handled = [number for number in _SIGNALS if callable(signal.getsignal(number))]
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self.file = ctypes.create_string_buffer(os.pathconf("/", "PC_PATH_MAX"))
        self.raised: list[BaseException] = []

    def run(self) -> None:
        """Do it."""
        try:
            self._separate()
            self._take_output()
            self._steps()
            self._close_others()
            word = self._program.words[0]
            found = None if "/" in word else shutil.which(word, path=self._program.environment.get("PATH"))
            self.file.value = os.fsencode(found or word)
        except BaseException as error:  # noqa: BLE001 - the parent raises it
            self.raised.append(error)

    def _separate(self) -> None:
        if self._program.has_own_session:
            os.setsid()
        else:
            os.setpgid(0, 0)
        # in the child's table alone; signal.signal would change what the parent does, too
        for number in (*self._handled, signal.SIGPIPE, signal.SIGXFSZ):
            _libc.signal(ctypes.c_int(number), None)

    def _take_output(self) -> None:
        null, output = (fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3) for number in (self._null, self._program.output))
        for number, source in enumerate((null, output, output)):
            os.dup2(source, number)

    def _close_others(self) -> None:
        below = 3
        for kept in sorted(self._program.pass_fds):
            os.set_inheritable(kept, True)
            if below < kept:
                kernel.close_range(below, kept - 1)
            below = max(below, kept + 1)
        kernel.close_range(below)

    def close(self) -> None:
        """Close what the parent has opened for it."""
        os.close(self._null)


def clone_program(program: Program, kinds: Iterable[int], steps: Callable[[int], None]) -> int:
    """Start a program in a child of this process, where `steps` are run first.

    Args:
        program: what is started.
        kinds: sets of kinds of new namespaces; the first that this machine allows is the child's.
        steps: what is done in the child, told the kinds of its namespaces.

    Returns:
        Its process id.

    Raises:
        ConfinementError: this machine allows none of the namespaces.
        OSError: the program cannot be started.
        ValueError: a word has a NUL.
        BaseException: what the steps raised, or a handler of a signal that had to wait meanwhile.
    """
    number = 0
    for flags in kinds:
        child = _Child(program, partial(steps, flags))
        try:
            process, number = _clone_child(child, program, flags)
        finally:
            child.close()
        if process < 0:
            continue
        if not child.raised and not number:
            return process
        os.waitpid(process, 0)
        raise child.raised[0] if child.raised else OSError(number, os.strerror(number), program.words[0])
    raise ConfinementError(f"cannot make namespaces: {os.strerror(number)}", remedy=REMEDY)


def _clone_child(child: _Child, program: Program, flags: int) -> tuple[int, int]:
    """Return the process id, -1 where there is none, and the number of the error, 0 where the program has started.

    Where the child is killed before Python has left it, this process ends, too: its Python cannot go on from there.
    """
    has_left, has_failed = ctypes.create_string_buffer(1), ctypes.create_string_buffer(1)
    small = ctypes.create_string_buffer(_SMALL_LENGTH)
    words = _strings(program.words)
    environment = _strings(f"{name}={value}" for name, value in program.environment.items())
    execution = _Context()
    with _uninterrupted() as started:
        beginning, leaving, failure, end = _Context(_STEPS_LENGTH), _Context(), _Context(), _Context()
        end.call(_libc._exit, ctypes.c_long(_FAILED))
        failure.call(_libc.memset, has_failed, ctypes.c_long(1), ctypes.c_long(1), link=end)
        execution.call(_libc.execve, child.file, words, environment, link=failure)
        leaving.call(_libc.memset, has_left, ctypes.c_long(1), ctypes.c_long(1), link=execution)
        callback = _Steps(child.run)
        beginning.call(callback, link=leaving, stack=beginning.find_stack())
        process = _clone(
            ctypes.cast(_libc.setcontext, ctypes.c_void_p),
            _aligned(ctypes.addressof(small) + _SMALL_LENGTH),
            flags | _SHARED_MEMORY | _PARENT_WAITS | signal.SIGCHLD,
            beginning.address,
        )
        number = ctypes.get_errno()  # which is one for both: the child's where there was one
        if process > 0:
            if has_left.raw == b"\0":
                os.write(2, _KILLED)
                os._exit(_KILLED_STATUS)
            started.append(process)
    return int(process), number if process < 0 or has_failed.raw != b"\0" else 0


@contextmanager
def _uninterrupted() -> Iterator[list[int]]:
    """Keep signals, and collections of garbage that could close what is the parent's, from happening inside.

    What a handler of a signal that came meanwhile raises leaves nothing of the process that is put into the list.
    """
    started: list[int] = []
    with _one_at_a_time:
        was_enabled = gc.isenabled()
        gc.disable()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            yield started
        finally:
            if was_enabled:
                gc.enable()
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            except BaseException:
                for process in started:
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                raise


def _strings(words: Iterable[str]) -> ctypes.Array[ctypes.c_char_p]:
    encoded = [os.fsencode(word) for word in words]
    if any(b"\0" in word for word in encoded):
        raise ValueError("a word or the environment of a program has a NUL")
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
