"""A cell's way into its namespaces: three processes do their part of it, in the order of steps that works.

The caller is outside and stays there. The keeper unshares; where the caller is root, it asks the caller for the ids of
the new user namespace, because only who is outside may give others than his own. The init process opens what needs
the caller's id (devices, directories below closed ones), changes its id, and enters the view.

Where a machine gives root no user namespace, as in a chroot, root does without: its programs then change their id when
they start (`bootrig.confinement.confinement`).
"""

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bootrig.confinement import kernel
from bootrig.confinement.barriers import Barrier
from bootrig.confinement.identity import (
    UNPRIVILEGED,
    Identity,
    become_root_of_namespace,
    choose_identity,
    find_own_identity,
    forbid_user_namespaces,
    give_tree,
    map_identity,
)
from bootrig.confinement.limits import make_first_victim
from bootrig.confinement.view import View, ViewPlan

ANSWER_S = 10.0
_ANSWER_LENGTH = 65536


@dataclass(eq=False)
class Entry:
    """The way of one cell, made by the caller before it forks the keeper.

    Attributes:
        view: what the cell sees.
        directory: what the cell writes; it is the cell's as long as the cell runs.
        prepare: what is done in the namespaces with the caller's id.
        lacking: what this machine does not allow, complete in the init process once it has entered.
    """

    view: View
    directory: Path
    prepare: Callable[[], None]
    lacking: list[str] = field(default_factory=list)
    _is_mapped: bool = False
    _is_given: bool = False

    def __post_init__(self) -> None:
        self._is_root = os.geteuid() == 0
        self._plan = ViewPlan(self.view)
        self._caller, self._keeper = socket.socketpair()
        self._caller.settimeout(ANSWER_S)

    def unshare(self, flags: int) -> None:
        """Leave the caller's namespaces of the kinds `flags`, and its user namespace: the keeper's part.

        Raises:
            OSError: the machine does not allow it.
        """
        if not self._is_root:
            own = find_own_identity()
            kernel.unshare(kernel.CLONE_NEWUSER | flags)
            map_identity(own)
            return
        self._caller.close()
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
            self._is_mapped = True
        except OSError:
            self.lacking += [Barrier.USER_NAMESPACE]
        self._keeper.send(json.dumps(self._is_mapped).encode())
        kernel.unshare(flags)  # while the caller does its part
        told = json.loads(self._keeper.recv(_ANSWER_LENGTH) or "null")
        if told is None:
            raise OSError(0, "nobody gave it ids", "user namespace")
        if isinstance(told, list):
            raise OSError(*told)
        self._keeper.close()
        self.lacking += filter(None, [told])

    def answer(self, keeper: int) -> None:
        """Give the keeper's user namespace its ids, and the directory to them: the caller's part.

        A keeper that does not ask has died or hangs; both are found by who waits for its end.
        """
        if not self._is_root:
            return
        with suppress(OSError, ValueError):
            wants_map = json.loads(self._caller.recv(_ANSWER_LENGTH))
            told: str | list[object]
            try:
                told = self._give(keeper, wants_map=wants_map).lacks
            except OSError as error:
                told = [error.errno, error.strerror, error.filename]
            self._caller.send(json.dumps(told).encode())

    def _give(self, keeper: int, *, wants_map: bool) -> Identity:
        identity = Identity(UNPRIVILEGED, UNPRIVILEGED)
        if wants_map:
            identity = self._map(keeper, choose_identity(self.view, self.directory))
        if not identity.is_own:
            give_tree(self.directory, identity.user, identity.group)
            self._is_given = True
        return identity

    def _map(self, keeper: int, wanted: Identity) -> Identity:
        try:
            map_identity(wanted, str(keeper))
        except OSError:
            if wanted.is_own:
                raise
            wanted = find_own_identity(Barrier.UNPRIVILEGED_USER.because(f"there is no user {wanted.user} here"))
            map_identity(wanted, str(keeper))
        return wanted

    def enter(self) -> None:
        """Change the id, and see the view and nothing else: the part of the init process.

        Raises:
            OSError: the machine does not allow it.
        """
        self._plan.open()
        self.prepare()
        if self._is_mapped:
            become_root_of_namespace()
            kernel.die_with_parent()
        make_first_victim()
        self.lacking += self._plan.enter()
        forbid_user_namespaces()

    def release(self) -> None:
        """Close the descriptors that the keeper has a copy of: the caller's part."""
        self._keeper.close()

    def close(self) -> None:
        """Take the directory back, once nothing of the cell lives: the caller's part."""
        self._caller.close()
        self._keeper.close()
        if self._is_given:
            with suppress(OSError):
                give_tree(self.directory, os.geteuid(), os.getegid())
