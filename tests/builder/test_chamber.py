from pathlib import Path, PurePosixPath

import pytest

from bootrig.builder.chamber import Chamber, namespace_command
from bootrig.builder.compiler_cache import ROOM
from bootrig.builder.errors import IsolationError
from bootrig.deadline import Deadline
from bootrig.process import ProcessError, ProcessResult, run_process
from tests.store.http_server import Resource, Server

FETCH = "import urllib.request, sys; urllib.request.urlopen(sys.argv[1], timeout=5)"


def run(work: Path, *argv: str, use_ccache: bool = False) -> str:
    log = work.parent / "log"
    log.unlink(missing_ok=True)
    chamber = Chamber(work, source_date=1303128000, build_id="0badcafe", use_ccache=use_ccache)
    chamber.run(argv, directory=PurePosixPath("tree"), log=log, deadline=Deadline.after(30, "test"))
    return log.read_text()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work" / "tree").mkdir(parents=True)
    return tmp_path / "work"


def test_a_build_has_no_network(work: Path, server: Server) -> None:
    server.resources["/x"] = Resource(b"x")
    address = f"{server.address}/x"
    outside = run_process(["/usr/bin/python3", "-c", FETCH, address], deadline=Deadline.after(30, "test"))
    assert outside.status == 0
    with pytest.raises(ProcessError, match=r"Network is unreachable|Cannot assign requested address"):
        run(work, "/usr/bin/python3", "-c", FETCH, address)
    assert len(server.requests) == 1


def test_a_build_is_always_in_the_same_place_with_the_same_environment(work: Path) -> None:
    assert run(work, "pwd") == "/mnt/tree\n"
    (work / "tree" / "x").touch()
    assert run(work, "ls") == "x\n"
    lines = set(run(work, "env").splitlines())
    assert {
        "SOURCE_DATE_EPOCH=1303128000",
        "BOOTRIG_BUILD_ID=0badcafe",
        "TZ=UTC",
        "LC_ALL=C.UTF-8",
        "HOME=/mnt",
    } <= lines
    assert {line.partition("=")[0] for line in lines} - {"PWD", "OLDPWD", "SHLVL", "_"} == {
        "BOOTRIG_BUILD_ID",
        "HOME",
        "LC_ALL",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "SOURCE_DATE_EPOCH",
        "TZ",
    }


def test_words_stay_words(work: Path) -> None:
    assert run(work, "printf", "%s|", "a b", "$(id)", "'", "") == "a b|$(id)|'||"


def test_ccache_is_used_where_it_is_asked_for(work: Path) -> None:
    printed = run(work, "env", use_ccache=True)
    assert "PATH=/usr/lib/ccache:" in printed
    assert f"CCACHE_DIR={ROOM.directory}\n" in printed
    assert "CCACHE_MAXSIZE=1024Mi\n" in printed
    assert "CCACHE_CONFIGPATH=/dev/null\n" in printed  # nobody's settings


def test_what_a_build_starts_ends_with_it(work: Path) -> None:
    run(work, "sh", "-c", "sleep 1000 & exit 0")  # the leak check would find it


def test_a_machine_without_namespaces_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(argv: list[str], **options: object) -> ProcessResult:
        raise ProcessError("unshare failed", argv=argv, status=1, output="unshare: Operation not permitted\n")

    monkeypatch.setattr("bootrig.builder.chamber.run_process", refuse)
    namespace_command.cache_clear()
    try:
        with pytest.raises(IsolationError) as caught:
            namespace_command()
    finally:
        namespace_command.cache_clear()
    assert str(caught.value) == ("a build cannot be isolated from the network here: unshare: Operation not permitted")
    assert "run as root, or allow user namespaces" in caught.value.remedy
