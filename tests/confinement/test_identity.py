"""Who sees a view, and whose a directory is."""

import os
from pathlib import Path

import pytest

from bootrig.confinement import identity
from bootrig.confinement.barriers import Barrier, find_held
from bootrig.confinement.identity import UNPRIVILEGED, Identity, choose_identity, give_tree, map_identity
from bootrig.confinement.view import View, see


def test_an_ordinary_user_stays_who_he_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert choose_identity(View(see(tmp_path)), tmp_path).user == 1000


def test_root_becomes_somebody_to_whom_nothing_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "own").mkdir(mode=0o700)
    chosen = choose_identity(
        View((*see(tmp_path / "open"), *see(tmp_path / "own", is_writable=True))), tmp_path / "own"
    )
    assert (chosen.user, chosen.lacks) == (UNPRIVILEGED, "")


@pytest.mark.parametrize(("mode", "is_writable"), [(0o600, False), (0o644, True)])
def test_root_stays_root_where_others_may_not(
    mode: int, *, is_writable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    file = tmp_path / "rom"
    file.touch(mode=mode)
    chosen = choose_identity(View(see(file, is_writable=is_writable)), tmp_path)
    assert (chosen.user, chosen.lacks) == (0, f"unprivileged-user ({file} is open to root alone)")


def test_links_are_not_followed_out_of_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree/inner").mkdir(parents=True)
    (tmp_path / "outside").touch()
    (tmp_path / "tree/link").symlink_to(tmp_path / "outside")
    given: list[tuple[object, bool]] = []
    monkeypatch.setattr(identity.os, "fchown", lambda *_: None)
    monkeypatch.setattr(
        identity.os, "chown", lambda name, *_, follow_symlinks, **__: given.append((name, follow_symlinks))
    )
    give_tree(tmp_path / "tree", 1, 1)
    assert given == [("inner", False), ("link", False)]


def test_what_holds_is_what_is_not_lacking() -> None:
    lacking = (Barrier.OWN_PROC.because("masked"), Barrier.SYSTEM_CALL_FILTER)
    assert find_held(lacking) == (
        "user-namespace",
        "unprivileged-user",
        "own-root",
        "emulator-namespace",
        "qemu-sandbox",
    )


def test_ids_that_are_refused_are_told_with_the_file() -> None:
    own = str(os.getpid())
    with pytest.raises(PermissionError) as caught:
        map_identity(Identity(0, 0), own)
    assert caught.value.filename == f"/proc/{own}/uid_map"
