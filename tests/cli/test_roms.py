import json
from pathlib import Path

import pytest

from bootrig.cli.main import main
from bootrig.store.content import Store
from tests.builder.rom_recipes import ROMS, write_package_recipe
from tests.store.packages import make_package


@pytest.fixture(autouse=True)
def _one_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package_recipe(tmp_path / "recipes")
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "store"))


def row(text: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith("mine ")).split()


def test_lists_where_each_set_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(tmp_path / "store")
    assert main(["roms"]) == 0
    listed = capsys.readouterr().out
    assert row(listed) == ["mine", "2", "not", "in", "the", "store", "0BSD", "test"]
    assert "gpxe-qemu-0.14" in listed
    store.add_bytes(ROMS["usr/share/qemu/efi-e1000.rom"])
    assert main(["roms", "list"]) == 0
    assert "1 of 2 files in the store" in capsys.readouterr().out
    store.add_bytes(make_package(ROMS))
    assert main(["roms"]) == 0
    assert "package in the store" in capsys.readouterr().out
    store.add_bytes(ROMS["usr/share/qemu/pxe-e1000.rom"])
    assert main(["roms"]) == 0
    assert row(capsys.readouterr().out) == ["mine", "2", "in", "the", "store", "0BSD", "test"]


def test_shows_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roms", "show", "ipxe-debian-13"]) == 0
    shown = capsys.readouterr().out
    assert "licence  GPL-2.0-or-later" in shown
    line = next(line for line in shown.splitlines() if line.startswith("efi-virtio.rom"))
    assert line.split()[1:4] == ["262144", "256K", "no"]
    assert len(line.split()[4]) == 64


def test_says_that_members_are_pinned_where_the_archive_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roms", "show", "gpxe-qemu-0.14"]) == 0
    assert "qemu-0.14.1.tar.gz (not pinned itself, its members are)" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["roms", "--json", "show", "mine"], ["roms", "show", "--json", "mine"]])
def test_shows_json(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "bootrig-roms/1"
    (facts,) = document["rom_sets"]
    assert facts["name"] == "mine"
    assert facts["store"] == "not in the store"
    assert facts["files"][0]["bar_length"] == 2048


def test_lists_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roms", "--json"]) == 0
    assert "ipxe-debian-12" in [facts["name"] for facts in json.loads(capsys.readouterr().out)["rom_sets"]]


def test_an_unknown_set_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roms", "show", "ipxe-debian-14"]) == 2
    errors = capsys.readouterr().err
    assert 'did you mean "ipxe-debian-13"?' in errors
    assert "remedy: known roms: " in errors


def test_a_broken_recipe_is_bad_input_and_the_others_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipes" / "roms" / "broken.toml").write_text("name = 5\nrom = 3\n")
    assert main(["roms"]) == 2
    captured = capsys.readouterr()
    assert "ipxe-debian-12" in captured.out
    assert "broken.toml: name: found an integer 5, expected lower-case letters" in captured.err
    assert "broken.toml: rom: found an integer 3, expected an array" in captured.err
    assert captured.err.count("found an integer 5") == 1


def test_shows_and_pins_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine_1_all.deb"
    path.write_bytes(make_package({**ROMS, "own.rom": b"own"}))
    assert main(["roms", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "not of QEMU    own.rom" in shown
    assert next(line for line in shown.splitlines() if line.startswith("efi-e1000.rom")).split()[2] == "2K"
    assert main(["roms", "show", "--json", str(path)]) == 0
    (facts,) = json.loads(capsys.readouterr().out)["rom_sets"]
    assert [file["name"] for file in facts["files"]] == ["efi-e1000.rom", "pxe-e1000.rom"]
    assert main(["roms", "pin", str(path)]) == 0
    assert facts["files"][0]["sha256"] in capsys.readouterr().out


def test_a_mistyped_side_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    for argv in (["compare", "mine", "mime"], ["run", "./mine.deb"], ["boot", "mime"], ["roms", "pin", "./mine.deb"]):
        assert main(argv) == 2
        assert "there is no" in capsys.readouterr().err
    assert list(place.iterdir()) == []
