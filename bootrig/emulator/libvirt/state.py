"""Where libvirt keeps the state of a machine, which an ordinary user may not write: a place of the cell's own for it.

libvirt's driver takes the root of a user namespace for the machine's, and makes /run/libvirt, whatever its own root
directory is. The mount namespace of a cell of an ordinary user gets a new /run for that, which has everything of the
machine's but libvirt's. Source: `virHostdevManagerNew` in libvirt's src/hypervisor/virhostdev.c.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootrig.confinement import kernel
from bootrig.confinement.identity import is_root_of_own_namespace

RUN = Path("/run")
LIBVIRT = "libvirt"
_OPTIONS = "mode=0755,size=1m"


@contextmanager
def own_libvirt_state() -> Iterator[None]:
    """Let libvirt write its state, inside, in a process that is root of a user's namespace, as a user's cells are.

    Raises:
        OSError: this machine does not allow the mounts.
    """
    if not is_root_of_own_namespace() or os.access(RUN, os.W_OK):
        yield
        return
    _mount_own()
    try:
        yield
    finally:
        kernel.unmount(RUN)


def _mount_own() -> None:
    links, opened = [], []
    for entry in os.scandir(RUN):
        if entry.name == LIBVIRT:
            continue
        with suppress(FileNotFoundError):
            if entry.is_symlink():
                links.append((entry.path, os.readlink(entry.path)))  # noqa: PTH115 - as it is written
            else:
                opened.append((entry.path, kernel.open_tree(entry.path)))
    kernel.mount("tmpfs", RUN, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, _OPTIONS)
    for path, content in links:
        Path(path).symlink_to(content)
    for path, descriptor in opened:
        try:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                Path(path).mkdir()
            else:
                Path(path).touch()
            kernel.move_mount(descriptor, path)
        finally:
            os.close(descriptor)
