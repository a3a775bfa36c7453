"""What forbids namespaces and taps, and what is said of it."""

import os
from pathlib import Path

import pytest

from bootrig.network.permission import find_forbidding_switch, find_outer_user, namespace_remedy

USER = 1000


def set_switch(directory: Path, name: str, content: str) -> None:
    (directory / name).parent.mkdir()
    (directory / name).write_text(content)


@pytest.mark.parametrize(
    ("name", "content", "command", "binds_root"),
    [
        ("kernel/unprivileged_userns_clone", "0\n", "sysctl -w kernel.unprivileged_userns_clone=1", False),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1\n",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            False,
        ),
        ("user/max_user_namespaces", "0\n", "sysctl -w user.max_user_namespaces=15000", True),
    ],
)
def test_the_remedy_names_the_switch(tmp_path: Path, name: str, content: str, command: str, binds_root: bool) -> None:
    set_switch(tmp_path, name, content)
    assert namespace_remedy(tmp_path, USER) == f"as root: {command}    (or run bootrig as root)"
    assert find_forbidding_switch(tmp_path, user=0) == (command if binds_root else "")


@pytest.mark.parametrize("content", ["0\n", "no number\n"])
def test_a_switch_that_forbids_nothing(tmp_path: Path, content: str) -> None:
    set_switch(tmp_path, "kernel/apparmor_restrict_unprivileged_userns", content)
    assert find_forbidding_switch(tmp_path, USER) == ""


def test_without_a_switch_the_remedy_names_the_container(tmp_path: Path) -> None:
    assert namespace_remedy(tmp_path, USER) == "run bootrig as root, or outside of a container that forbids namespaces"
    assert "--cap-add SYS_ADMIN" in namespace_remedy(tmp_path, user=0)


@pytest.mark.parametrize(
    ("id_map", "outer"),
    [("0 0 4294967295\n", os.geteuid()), (f"7 8 0\n{os.geteuid()} 1000 1\n", 1000), ("", -1)],
)
def test_the_user_outside_of_the_user_namespace(tmp_path: Path, id_map: str, outer: int) -> None:
    (tmp_path / "uid_map").write_text(id_map)
    assert find_outer_user(tmp_path / "uid_map") == outer
    assert find_outer_user(tmp_path / "none") == os.geteuid()
