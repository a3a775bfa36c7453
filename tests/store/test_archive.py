import gzip
import hashlib
import lzma
import re
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from bootrig.store import archive
from bootrig.store.archive import find_members, is_archive, iter_members
from bootrig.store.errors import ArchiveError
from tests.store.packages import make_ar, make_package, make_tar
from tests.store.rpm_packages import make_cpio, make_cpio_member, make_header, make_rpm

FIRST, SECOND, OTHER = b"first" * 1000, b"second" * 1000, b"other" * 1000
MEMBERS = {"usr/first.rom": FIRST, "usr/other": OTHER, "usr/second.rom": SECOND}


def wanted(*contents: bytes) -> dict[str, int]:
    return {hashlib.sha256(content).hexdigest(): len(content) for content in contents}


@pytest.mark.parametrize("compression", ["", "gz", "xz", "bz2", "zst"])
def test_finds_members_of_archives_by_their_digest(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(make_tar(MEMBERS, compression))
    assert is_archive(path)
    found = find_members(path, wanted(FIRST, SECOND, b"third"))
    assert sorted(found.values()) == [("usr/first.rom", FIRST), ("usr/second.rom", SECOND)]


@pytest.mark.parametrize("compression", ["xz", "gz", "zst"])
def test_finds_members_of_packages(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(make_package(MEMBERS, compression))
    assert is_archive(path)
    assert [name for name, _ in find_members(path, wanted(SECOND)).values()] == ["usr/second.rom"]


def test_stops_when_all_have_been_found(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    whole = make_tar({"a": FIRST, "b": b"x" * 100_000})
    path.write_bytes(whole[:30_000])
    assert find_members(path, wanted(FIRST))


@pytest.mark.parametrize(
    "content", [b"", b"\x55\xaa" * 300, b"plain text", gzip.compress(b"no tar" * 1000, mtime=0), b"!<arch>x" * 99]
)
def test_tells_archives_from_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert not is_archive(path)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("kind", ["deb", "tar", "gz", "xz", "bz2", "zst", "rpm"])
def test_a_truncated_archive_is_damaged_or_short_of_members(tmp_path: Path, kind: str, keep: float) -> None:
    noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1000))
    members = {"a": b"x", "b": noise, "c": noise[::-1]}
    packages = {"deb": make_package, "rpm": lambda members: make_rpm(make_cpio(members))}
    make = packages.get(kind, lambda members: make_tar(members, "" if kind == "tar" else kind))
    whole = make(members)
    path = tmp_path / "x"
    path.write_bytes(whole[: int(len(whole) * keep)])
    assert is_archive(path)
    if kind == "tar" and keep > 0.9:  # all members are there: what is missing is padding
        assert len(find_members(path, wanted(*members.values()))) == 3
        return
    with pytest.raises(ArchiveError, match="x is truncated or damaged: "):
        find_members(path, wanted(*members.values()))


def test_a_package_without_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(make_ar({"debian-binary": b"2.0\n"}))
    with pytest.raises(ArchiveError, match=re.escape("x.deb is a Debian package without data")):
        find_members(path, wanted(FIRST))


def test_noise_inside_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(make_ar({"data.tar.xz": b"noise" * 100}))
    with pytest.raises(ArchiveError, match="is truncated or damaged"):
        find_members(path, wanted(FIRST))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="none cannot be read: No such file"):
        is_archive(tmp_path / "none")


def test_a_compression_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(make_ar({"data.tar.lz": b"x"}))
    with pytest.raises(ArchiveError, match=r"has its files in data\.tar\.lz, a compression that cannot be read"):
        find_members(path, wanted(FIRST))


def test_an_archive_that_ends_between_two_members_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(make_tar({"a": b"a" * 512, "b": b"b" * 512})[:1024])
    with pytest.raises(ArchiveError, match=r"x\.tar is truncated or damaged: it ends without the end of a tar archive"):
        find_members(path, wanted(b"b" * 512))


@pytest.mark.parametrize("kind", [b"0", b"L"])
def test_a_member_that_claims_more_bytes_than_there_are(tmp_path: Path, kind: bytes) -> None:
    entry = tarfile.TarInfo("big.rom")
    entry.size, entry.type = 1 << 62, kind
    path = tmp_path / "x.tar"
    path.write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(ArchiveError, match=r"x\.tar is truncated or damaged: "):
        find_members(path, wanted(FIRST))


def test_an_archive_unpacks_to_so_much_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "UNPACKED_LARGEST", 1 << 20)
    path = tmp_path / "x.tar"
    path.write_bytes(make_tar({"a": bytes(2 << 20)}, "gz"))
    with pytest.raises(ArchiveError, match="it unpacks to more than 1 MiB"):
        find_members(path, wanted(FIRST))


@pytest.mark.parametrize("compress", [lambda payload: payload, zstandard.compress, lzma.compress])
def test_reads_rpm_packages(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "x.rpm"
    path.write_bytes(make_rpm(compress(make_cpio(MEMBERS))))
    assert is_archive(path)
    assert {member.path: member.read() for member in iter_members(path)} == MEMBERS
    assert sorted(found for found, _ in find_members(path, wanted(FIRST)).values()) == ["usr/first.rom"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (make_rpm(make_cpio_member("big.rom", b"x", length=0xFFFFFFFF)), "it ends inside a member"),
        (make_rpm(make_cpio_member("x" * 70_000, b"")), "70001 bytes in the name of a member"),
        (make_rpm(make_cpio_member("a", b"")), "it ends inside a member"),
        (make_rpm(b"\x1f\x8b noise"), "x.rpm is truncated or damaged"),
        (make_rpm(zstandard.compress(b"noise" * 99)), "where a member of a cpio archive begins"),
        (make_rpm(make_cpio({}))[:100], "it ends before a header"),
        (make_rpm(make_cpio({}))[:96] + make_header(b"", claimed=1 << 31), "a header claims 2147483664 bytes"),
        (make_rpm(make_cpio({}))[:96] + b"noise" * 9, "where a header begins, expected 8eade801"),
    ],
)
def test_a_damaged_rpm_package_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.rpm"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=re.escape(words)):
        list(iter_members(path))


def test_a_payload_unpacks_to_so_much_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "UNPACKED_LARGEST", 1 << 20)
    path = tmp_path / "x.rpm"
    path.write_bytes(make_rpm(zstandard.compress(make_cpio({"a": bytes(2 << 20)}))))
    with pytest.raises(ArchiveError, match="it unpacks to more than 1 MiB"):
        list(iter_members(path))


def test_zstd_that_wants_too_large_a_window_is_damage(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path = tmp_path / "x.tar.zst"
    path.write_bytes(stream.compress(make_tar(MEMBERS)) + stream.flush())
    assert is_archive(path)
    with pytest.raises(ArchiveError, match="truncated or damaged"):
        list(iter_members(path))


def test_without_the_library_zstd_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    path = tmp_path / "x.tar.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    for read in (is_archive, lambda path: list(iter_members(path))):
        with pytest.raises(ArchiveError, match=r"x\.tar\.zst is compressed by zstd, and zstandard") as raised:
            read(path)
        assert "bootrig[archives]" in raised.value.remedy
