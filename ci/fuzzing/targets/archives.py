"""Packages and archives, of which members are read."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from bootrig.store.archive import find_members, is_archive
from bootrig.store.errors import ArchiveError
from ci.fuzzing.target import Target, require
from tests.store.packages import make_package, make_tar
from tests.store.rpm_packages import make_cpio, make_rpm

MEMBERS = {"usr/lib/a.rom": b"\x55\xaa" + bytes(600), "b": b"b"}
WANTED = {sha256(content).hexdigest(): len(content) for content in (*MEMBERS.values(), b"nowhere")}
WORDS = (
    b"ustar",
    b"!<arch>\n",
    b"\x80" + b"\xff" * 11,
    b"77777777777\0",
    b"data.tar",
    b"`\n",
    b"../",
    b"L",
    b"x",
    b"S",
    b"ffffffff",
    b"TRAILER!!!",
)


@cache
def make_archives() -> Sequence[bytes]:
    """Return archives in all compressions."""
    tars = [make_tar(MEMBERS, compression) for compression in ("", "gz", "xz", "bz2", "zst")]
    return (*tars, *(make_package(MEMBERS, compression) for compression in ("xz", "gz")), make_rpm(make_cpio(MEMBERS)))


def read_archive(content: bytes) -> None:
    """Look for members."""
    path = Path("archive")
    path.write_bytes(content)
    is_archive(path)
    for digest, (_, found) in find_members(path, WANTED).items():
        require(sha256(found).hexdigest() == digest, "the member that is wanted")


TARGETS = (Target("archive", 50_000, make_archives, read_archive, (ArchiveError,), WORDS),)
