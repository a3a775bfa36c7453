import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bootrig.store.download as download_module
from bootrig.recipe.source import SourceFile
from bootrig.store.apt import ask_apt
from bootrig.store.content import Store
from bootrig.store.errors import ArchiveError, UnavailableError
from bootrig.store.fetch import fetch_members, fetch_source, iter_ways
from bootrig.store.settings import FetchSettings
from tests.store.http_server import Resource, Server
from tests.store.programs import write_apt

CONTENT = b"package" * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NO_APT = FetchSettings(use_apt=False)


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(download_module, "PAUSE_S", 0.0)
    ask_apt.cache_clear()
    yield
    ask_apt.cache_clear()


def source(
    *addresses: str, pool_path: str | None = "pool/main/x/x_1_all.deb", sha256: str | None = DIGEST
) -> SourceFile:
    return SourceFile("x_1_all.deb", sha256=sha256, length=len(CONTENT), pool_path=pool_path, addresses=addresses)


def test_the_order_of_the_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_apt(tmp_path, ["http://apt.example/debian/"])
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    settings = FetchSettings(mirrors=("http://mine.example/debian",))
    pool = "pool/main/x/x_1_all.deb"
    assert [address for address, _ in iter_ways(source("http://up.example/f/1"), settings)] == [
        f"http://mine.example/debian/{pool}",
        f"http://apt.example/debian/{pool}",
        "http://up.example/f/1",
    ]
    other = [address for address, _ in iter_ways(source("http://up.example/f/1", pool_path=None), settings)]
    assert other == ["http://mine.example/debian/x_1_all.deb", "http://up.example/f/1"]


def test_fetches_from_the_mirror_that_apt_has(
    server: Server, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.resources["/debian/pool/main/x/x_1_all.deb"] = Resource(CONTENT, break_after=[500])
    write_apt(tmp_path / "bin", [f"{server.address}/other/", f"{server.address}/debian/"])
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    path = fetch_source(source(), store)
    assert path == store.path_of(DIGEST)
    assert store.read(DIGEST) == CONTENT
    assert [stored.file_name for stored in store.iter_files()] == ["x_1_all.deb"]
    server.requests.clear()
    assert fetch_source(source(), store) == path
    assert server.requests == []


def test_wrong_bytes_are_refused_and_the_next_way_is_tried(server: Server, store: Store) -> None:
    server.resources["/a"] = Resource(CONTENT[::-1])
    server.resources["/b"] = Resource(CONTENT)
    fetch_source(source(f"{server.address}/a", f"{server.address}/b"), store, settings=NO_APT)
    assert store.find(DIGEST)
    assert len(list(store.iter_files())) == 1


def test_one_error_names_everything_that_was_tried(
    server: Server, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    server.resources["/a"] = Resource(CONTENT[::-1])
    server.resources["/b"] = Resource(CONTENT[:50])
    settings = FetchSettings(mirrors=(f"{server.address}/mine/",))
    with pytest.raises(UnavailableError) as caught:
        fetch_source(source(f"{server.address}/a", f"{server.address}/b"), store, settings=settings)
    wrong = hashlib.sha256(CONTENT[::-1]).hexdigest()
    assert str(caught.value).splitlines() == [
        f"x_1_all.deb (SHA-256 {DIGEST}) is not available",
        f"  store {store.root}: not there",
        f"  {server.address}/mine/pool/main/x/x_1_all.deb: 404 Not Found",
        f"  {server.address}/a: wrong bytes: SHA-256 {wrong}",
        f"  {server.address}/b: has 50 bytes, expected 35000",
        "  apt's mirrors: cannot start apt-get: no such program",
    ]
    assert caught.value.remedy == (
        "get x_1_all.deb where there is a network, then import it here: bootrig store add FILE"
    )
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_offline_leaves_the_network_alone(server: Server, store: Store) -> None:
    with pytest.raises(UnavailableError, match="network: not tried, bootrig is set to be offline"):
        fetch_source(source(f"{server.address}/a"), store, settings=FetchSettings(offline=True))
    assert server.requests == []


def test_a_damaged_file_of_the_store_is_fetched_again(server: Server, store: Store) -> None:
    path = store.path_of(store.add_bytes(CONTENT))
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    server.resources["/a"] = Resource(CONTENT)
    assert fetch_source(source(f"{server.address}/a"), store, settings=NO_APT).read_bytes() == CONTENT


def test_an_archive_that_is_not_pinned_is_taken_by_its_members(server: Server, store: Store) -> None:
    server.resources["/a"] = Resource(CONTENT[::-1])
    server.resources["/b"] = Resource(CONTENT)
    taken: list[str] = []

    def take_members(path: Path, address: str) -> None:
        if path.read_bytes() != CONTENT:
            raise ArchiveError("not the right one")
        taken.append(address)

    unpinned = source(f"{server.address}/a", f"{server.address}/b", sha256=None)
    fetch_members(unpinned, store, take_members, settings=NO_APT)
    assert taken == [f"{server.address}/b"]
    assert [path for path in store.root.rglob("*") if path.is_file()] == []
    server.resources["/b"].content = CONTENT[::-1]
    with pytest.raises(UnavailableError, match=re.escape(f"{server.address}/b: not the right one")) as caught:
        fetch_members(unpinned, store, take_members, settings=NO_APT)
    assert "x_1_all.deb (not pinned itself, its members are) is not available" in str(caught.value)
    assert "or the single ROM files" in caught.value.remedy


def test_a_source_that_is_not_pinned_cannot_be_stored_whole(store: Store) -> None:
    with pytest.raises(ValueError, match="is not pinned"):
        fetch_source(source(sha256=None), store)
