"""What `bisect` and `--exit-for bisect` end with where nothing is proven: 125, on which git skips a commit."""

import shutil
from pathlib import Path

import pytest

from bootrig.cli.main import VERBS, main
from tests.builder.stand_in import TREE, make_source_package, recipe_text, write_recipe


@pytest.fixture(autouse=True)
def _recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_recipe(tmp_path / "recipes", recipe_text(make_source_package()))
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.setenv("BOOTRIG_STORE", str(tmp_path / "store"))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "bisect needs either --source with --recipe and --good, or --sets"),
        (["--source", ".", "--sets", "host"], "bisect needs either"),
        (["--source", "."], "bisect --source needs --recipe"),
        (["--source", ".", "--recipe", "ipxe-debian-12", "--good", "v1"], "ipxe-debian-12 is prebuilt"),
        (["--source", ".", "--recipe", "standbot", "--good", "v1"], 'did you mean "standboot"?'),
        (["--source", "none", "--recipe", "standboot", "--good", "v1"], "there is no directory none"),
        (["--sets", "host", "host"], "two different sides or more"),
        (["--set", "host"], "unrecognized arguments: --set"),
    ],
)
def test_bisect_says_what_is_wrong(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bisect", *argv]) == 125
    assert message in capsys.readouterr().err


def test_a_source_that_does_not_compile_is_skipped_and_a_bad_rom_is_not(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(TREE, tree)
    argv = ["build", "standboot", "--source", str(tree)]
    makefile = tree / "src" / "Makefile"
    whole = makefile.read_text()
    makefile.write_text(whole.replace("@bin/finish $< $@ $*", "@cp $< $@; truncate -s 4096 $@"))
    assert main([*argv, "--exit-for", "bisect"]) == 1
    makefile.write_text(whole)
    (tree / "src" / "core" / "main.c").write_text("this does not compile\n")
    assert main(argv) == 1
    assert main([*argv, "--exit-for", "bisect"]) == 125
    assert main([*argv, "--exit-for=bisect", "-j", "0"]) == 125


@pytest.mark.parametrize("verb", ["compare", "judge", "run", "boot", "lint"])
def test_wrong_words_are_skipped_where_git_asks(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb in VERBS
    assert main([verb, "--exit-for", "bisect", "--no-such-option"]) == 125
    assert main([verb, "--exit-for", "bisect", "ipxe-debian-1", *(["host"] if verb == "compare" else [])]) == 125
    with pytest.raises(SystemExit) as caught:
        main([verb, "--no-such-option"])
    assert caught.value.code == 2
