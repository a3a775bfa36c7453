"""Confining one program that is about to start: what it may see and do, in the order of steps that works.

The process that starts it is in a cell's namespaces (`bootrig.network.namespace`) and keeps its own rights. The new
process is in a PID namespace of its own, so that it sees no other process and can signal none. On its way to `exec` it
gets its view and its limits, then gives up its rights. What the machine does not allow and can be done without is told.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

from bootrig.confinement import kernel
from bootrig.confinement.barriers import Barrier
from bootrig.confinement.clone import Program, clone_program
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


def start_confined(confinement: Confinement, program: Program) -> tuple[int, tuple[str, ...]]:
    """Start a program as the first process of a PID namespace.

    Returns:
        Its process id, and what this machine does not allow of its confinement.

    Raises:
        ConfinementError: it cannot be confined; the error names the step.
        OSError: it cannot be started.
    """
    way = _Way(confinement)
    try:
        with allow_user_namespaces() if confinement.has_own_user else nullcontext():
            process = clone_program(program, way.iter_namespaces(), way.go)
    finally:
        if way.changes_ids:
            kernel.set_dumpable()  # for the child's memory was this process's
    return process, tuple(way.lacking)


class _Way:
    """The way of one child to its program: its steps, and what the machine does not allow of them."""

    def __init__(self, confinement: Confinement) -> None:
        self._confinement = confinement
        self._plan = ViewPlan(confinement.view)
        self._is_in_cell, self._own = is_root_of_own_namespace(), find_own_identity()
        self.lacking: list[str] = []
        # who has no user namespace still is the machine's root there
        self.changes_ids = confinement.has_own_user and not self._is_in_cell

    def iter_namespaces(self) -> Iterator[int]:
        """Yield the kinds of namespaces that the child should have, then those without which it cannot be."""
        kinds = kernel.CLONE_NEWPID | kernel.CLONE_NEWNS
        if self._confinement.has_own_user:
            if self._is_in_cell:
                yield kinds | kernel.CLONE_NEWUSER
            self.lacking.append(Barrier.EMULATOR_NAMESPACE)
        yield kinds

    def go(self, kinds: int) -> None:
        """Confine this process, which has the namespaces `kinds` and is about to start the program.

        Raises:
            ConfinementError: a step does not work.
        """
        try:
            self.lacking += self._confine(kinds)
        except OSError as error:
            what = f"a program cannot be confined: {error.filename or 'a step'}: {error.strerror}"
            raise ConfinementError(what, remedy=REMEDY) from error

    def _confine(self, kinds: int) -> Iterator[str]:
        confinement = self._confinement
        if kinds & kernel.CLONE_NEWUSER:
            map_identity(self._own)
        self._plan.open()
        yield from self._plan.enter()
        confinement.limits.apply()
        kernel.limit_capabilities(confinement.capabilities)
        if self.changes_ids:
            kernel.become(UNPRIVILEGED, UNPRIVILEGED)
        kernel.keep_capabilities(confinement.capabilities)
        kernel.set_no_new_privileges()
        kernel.die_with_parent()
        try:
            kernel.set_filter(FILTERS[confinement.may_fork])
        except OSError:
            yield Barrier.SYSTEM_CALL_FILTER
