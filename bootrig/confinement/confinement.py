"""Confining one program that is about to start: what it may see and do, in the order of steps that works.

The process that starts it is in a cell's namespaces (`bootrig.network.namespace`) and keeps its own rights. The new
process is in a PID namespace of its own, so that it sees no other process and can signal none. On its way to `exec` it
gets its view and its limits, then gives up its rights. What the machine does not allow and can be done without is told.
"""

import json
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bootrig.confinement import kernel
from bootrig.confinement.barriers import Barrier
from bootrig.confinement.errors import REMEDY, ConfinementError
from bootrig.confinement.filter import make_filter
from bootrig.confinement.identity import (
    UNPRIVILEGED,
    allow_user_namespaces,
    find_own_identity,
    is_root_of_own_namespace,
    map_identity,
)
from bootrig.confinement.limits import Limits
from bootrig.confinement.view import View, ViewPlan

NET_BIND_SERVICE, NET_ADMIN, NET_RAW = 10, 12, 13
_ANSWER_LENGTH = 65536
# By whether a program may start processes.
FILTERS = {may_fork: make_filter(may_fork=may_fork) for may_fork in (False, True)}


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a program may see and do.

    Attributes:
        view: what it sees.
        limits: how much it may take.
        has_own_user: whether it is in a user namespace of its own, below the cell's.
        may_fork: whether it may start processes.
        capabilities: what it keeps of the rights of the cell, by numbers of linux/capability.h.
    """

    view: View
    limits: Limits
    has_own_user: bool = True
    may_fork: bool = False
    capabilities: frozenset[int] = field(default_factory=frozenset)


class ConfinedStart:
    """The start of one confined program, inside the `with` of `prepare_start`."""

    def __init__(self, confinement: Confinement) -> None:
        self._confinement = confinement
        self._plan = ViewPlan(confinement.view)
        self._is_in_cell, self._own = is_root_of_own_namespace(), find_own_identity()
        self._reading, self._writing = os.pipe()

    def enter(self) -> None:
        """Confine this process, which has just been forked and is about to start the program.

        Raises:
            OSError: a step does not work; the parent gets it from `require_confined`.
        """
        try:
            lacking = list(self._confine())
        except OSError as error:
            self._tell({"step": f"{error.filename or 'a step'}: {error.strerror}"})
            raise
        self._tell({"lacking": lacking})

    def _confine(self) -> Iterator[str]:
        confinement = self._confinement
        stays_root = yield from self._unshare()
        self._plan.open()
        yield from self._plan.enter()
        confinement.limits.apply()
        kernel.limit_capabilities(confinement.capabilities)
        if stays_root:
            os.setgroups([])
            os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
            os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        kernel.keep_capabilities(confinement.capabilities)
        kernel.set_no_new_privileges()
        kernel.die_with_parent()
        try:
            kernel.set_filter(FILTERS[confinement.may_fork])
        except OSError:
            yield Barrier.SYSTEM_CALL_FILTER

    def _unshare(self) -> Generator[str, None, bool]:
        """Leave the cell's mount namespace and, where it has its own, its user namespace.

        Returns:
            Whether this process still is the machine's root: the cell has no user namespace either.
        """
        if not self._confinement.has_own_user:
            kernel.unshare(kernel.CLONE_NEWNS)
            return False
        if self._is_in_cell:
            try:
                kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWUSER)
            except OSError:
                pass
            else:
                map_identity(self._own)
                return False
        yield Barrier.EMULATOR_NAMESPACE
        kernel.unshare(kernel.CLONE_NEWNS)
        return not self._is_in_cell

    def _tell(self, what: dict[str, object]) -> None:
        os.write(self._writing, json.dumps(what).encode())

    def require_confined(self) -> tuple[str, ...]:
        """Return what this machine did not allow, once the process has started the program.

        Raises:
            ConfinementError: it did not get so far; the error names the step.
        """
        os.close(self._writing)
        self._writing = -1
        told = os.read(self._reading, _ANSWER_LENGTH)
        answer = json.loads(told) if told else {"step": "it died"}
        if "step" in answer:
            raise ConfinementError(f"a program cannot be confined: {answer['step']}", remedy=REMEDY)
        return tuple(answer["lacking"])

    def close(self) -> None:
        """Close what is open."""
        for descriptor in (self._reading, self._writing):
            if descriptor >= 0:
                os.close(descriptor)


@contextmanager
def prepare_start(confinement: Confinement) -> Iterator[ConfinedStart]:
    """Yield the start of a program: what this thread forks inside of the `with` is the first process of a namespace.

    Raises:
        ConfinementError: this process may not make one.
    """
    with ExitStack() as stack:
        own = os.pidfd_open(os.getpid())
        stack.callback(os.close, own)
        try:
            kernel.unshare(kernel.CLONE_NEWPID)
        except OSError as error:
            raise ConfinementError(f"cannot make a PID namespace: {error.strerror}", remedy=REMEDY) from error
        stack.callback(kernel.enter_namespace, own, kernel.CLONE_NEWPID)
        if confinement.has_own_user:
            stack.enter_context(allow_user_namespaces())
        start = ConfinedStart(confinement)
        stack.callback(start.close)
        yield start
