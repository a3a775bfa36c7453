import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.builder.artifact import PROVENANCE, SBOM, find_artifact
from bootrig.builder.build import BuildOptions, build, build_incrementally
from bootrig.builder.errors import SourceError, UnsoundError
from bootrig.builder.plan import make_plan
from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from tests.builder.stand_in import TREE, Prepare, read_rom


def test_builds_a_directory_of_the_users(prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path) -> None:
    recipe = prepare().recipe
    plan = make_plan(recipe, directory=TREE)
    content = read_rom(build(plan, store, replace(options, settings=FetchSettings(offline=True))), store)
    assert b"StandBoot 1.0: ready" in content
    assert not (TREE / "src" / "bin").exists()
    with pytest.raises(SourceError, match="there is no directory"):
        make_plan(recipe, directory=tmp_path / "none")


def test_a_tree_in_which_make_ran_gives_the_same(
    prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(TREE, mine)
    recipe = prepare().recipe
    clean = make_plan(recipe, directory=mine)
    subprocess.run(["make", "-C", mine / "src", "bin/10ec8029.rom"], check=True, capture_output=True)
    (mine / "src" / "bin" / "10ec8029.rom").write_bytes(b"made by hand")
    assert make_plan(recipe, directory=mine).key == clean.key
    content = read_rom(build(make_plan(recipe, directory=mine), store, options), store)
    assert b"StandBoot 1.0: ready" in content


def test_a_rom_shows_the_history_of_its_tree(
    prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(TREE, mine)
    git = ["git", "-C", str(mine), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["tag", "v1.5"]):
        subprocess.run([*git, *words], check=True)
    recipe = prepare(build='version_variable = "VERSION"').recipe
    artifact = build(make_plan(recipe, directory=mine), store, options)
    assert b"StandBoot 1.5: ready" in read_rom(artifact, store)
    facts = json.loads(store.read(artifact.attestations[PROVENANCE]) or b"")["predicate"]["buildDefinition"]
    tree = facts["externalParameters"]["tree"]
    assert (facts["externalParameters"]["version"], tree["name"], tree["modified"]) == ("v1.5", "mine", False)
    materials = json.loads(store.read(artifact.attestations[SBOM]) or b"")
    assert materials["metadata"]["component"]["version"] == "v1.5"


def test_what_lint_finds_wrong_is_not_stored(
    prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(TREE, mine)
    makefile = mine / "src" / "Makefile"
    makefile.write_text(makefile.read_text().replace("@bin/finish $< $@ $*", "@cp $< $@; truncate -s 4096 $@"))
    plan = make_plan(prepare().recipe, directory=mine)
    with pytest.raises(UnsoundError, match=r"lint finds errors, so it is not stored:\nefi-ne2k_pci\.rom: ") as caught:
        build(plan, store, options)
    assert caught.value.exit_status == 1
    assert find_artifact(plan, store) is None


def test_an_incremental_build_makes_what_has_changed(
    prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(TREE, mine)
    recipe = prepare().recipe
    with pytest.raises(SourceError, match="an incremental build needs a tree"):
        build_incrementally(make_plan(recipe), store, options)
    first = build_incrementally(make_plan(recipe, directory=mine), store, options)
    assert (first.log or Path()).read_text().count("[BUILD]") == 8
    branding = mine / "src" / "core" / "dhcp.c"
    branding.write_text(branding.read_text() + "/* changed */\n")
    plan = make_plan(recipe, directory=mine)
    second = build_incrementally(plan, store, options)
    assert (second.log or Path()).read_text().count("[BUILD]") == 1
    assert not second.is_reproducible
    assert find_artifact(plan, store) is None
    facts = json.loads(store.read(second.attestations[PROVENANCE]) or b"")["predicate"]["buildDefinition"]
    assert facts["internalParameters"]["reproducible"] is False
    assert read_rom(second, store) == read_rom(build(plan, store, options), store)


def test_an_incremental_build_that_was_killed_starts_anew(
    prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(prepare().recipe, directory=shutil.copytree(TREE, tmp_path / "mine"))
    first = build_incrementally(plan, store, options)

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("bootrig.builder.build.assemble_target", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build_incrementally(plan, store, options)
    second = build_incrementally(plan, store, options)
    assert (second.log or Path()).read_text().count("[BUILD]") == 8
    assert second.digests == first.digests
    third = build_incrementally(plan, store, options)
    assert (third.log or Path()).read_text().count("[BUILD]") == 0
