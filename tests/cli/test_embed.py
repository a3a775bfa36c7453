import subprocess
import sys
from pathlib import Path

import pytest

from bootrig import __version__
from bootrig.cli.main import main
from bootrig.romset.manifest import find_manifest
from bootrig.store.content import Store
from tests.builder.rom_recipes import ROMS, write_archive_recipe, write_package_recipe
from tests.store.http_server import Resource, Server
from tests.store.packages import make_package


@pytest.fixture(autouse=True)
def _recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package_recipe(tmp_path / "recipes", "mine")
    write_archive_recipe(tmp_path / "recipes")
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("BOOTRIG_OFFLINE", "1")
    monkeypatch.delenv("BOOTRIG_CONFIG", raising=False)


@pytest.fixture
def _stored(tmp_path: Path) -> None:
    for content in ROMS.values():
        Store(tmp_path / "store").add_bytes(content)


@pytest.mark.usefixtures("_stored")
def test_embeds_and_brings_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = tmp_path / "pc-bios"
    into.mkdir()
    (into / "efi-e1000.rom").write_bytes(b"theirs")
    assert main(["embed", "mine", "--into", str(into)]) == 2
    errors = capsys.readouterr().err
    assert "efi-e1000.rom" in errors
    assert "remedy: embed with --force" in errors
    assert main(["embed", "mine", "--into", str(into), "--force"]) == 0
    assert capsys.readouterr().out == (
        f"{into}: mine, 2 files\nkept in {into / '.bootrig' / 'displaced'}: efi-e1000.rom\n"
    )
    manifest = find_manifest(into)
    assert manifest.tool_version == __version__
    assert manifest.origin["recipe"] == "mine"
    assert main(["embed", "old", "--into", str(into)]) == 0
    assert main(["embed", "--rollback", "--into", str(into)]) == 0
    assert capsys.readouterr().out.endswith(f"{into}: mine is restored\n")
    assert find_manifest(into).rom_set == "mine"


def test_a_download_is_told(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.resources["/pool/m/mine_1_all.deb"] = Resource(make_package(ROMS))
    monkeypatch.setenv("BOOTRIG_MIRROR", server.address)
    monkeypatch.setenv("BOOTRIG_OFFLINE", "0")
    argv = [sys.executable, "-m", "bootrig.cli.main", "embed", "mine", "--into", str(tmp_path / "d")]
    first, second = (subprocess.run(argv, capture_output=True, text=True, check=True).stderr for _ in range(2))
    assert first == f"fetching {server.address}/pool/m/mine_1_all.deb\n"
    assert second == ""


@pytest.mark.usefixtures("_stored")
def test_takes_the_first_set_out_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "bios.bin").touch()
    assert main(["embed", "mine", "--into", str(tmp_path / "d")]) == 0
    assert main(["embed", "--rollback", "--into", str(tmp_path / "d")]) == 0
    assert "no ROM set is restored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["mine", "--rollback"], 2, "--rollback takes no ROM set"),
        ([], 2, "which ROM set?"),
        (["--rollback"], 2, "has no previous ROM set to restore"),
        (["minee"], 2, 'did you mean "mine"?'),
        (["mine"], 3, "is not available"),
    ],
)
def test_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], status: int, message: str
) -> None:
    assert main(["embed", *argv, "--into", str(tmp_path / "into")]) == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "into").exists()


@pytest.mark.usefixtures("_stored")
def test_a_file_in_the_place_of_the_directory_is_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="2"):
        main(["embed", "mine", "--into", str(tmp_path / "file")])
    assert f"{tmp_path / 'file'} is not a directory" in capsys.readouterr().err
