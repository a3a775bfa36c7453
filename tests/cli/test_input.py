"""What people type and give that cannot be right: exit status 2 with what is wrong, before anything starts."""

import os
from pathlib import Path

import pytest

from bootrig.cli.main import main

FIFO, DOTS, MARK = "{d}/fifo", "{d}/dots.toml", "{d}/mark.toml"
COMPARE = ("compare", "ipxe-debian-12", "ipxe-debian-12")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero.rom").symlink_to("/dev/zero")
    (tmp_path / "dots.toml").write_text(".".join(["a"] * 50_000) + " = 1")
    (tmp_path / "mark.toml").write_text("\ufeffa = 1", "utf-8")
    (tmp_path / "file").touch()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "efi-e1000.rom").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "store"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lint", FIFO), "is a named pipe"),
        (("lint", "{d}/zero.rom"), "it is a device"),
        (("lint", "--rules", "x"), "--rules lints nothing: x would be ignored"),
        (("assemble", "fix", FIFO, "-o", "o.rom"), "it is a named pipe"),
        (("assemble", "join", "{d}/zero.rom", "-o", "o.rom"), "it is a device"),
        (("assemble", "split", "{d}/set", "--into", "o"), "it is a directory"),
        (("store", "add", FIFO), "it is a named pipe"),
        (("store", "add", "/proc/kmsg"), "it is a file of the kernel"),
        (("roms", "show", DOTS), "has a key of 50000 parts"),
        ((*COMPARE, "--waivers", FIFO), "it is a named pipe"),
        ((*COMPARE, "--policy", MARK), "begins with a byte order mark"),
        (("embed", "./set", "--into", "/", "--force"), "/ is not an emulator's data directory"),
        (("embed", "--rollback", "--into", "/"), "/ is not an emulator's data directory"),
        (("embed", "./set", "--into", "{d}/new"), "has files that are not option ROMs: efi-e1000.rom"),
        (("embed", "--rollback", "--into", "{d}/set"), "has no previous ROM set"),
    ],
)
def test_is_refused(words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word.format(d=tmp_path) for word in words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "bootrig-runs").exists()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("guest", "check", ""), "argument FILE: found nothing, expected a path"),
        (("embed", "./set", "--into", ""), "argument --into: found nothing, expected a path"),
        (("embed", "./set", "--into", "file"), "file is not a directory"),
        (("embed", "./set", "--into", "file/x"), "file is not a directory"),
        (("guest", "docs", "--into", "file"), "argument --into: file is not a directory"),
        (("build", "ipxe-2.0.0", "--plan", "--output", "file"), "argument --output: file is not a directory"),
        (("run", "ipxe-debian-12", "--runs", "bad\udcff"), "argument --runs: 'bad\\udcff' is not UTF-8"),
        *((("guest", "run", "x.toml", "--limit", word), "is not a number of seconds") for word in ("nan", "-1", "inf")),
    ],
)
def test_is_not_an_argument(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert message in capsys.readouterr().err
