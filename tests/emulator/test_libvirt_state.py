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
def test_root_of_a_users_namespace_gets_one() -> None:
    require_namespaces()

    def inside() -> int:
        own = find_own_identity()
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
        map_identity(own)
        before = list_run()
        own_libvirt_state()
        (RUN / LIBVIRT / "hostdevmgr").mkdir(parents=True)
        assert list_run() == before
        return len(list((RUN / LIBVIRT).iterdir()))

    was_there = (RUN / LIBVIRT).exists()
    assert run_in_namespaces(inside) == 1
    assert (RUN / LIBVIRT).exists() is was_there


def test_who_is_not_in_one_keeps_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootrig.emulator.libvirt.state.is_root_of_own_namespace", lambda: False)
    mounts = Path("/proc/self/mounts").read_text()
    own_libvirt_state()
    assert Path("/proc/self/mounts").read_text() == mounts
