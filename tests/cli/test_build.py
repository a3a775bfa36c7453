import shutil
from pathlib import Path

import pytest

from bootrig.cli.main import main
from bootrig.store.content import Store
from tests.builder.stand_in import TREE, make_source_package, recipe_text, serve, write_recipe
from tests.store.http_server import start_server


@pytest.fixture(autouse=True)
def _recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    with start_server() as server:
        package = make_source_package()
        serve(server, package)
        write_recipe(tmp_path / "recipes", recipe_text(package))
        monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
        monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "store"))
        monkeypatch.setenv("BOOTRIG_MIRROR", f"{server.address}/debian")
        yield


def test_builds_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "standboot", "-j", "1", "--output", str(tmp_path / "out")]) == 0
    captured = capsys.readouterr()
    assert "[2/3] make: 1 target" in captured.err
    assert captured.out.startswith("standboot: built (standboot-")
    assert "efi-ne2k_pci.rom" in captured.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "efi-ne2k_pci.rom",
        "provenance.json",
        "sbom.cdx.json",
    ]
    assert main(["build", "standboot"]) == 0
    assert "in the store, nothing to do" in capsys.readouterr().out
    assert main(["roms"]) == 0
    assert "source in the store" in capsys.readouterr().out


def test_checks_that_builds_repeat_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "standboot", "--check"]) == 0
    assert "the second build gave the same bytes" in capsys.readouterr().out


def test_says_where_builds_do_not_repeat_themselves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(TREE, tree)
    makefile = tree / "src" / "Makefile"
    makefile.write_text(
        makefile.read_text().replace("@bin/finish $< $@ $*", "@bin/finish $< $@ $*; head -c 512 /dev/urandom >> $@")
    )
    assert main(["build", "standboot", "--source", str(tree), "--check"]) == 1
    assert "efi-ne2k_pci.rom: the second build differs from byte " in capsys.readouterr().out


def test_shows_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "standboot", "--plan"]) == 0
    shown = capsys.readouterr().out
    assert "  source   standboot_1.0.orig.tar.gz sha256:" in shown
    assert "  tool     /usr/bin/make: GNU Make" in shown
    assert "           make bin/10ec8029.rom" in shown
    assert "built already" not in shown
    main(["build", "standboot", "--source", str(TREE)])
    main(["build", "standboot", "--source", str(TREE), "--plan"])
    assert "(built already)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["standbot"], 2, 'did you mean "standboot"?'),
        (["ipxe-debian-12"], 2, "ipxe-debian-12 is prebuilt, there is nothing to build"),
        (["standboot", "-j", "0"], 2, "-j 0: expected at least 1"),
        (["standboot", "--nic", "e1000"], 2, 'standboot builds no ROM for the NIC "e1000"'),
        (["standboot", "--source", "none"], 2, "there is no directory none"),
    ],
)
def test_says_what_is_wrong(argv: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", *argv]) == status
    assert message in capsys.readouterr().err


def test_an_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="2"):
        main(["build", "standboot", "--output", str(tmp_path / "file" / "out")])
    assert f"{tmp_path / 'file'} is not a directory" in capsys.readouterr().err


def test_a_file_that_was_damaged_in_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "standboot"]) == 0
    store = Store(tmp_path / "store")
    damaged = next(stored for stored in store.iter_files() if stored.file_name == "efi-ne2k_pci.rom")
    store.path_of(damaged.sha256).chmod(0o644)
    store.path_of(damaged.sha256).write_bytes(b"damaged")
    capsys.readouterr()
    assert main(["build", "standboot", "--output", str(tmp_path / "out")]) == 3
    assert "efi-ne2k_pci.rom was damaged in the store" in capsys.readouterr().err
    assert main(["build", "standboot", "--output", str(tmp_path / "out")]) == 0


def test_a_source_that_does_not_compile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Makefile").write_text("bin/%.rom:\n\t@echo 'a.c:1:2: error: wrong'; false\n")
    assert main(["build", "standboot", "--source", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
    assert "standboot does not compile\na.c:1:2: error: wrong\n" in errors
    assert "remedy: the whole log is " in errors


def test_missing_tools_are_named_before_anything_is_fetched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = recipe_text(make_source_package()).replace('"objcopy"', '"no-such-tool"')
    write_recipe(tmp_path / "recipes", text)
    assert main(["build", "standboot"]) == 3
    errors = capsys.readouterr().err
    assert "the build needs what is not installed: no-such-tool" in errors
    assert "remedy: apt-get install no-such-tool" in errors
    assert not (tmp_path / "store").exists()
