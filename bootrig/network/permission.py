"""What forbids namespaces and taps on a machine, as far as its settings tell, and what allows them."""

import os
from contextlib import suppress
from pathlib import Path

SYSCTLS = Path("/proc/sys")

# sysctl, value that forbids, value that allows; see user_namespaces(7) and the release notes of Debian and Ubuntu
_FOR_USERS = (
    ("kernel/unprivileged_userns_clone", "0", "1"),
    # unshare succeeds, but what is made with it gets no capabilities: maps, mounts, addresses are refused
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
)
_FOR_ALL = (
    ("user/max_user_namespaces", "0", "15000"),
    ("user/max_net_namespaces", "0", "15000"),
    ("user/max_pid_namespaces", "0", "15000"),
)


def find_outer_user(id_map: Path = Path("/proc/self/uid_map")) -> int:
    """Return this user's number outside of its user namespace, which is the same where it has none; -1 for unknown."""
    user = os.geteuid()
    with suppress(OSError):
        for line in id_map.read_text().splitlines():
            inside, outside, length = map(int, line.split())
            if inside <= user < inside + length:
                return outside + user - inside
        return -1
    return user


def find_forbidding_switch(sysctl_directory: Path = SYSCTLS, user: int | None = None) -> str:
    """Return the command that allows a user (this one) what a setting of this machine forbids, empty for none."""
    root = (find_outer_user() if user is None else user) == 0
    for name, forbids, allows in _FOR_ALL if root else _FOR_USERS + _FOR_ALL:
        with suppress(OSError):
            if (sysctl_directory / name).read_text().strip() == forbids:
                return f"sysctl -w {name.replace('/', '.')}={allows}"
    return ""


def namespace_remedy(sysctl_directory: Path = SYSCTLS, user: int | None = None) -> str:
    """Return what would make namespaces, and taps in them, work on this machine for a user (this one)."""
    user = find_outer_user() if user is None else user
    switch = find_forbidding_switch(sysctl_directory, user)
    if user == 0:
        container = "start it with --privileged or --cap-add SYS_ADMIN --cap-add NET_ADMIN"
        return switch or f"this container forbids namespaces: {container}"
    if switch:
        return f"as root: {switch}    (or run bootrig as root)"
    return "run bootrig as root, or outside of a container that forbids namespaces"
