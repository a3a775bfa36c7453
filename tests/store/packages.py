"""Packages and archives built in tests, right or wrong on purpose."""

import io
import tarfile
from collections.abc import Mapping

import zstandard


def make_tar(members: Mapping[str, bytes], compression: str = "") -> bytes:
    """Return a tar archive with these members, compressed by `gz`, `xz`, `bz2` or `zst` where that is given."""
    if compression == "zst":
        return zstandard.compress(make_tar(members))
    stream = io.BytesIO()
    mode = f"w:{compression}"
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("./usr/link")
        link.type, link.linkname = tarfile.SYMTYPE, "elsewhere"
        archive.addfile(link)
    return stream.getvalue()


def make_package(members: Mapping[str, bytes], compression: str = "xz") -> bytes:
    """Return a Debian binary package (deb(5)) with these files."""
    data = make_tar({f"./{name}": content for name, content in members.items()}, compression)
    files = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": make_tar({"./control": b"Package: x\n"}, "xz"),
        f"data.tar.{compression}": data,
    }
    return make_ar(files)


def make_ar(members: Mapping[str, bytes]) -> bytes:
    """Return an ar archive (ar(5))."""
    whole = b"!<arch>\n"
    for name, content in members.items():
        whole += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        whole += b"\n" * (len(content) % 2)
    return whole
