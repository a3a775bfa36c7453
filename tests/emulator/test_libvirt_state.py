"""A /run of its own for libvirt, in the cell of an ordinary user."""

import os
from pathlib import Path

import pytest

from bootrig.confinement import kernel
from bootrig.confinement.identity import find_own_identity, map_identity
from bootrig.emulator.libvirt.state import LIBVIRT, RUN, own_libvirt_state
from bootrig.network.namespace import run_in_namespaces
from tests.network.requirements import require_namespaces


def list_run() -> set[tuple[str, bool, bool]]:
    """Return what is in /run beside libvirt's, with its kind."""
    return {(entry.name, entry.is_dir(), entry.is_symlink()) for entry in os.scandir(RUN) if entry.name != LIBVIRT}


@pytest.mark.rig
def test_root_of_a_users_namespace_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    require_namespaces()

    def inside() -> int:
        own = find_own_identity()
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
        map_identity(own)
        monkeypatch.setattr(os, "access", lambda *_: False)
        before = list_run()
        with own_libvirt_state():
            (RUN / LIBVIRT / "hostdevmgr").mkdir(parents=True)
            assert list_run() == before
            count = len(list((RUN / LIBVIRT).iterdir()))
        assert list_run() == before
        return count

    was_there = (RUN / LIBVIRT).exists()
    assert run_in_namespaces(inside) == 1
    assert (RUN / LIBVIRT).exists() is was_there


@pytest.mark.parametrize("answers", [(False, False), (True, True)])
def test_who_needs_none_keeps_the_machines(answers: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not in such a namespace, or may write where libvirt does."""
    is_in_one, may_write = answers
    monkeypatch.setattr("bootrig.emulator.libvirt.state.is_root_of_own_namespace", lambda: is_in_one)
    monkeypatch.setattr(os, "access", lambda *_: may_write)
    mounts = Path("/proc/self/mounts").read_text()
    with own_libvirt_state():
        assert Path("/proc/self/mounts").read_text() == mounts
