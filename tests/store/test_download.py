import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import bootrig.store.download as download_module
from bootrig.store.content import Store
from bootrig.store.download import download
from bootrig.store.errors import DownloadError
from bootrig.store.incoming import start_incoming
from tests.store.http_server import Resource, Server

CONTENT = bytes(range(256)) * 1024


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "PAUSE_S", 0.0)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def get(server: Server, store: Store, *, length: int | None = None) -> bytes:
    with start_incoming(store.root) as incoming:
        download(f"{server.address}/x", incoming, length=length)
        return incoming.path.read_bytes()


def refusal(server: Server, store: Store, *, length: int | None = None) -> str:
    with pytest.raises(DownloadError) as caught:
        get(server, store, length=length)
    assert list((store.root / "incoming").iterdir()) == []
    return str(caught.value)


def test_downloads_and_tells_the_progress(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT)
    seen: list[tuple[str, int, int | None]] = []
    with start_incoming(store.root) as incoming:
        download(f"{server.address}/x", incoming, progress=lambda *state: seen.append(state))
        assert incoming.path.read_bytes() == CONTENT
    assert seen[-1] == (f"{server.address}/x", len(CONTENT), len(CONTENT))
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_resumes_where_the_connection_broke(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, break_after=[1000, 0, 70000])
    assert get(server, store, length=len(CONTENT)) == CONTENT
    asked = [(headers.get("Range"), headers.get("If-Range")) for _, headers in server.requests]
    assert asked == [(None, None), ("bytes=1000-", '"1"'), ("bytes=1000-", '"1"'), ("bytes=71000-", '"1"')]


def test_starts_again_where_the_server_knows_no_ranges(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, ranges=False, tag="", break_after=[1000])
    assert get(server, store) == CONTENT


def test_starts_again_where_the_file_has_changed_meanwhile(server: Server, store: Store) -> None:
    resource = Resource(b"old" * 1000, break_after=[1000])
    server.resources["/x"] = resource
    with start_incoming(store.root) as incoming:

        def change(address: str, length: int, total: int | None) -> None:
            resource.content, resource.tag = CONTENT, '"2"'

        download(f"{server.address}/x", incoming, progress=change)
        assert incoming.path.read_bytes() == CONTENT


def test_starts_again_where_the_file_has_become_shorter(server: Server, store: Store) -> None:
    resource = Resource(CONTENT, tag="", break_after=[1000])
    server.resources["/x"] = resource
    with start_incoming(store.root) as incoming:

        def change(address: str, length: int, total: int | None) -> None:
            resource.content = b"short"

        download(f"{server.address}/x", incoming, progress=change)
        assert incoming.path.read_bytes() == b"short"


def test_gives_up_after_three_attempts_without_a_byte(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, break_after=[1000, 0, 0, 0])
    expected = f"the connection ended after 1000 of {len(CONTENT)} bytes (3 attempts gave nothing new)"
    assert refusal(server, store) == expected
    assert len(server.requests) == 4


def test_gives_up_a_server_that_begins_anew_and_breaks_at_the_same_place(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, ranges=False, break_after=[1000] * 9)
    assert "(3 attempts gave nothing new)" in refusal(server, store)
    assert len(server.requests) == 4


def test_tries_again_where_the_server_is_busy(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, statuses=[503, 429])
    assert get(server, store) == CONTENT
    server.resources["/x"] = Resource(CONTENT, statuses=[500, 502, 503])
    assert refusal(server, store) == "503 Service Unavailable (3 attempts gave nothing new)"


def test_a_file_that_is_not_there_is_asked_for_once(server: Server, store: Store) -> None:
    assert refusal(server, store) == "404 Not Found"
    assert len(server.requests) == 1


def test_refuses_another_length(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT)
    assert refusal(server, store, length=5) == f"has {len(CONTENT)} bytes, expected 5"


def test_refuses_more_than_expected_where_nothing_was_announced(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, announce=False)
    assert refusal(server, store, length=5) == "sent more than the expected 5 bytes"


def test_an_end_before_the_expected_length_is_a_break(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, announce=False, break_after=[100])
    assert get(server, store, length=len(CONTENT)) == CONTENT


def test_refuses_a_wrong_range(server: Server, store: Store) -> None:
    server.resources["/x"] = Resource(CONTENT, break_after=[1000], wrong_range="bytes 5-9/10")
    assert refusal(server, store) == "answered with the wrong range 'bytes 5-9/10'"


def test_says_why_nobody_answers(store: Store) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with start_incoming(store.root) as incoming, pytest.raises(DownloadError) as caught:
            download(f"http://127.0.0.1:{port}/x", incoming)
    assert "Connection refused" in str(caught.value)


def test_says_that_a_server_is_silent(server: Server, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "SILENCE_S", 0.05)
    server.resources["/x"] = Resource(CONTENT, hold=threading.Event())
    assert "(3 attempts gave nothing new)" in refusal(server, store)


def test_refuses_an_address_that_is_none(store: Store) -> None:
    with start_incoming(store.root) as incoming, pytest.raises(DownloadError, match="No host supplied"):
        download("http:///x", incoming)


INTERRUPTED = """
import sys
from pathlib import Path
from bootrig.cli.main import main
sys.exit(main(["embed", sys.argv[1], "--into", sys.argv[2]]))
"""

RECIPE = """
name = "slow"
title = "A set from a slow server"
version = "1"
origin = "test"
licence = "0BSD"
[source]
kind = "archive"
addresses = ["{address}/x.tar"]
sha256 = "{digest}"
[[rom]]
name = "efi-e1000.rom"
member = "x"
sha256 = "{digest}"
length = 512
"""


def test_ctrl_c_in_the_middle_leaves_nothing_half_written(server: Server, tmp_path: Path) -> None:
    server.resources["/x.tar"] = Resource(CONTENT, hold=threading.Event())
    (tmp_path / "slow.toml").write_text(RECIPE.format(address=server.address, digest="0" * 64))
    environment = {**os.environ, "BOOTRIG_STORE": str(tmp_path / "store"), "BOOTRIG_CONFIG": ""}
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "slow.toml"), str(tmp_path / "into")],
        env=environment,
        stderr=subprocess.PIPE,
    ) as process:
        assert server.started_body.wait(30)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.splitlines()[-1]) == (130, b"bootrig: interrupted")
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    assert not (tmp_path / "into").exists()
