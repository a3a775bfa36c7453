import json
import os
import resource
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import bootrig.builder.build as build_module
from bootrig.builder import compiler_cache
from bootrig.builder.artifact import PROVENANCE, SBOM, Artifact, find_artifact
from bootrig.builder.build import (
    ROOM,
    BuildOptions,
    build,
    check_build,
    obtain_built_rom_set,
    obtain_platform_firmware,
)
from bootrig.builder.compile_log import ANNOUNCED
from bootrig.builder.errors import CompileError, PatchError, SourceError
from bootrig.builder.plan import make_plan
from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.process import run_process, small_environment
from bootrig.romset.obtain import obtain_rom_set
from bootrig.store.content import Store
from bootrig.store.errors import UnavailableError
from tests.builder.stand_in import (
    TREE,
    Prepare,
    read_rom,
)
from tests.requirements import miss
from tests.store.http_server import Server


def test_builds_a_debian_source_package(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    plan = prepare()
    steps: list[tuple[int, int, str]] = []
    assert find_artifact(plan, store) is None
    counts: list[int | None] = []
    watched = replace(
        options, on_step=lambda *step: steps.append(step), on_make=lambda log, count: counts.append(count)
    )
    artifact = build(plan, store, watched)
    assert steps == [
        (1, 3, "unpack: standboot_1.0-2.dsc, standboot_1.0.orig.tar.gz, standboot_1.0-2.debian.tar.xz"),
        (2, 3, "make: 1 target"),
        (3, 3, "assemble: efi-ne2k_pci.rom"),
    ]
    content = read_rom(artifact, store)
    assert content[:2] == b"\x55\xaa"
    assert sum(content) % 256 == 0
    assert b"StandBoot 1.0-2: ready to boot" in content.replace(b"\0", b"")
    assert artifact.log is not None
    told = ANNOUNCED.findall(artifact.log.read_text())
    assert "  [FINISH] bin/10ec8029.rom" in told
    assert counts == [None, len(told)]


def test_the_same_key_takes_no_work(
    prepare: Prepare, options: BuildOptions, store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = prepare()
    first = build(plan, store, options)
    server.requests.clear()
    monkeypatch.setattr(build_module, "_build_once", None)
    again = build(plan, store, options)
    assert (again.key, again.digests, again.attestations) == (first.key, first.digests, first.attestations)
    assert again.log is None
    assert server.requests == []


def test_builders_of_the_same_key_take_turns(
    prepare: Prepare, options: BuildOptions, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = prepare()
    artifacts: list[Artifact] = []
    builders = [threading.Thread(target=lambda: artifacts.append(build(plan, store, options))) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [artifact.log is None for artifact in artifacts] == [False, True, True]
    impatient = prepare(build='arguments = ["X=1"]\ndeadline_s = 1')
    with (
        ROOM.hold(impatient.key, Deadline.never("test")),
        pytest.raises(RigError, match="deadline passed: another process builds standboot-"),
    ):
        build(impatient, store, options)


def test_a_cache_that_cannot_be_written(
    prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path / "file"))
    with pytest.raises(RigError, match=r"the cache .* cannot be used: Not a directory"):
        build(prepare(), store, options)


def test_what_changes_the_bytes_changes_the_key(prepare: Prepare) -> None:
    keys = [
        prepare().key,
        prepare(build='arguments = ["X=1"]').key,
        prepare(build='configuration."config/general.h".BANNER_TEXT = "\\"hello\\""').key,
        prepare(rom="length = 16384").key,
        prepare({"README": b"other"}).key,
        prepare(build="source_date = 5").key,
    ]
    assert len(set(keys)) == len(keys)


def test_what_does_not_change_the_bytes_does_not_change_the_key(prepare: Prepare) -> None:
    assert prepare().key == prepare(build="deadline_s = 99").key


def test_configuration_shows_in_the_result(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    build_table = """
        [build.configuration."config/general.h"]
        BANNER_TEXT = '"configured by the recipe"'
        VERBOSE_STEPS = false
        ANSWER_TIMEOUT = 1
        [build.configuration."config/branding.h"]
        PRODUCT_NAME = '"Acme"'
        """
    content = read_rom(build(prepare(build=build_table), store, options), store)
    assert b"Acme 1.0-2: configured by the recipe" in content
    assert b"DHCP..." not in content
    assert b"StandBoot 1.0" not in content


def test_patches_scripts_and_padding(prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path) -> None:
    (tmp_path / "recipes" / "roms").mkdir(parents=True)
    (tmp_path / "recipes" / "roms" / "text.ipxe").write_text("text of the recipe\n")
    patch = "--- a/src/config/branding.h\n+++ b/src/config/branding.h\n@@ -4 +4 @@\n"
    patch += '-#define PRODUCT_NAME "StandBoot"\n+#define PRODUCT_NAME "Patched"\n'
    (tmp_path / "recipes" / "roms" / "name.patch").write_text(patch)
    plan = prepare(build='patches = ["name.patch"]\nembedded_script = "text.ipxe"', rom="length = 16384")
    content = read_rom(build(plan, store, options), store)
    assert len(content) == 16384
    assert b"Patched 1.0-2" in content
    assert b"text of the recipe\n" in content


def test_a_patch_that_does_not_apply(prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path) -> None:
    (tmp_path / "recipes" / "roms").mkdir(parents=True)
    (tmp_path / "recipes" / "roms" / "x.patch").write_text("--- a/README\n+++ b/README\n@@ -1 +1 @@\n-other\n+new\n")
    with pytest.raises(PatchError, match=r"the patch x\.patch does not apply:\n(.*\n)*.*Hunk #1 FAILED at 1"):
        build(prepare(build='patches = ["x.patch"]'), store, options)


def test_check_finds_the_same_bytes(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    artifact, differences = check_build(prepare(), store, options)
    assert differences == ()
    assert read_rom(artifact, store)


def test_check_finds_other_bytes(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    main = (TREE / "src/core/main.c").read_bytes()
    random = b"#define NOISE(x) #x\n#define TEXT(x) NOISE(x)\n" + main.replace(
        b'"\\n" PRODUCT_NAME', b"TEXT(RANDOM) PRODUCT_NAME"
    )
    makefile = (
        (TREE / "src/Makefile")
        .read_bytes()
        .replace(b"-Wall -Wextra -Werror -g", b"-DRANDOM=$(shell od -An -N8 -tx8 /dev/urandom | tr -d ' ')")
    )
    plan = prepare({"src/core/main.c": random, "src/Makefile": makefile})
    artifact, differences = check_build(plan, store, options)
    assert [difference.name for difference in differences] == ["efi-ne2k_pci.rom"]
    difference = differences[0]
    assert difference.second != artifact.digests["efi-ne2k_pci.rom"]
    assert 0 < difference.offset < 8192


def test_a_compiler_that_fails_shows_its_first_error(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    broken = b'#include "standboot.h"\nint x = y;\nint z = w;\n'
    with pytest.raises(CompileError) as caught:
        build(prepare({"src/core/tftp.c": broken}), store, options)
    assert str(caught.value).startswith("standboot does not compile\ncore/tftp.c:2:9: error: ")
    assert "int x = y;" in str(caught.value)
    assert "int z = w;" not in str(caught.value)
    assert caught.value.remedy == f"the whole log is {caught.value.log}"
    assert "int z = w;" in caught.value.log.read_text()
    assert list((store.root / "records").glob("*")) == []


def test_a_target_that_the_tree_does_not_have(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    with pytest.raises(CompileError, match=r"make: \*\*\* No rule to make target 'bin/none'"):
        build(prepare(rom='make = ["bin/none"]'), store, options)


def test_what_make_did_not_leave(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    with pytest.raises(SourceError, match=r"make left no 10ec8029\.rom for efi-ne2k_pci\.rom: No such file"):
        build(prepare(rom='make = ["bin/embedded"]'), store, options)


def test_a_configuration_of_what_is_not_there(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    with pytest.raises(SourceError, match=r"the source has no config/none\.h, which the recipe configures"):
        build(prepare(build='configuration."config/none.h".X = true'), store, options)


def test_a_source_with_the_wrong_hash(prepare: Prepare, options: BuildOptions, store: Store, server: Server) -> None:
    plan = prepare()
    for path, found in server.resources.items():
        if path.endswith(".orig.tar.gz"):
            found.content = found.content[:-1] + b"?"
    with pytest.raises(UnavailableError, match="wrong bytes: SHA-256") as caught:
        build(plan, store, options)
    assert "standboot_1.0.orig.tar.gz" in str(caught.value)
    assert not (store.root / "records").exists()


def test_a_full_disk(prepare: Prepare, options: BuildOptions, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler says so in the log, and the source is not to blame."""
    makefile = b"bin/%.rom:\n\t@echo 'fatal error: error writing to x.o: No space left on device' >&2; exit 1\n"
    with pytest.raises(RigError, match="the disk is full: standboot could not be built in") as caught:
        build(prepare({"src/Makefile": makefile}), store, options)
    assert "TMPDIR" in caught.value.remedy


def test_a_disk_that_is_full_for_the_artifact(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    plan = prepare(rom="length = 1048576")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, hard))
    try:
        with pytest.raises(RigError, match="cannot be written: File too large"):
            build(plan, store, options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert find_artifact(plan, store) is None


def test_make_that_does_not_end_in_time(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    makefile = b"bin/%.rom:\n\t@sleep 60\n"
    with pytest.raises(RigError, match=r"did not end in time \(standboot is built\)"):
        build(prepare({"src/Makefile": makefile}, build="deadline_s = 1"), store, options)


def test_chooses_targets_by_nic(prepare: Prepare) -> None:
    recipe = prepare().recipe
    assert make_plan(recipe, nic_models=["ne2k_pci"]).targets == recipe.instructions.targets
    with pytest.raises(SourceError, match=r'builds no ROM for the NIC "ne2k_pcii"; did you mean "ne2k_pci"\?'):
        make_plan(recipe, nic_models=["ne2k_pcii"])
    with pytest.raises(SourceError, match='builds no ROM for the NIC "e1000"') as caught:
        make_plan(recipe, nic_models=["e1000"])
    assert caught.value.remedy == "it builds ROMs for: ne2k_pci"


def test_provenance_names_everything(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    plan = prepare(build='configuration."config/general.h".BANNER_TEXT = "\\"x\\""')
    artifact = build(plan, store, options)
    statement = json.loads(store.read(artifact.attestations[PROVENANCE]) or b"")
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [
        {"name": "efi-ne2k_pci.rom", "digest": {"sha256": artifact.digests["efi-ne2k_pci.rom"]}}
    ]
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["configuration"] == {"config/general.h": {"BANNER_TEXT": '"x"'}}
    assert definition["internalParameters"]["sourceDateEpoch"] == 1303128000
    names = [dependency["name"] for dependency in definition["resolvedDependencies"]]
    assert names[:4] == [
        "standboot_1.0-2.dsc",
        "standboot_1.0.orig.tar.gz",
        "standboot_1.0-2.debian.tar.xz",
        "standboot.toml",
    ]
    assert names[4:] == ["gcc", "ld", "objcopy", "make"]
    assert statement["predicate"]["runDetails"]["metadata"]["invocationId"] == plan.key
    assert "127.0.0.1" not in json.dumps(statement)


def test_bill_of_materials_is_valid(prepare: Prepare, options: BuildOptions, store: Store) -> None:
    plan = prepare()
    artifact = build(plan, store, options)
    text = store.read(artifact.attestations[SBOM]) or b""
    document = json.loads(text)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["purl"] == "pkg:deb/debian/standboot@1.0-2?arch=source"
    names = {component["name"] for component in document["components"]}
    assert names == {"efi-ne2k_pci.rom", *plan.pins}


def test_a_set_that_is_built_is_had_by_its_name(
    prepare: Prepare, server: Server, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare()
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.setenv("BOOTRIG_MIRROR", f"{server.address}/debian")
    rom_set = obtain_rom_set("standboot", store)
    assert [rom.file_name for rom in rom_set.roms] == ["efi-ne2k_pci.rom"]


def test_a_platform_firmware_that_is_built_is_a_file(
    prepare: Prepare, options: BuildOptions, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = prepare().recipe.path.read_text().replace("[[rom]]", "[[target]]").replace("efi-ne2k_pci.rom", "bios.bin")
    (tmp_path / "recipes" / "platform-firmware").mkdir()
    (tmp_path / "recipes" / "platform-firmware" / "standboot.toml").write_text(text)
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))
    path = obtain_platform_firmware("standboot", store, options=options)
    assert path.read_bytes()[:2] == b"\x55\xaa"
    path.unlink()
    assert obtain_platform_firmware("standboot", store, options=options) == path


def test_a_damaged_artifact_is_built_again(
    prepare: Prepare, options: BuildOptions, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = prepare().recipe
    first = obtain_built_rom_set(recipe, store, options)
    path = store.path_of(first.roms[0].sha256)
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    assert obtain_built_rom_set(recipe, store, options) == first
    assert "is damaged and was removed" in caplog.text


def test_what_ccache_keeps_gives_the_same_bytes(prepare: Prepare, options: BuildOptions, tmp_path: Path) -> None:
    plan = prepare()
    if not plan.toolchain.has_ccache:
        miss("ccache is not installed")
    builds = [
        build(plan, Store(tmp_path / name), replace(options, use_ccache=use_ccache)).digests
        for name, use_ccache in (("without", False), ("empty", True), ("full", True))
    ]
    assert builds[1] == builds[2] == builds[0]
    assert compiler_cache.ROOM.entries()
    told = run_process(
        ["ccache", "--print-stats"],
        deadline=Deadline.after(10, "test"),
        environment=small_environment(compiler_cache.ROOM.environment()),
    ).stdout.decode()
    counts = dict(line.split() for line in told.splitlines())
    assert int(counts["direct_cache_hit"]) == int(counts["cache_miss"]) >= 7


INTERRUPTED = "import sys; from bootrig.cli.main import main; sys.exit(main(['build', 'standboot']))"


def test_ctrl_c_leaves_nothing_half_built(
    prepare: Prepare, server: Server, store: Store, tmp_path: Path, own_directories: Path
) -> None:
    marker = tmp_path / "started"
    marker.mkdir()
    makefile = f"bin/%.rom:\n\t@touch {marker}/now; sleep 60\n".encode()
    prepare({"src/Makefile": makefile})
    environment = {
        **os.environ,
        "BOOTRIG_STORE": str(store.root),
        "BOOTRIG_RECIPES": str(tmp_path / "recipes"),
        "BOOTRIG_MIRROR": f"{server.address}/debian",
    }
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED], env=environment, stderr=subprocess.PIPE) as process:
        while not (marker / "now").exists() and process.poll() is None:
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.decode().splitlines()[-1] == "bootrig: interrupted"
    assert list(own_directories.iterdir()) == []
    assert not (store.root / "records").exists()
    assert list((store.root / "incoming").iterdir()) == []
