"""Emulators as recipes; unpacking with a fake mmdebstrap, and once with the real one."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.emulator.definition.definition import MachineDefinition, make_virtual_clock
from bootrig.emulator.definition.parts import make_nic, make_user_netdev
from bootrig.emulator.errors import EmulatorMissingError
from bootrig.emulator.guest.guest import start_direct_guest
from bootrig.emulator.release import unpack as unpacking
from bootrig.emulator.release.recipes import (
    EmulatorKind,
    find_emulator,
    find_ready_emulator,
    iter_emulator_names,
    load_emulator_recipe,
)
from bootrig.process import ProcessError
from bootrig.store.apt import AptMirrors
from tests.emulator.conftest import require_emulator
from tests.emulator.fake_mmdebstrap import put_on_path
from tests.emulator.fake_qemu import make_fake_qemu

MIRROR = "https://mirror.example.org/debian/"
SUITE = """
summary = "a fake"
[debian]
suite = "trixie"
packages = ["qemu-system-x86", "seabios"]
version = "7.2"
"""


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return a function that writes a recipe of the user's."""
    directory = tmp_path / "recipes/emulators"
    directory.mkdir(parents=True)
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path / "recipes"))

    def write(name: str, text: str) -> None:
        (directory / f"{name}.toml").write_text(text)

    return write


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the fake mmdebstrap on PATH, beside an apt with one mirror, and return its log."""
    monkeypatch.setenv("BOOTRIG_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("")
    monkeypatch.setattr(unpacking, "ask_apt", lambda: AptMirrors((MIRROR,), {"http": "http://proxy.example.org/"}))
    return put_on_path(tmp_path, monkeypatch)


def unpacked_directories(own_directories: Path) -> list[Path]:
    place = own_directories.parent / "cache/unpacked"
    return sorted(place.iterdir()) if place.exists() else []


def test_the_shipped_recipes() -> None:
    names = iter_emulator_names()
    assert names[0] == "host"
    assert {"qemu-5.2", "qemu-7.2", "qemu-10.0", "qemu-11"} < set(names)
    for name in names:
        recipe = load_emulator_recipe(name)
        assert recipe.summary
        assert recipe.kind is (EmulatorKind.HOST if name == "host" else EmulatorKind.DEBIAN)


def test_an_installed_qemu(recipes: Callable[[str, str], None], tmp_path: Path) -> None:
    path = make_fake_qemu(tmp_path, "hangs")
    recipes("mine", f'summary = "mine"\n[installed]\nexecutable = "{path}"\ndata_directories = ["{tmp_path}"]\n')
    emulator = find_emulator("mine")
    assert (emulator.name, emulator.version, emulator.data_directories) == ("mine", (7, 2, 22), (tmp_path,))
    assert find_ready_emulator(load_emulator_recipe("mine")) == emulator
    path.unlink()
    with pytest.raises(EmulatorMissingError, match=r"mine: .*/qemu-system-x86_64 does not exist"):
        find_emulator("mine")


def test_the_hosts_qemu_under_another_name(
    recipes: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(make_fake_qemu(tmp_path, "hangs")))
    recipes("same", 'summary = "the same"\n[host]\n')
    assert find_emulator("same") == find_emulator("host")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('summary = "x"', "found none, expected exactly one of"),
        ('summary = "x"\n[host]\n[installed]\nexecutable = "x"', r"found \[host\] and \[installed\], expected exactly"),
        ('summary = "x"\n[host]\npath = "y"', "host.path: unknown key"),
        (
            'summary = "x"\n[debian]\nsuite = "Trixie"\npackages = []\nversion = "1"',
            "expected the name of a Debian suite",
        ),
        (
            'summary = "x"\n[debian]\nsuite = "a"\npackages = ["-o"]\nversion = "1"',
            "expected the name of a Debian package",
        ),
        (
            'summary = "x"\n[debian]\nsuite = "a"\npackages = ["b2"]\nversion = "new"',
            "expected a version, such as 10.0",
        ),
    ],
)
def test_wrong_recipes(recipes: Callable[[str, str], None], text: str, message: str) -> None:
    recipes("wrong", text)
    with pytest.raises(DocumentError, match=message):
        find_emulator("wrong")


def test_an_unknown_recipe() -> None:
    with pytest.raises(DocumentError, match=r'there is no recipe "qemu-10".*did you mean "qemu-1'):
        find_emulator("qemu-10")


def test_unpacking(recipes: Callable[[str, str], None], log: Path, own_directories: Path) -> None:
    recipes("fake", SUITE + "check_valid_until = false\n")
    recipe = load_emulator_recipe("fake")
    assert find_ready_emulator(recipe) is None
    emulator = find_emulator("fake")
    (root,) = unpacked_directories(own_directories)
    assert emulator.root == root
    assert emulator.command[:2] == (str(root / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path")
    assert emulator.data_directories == (root / "usr/share/qemu",)
    assert dict(emulator.environment) == {"QEMU_MODULE_DIR": str(root / "usr/lib/x86_64-linux-gnu/qemu")}
    assert not (root / "usr/share/doc").exists()
    assert (root / "usr/share/qemu/absolute").read_text() == "bios\n"
    (line,) = log.read_text().splitlines()
    assert "--variant=extract" in line
    assert "--include=qemu-system-x86,seabios" in line
    assert 'Check-Valid-Until "false"' in line
    assert 'Acquire::http::Proxy "http://proxy.example.org/"' in line
    assert line.endswith(f"{MIRROR}")
    assert find_emulator("fake") == emulator == find_ready_emulator(recipe)
    assert len(log.read_text().splitlines()) == 1


def test_mirrors_are_tried_in_turn(
    recipes: Callable[[str, str], None], log: Path, own_directories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTRIG_MIRROR", "https://broken.example.org/")
    recipes("fake", SUITE)
    assert find_emulator("fake").version == (7, 2, 22)
    assert [line.split()[-1] for line in log.read_text().splitlines()] == ["https://broken.example.org/", MIRROR]
    assert len(unpacked_directories(own_directories)) == 1


def test_no_mirror_has_it(
    recipes: Callable[[str, str], None], log: Path, own_directories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ask_apt", AptMirrors)
    recipes("fake", SUITE + 'addresses = ["https://broken.example.org/"]\n')
    message = "fake is not available from any mirror:\n  https://broken.example.org/: E: no release file"
    with pytest.raises(EmulatorMissingError, match=message) as caught:
        find_emulator("fake")
    assert caught.value.remedy == "name a mirror of Debian with $BOOTRIG_MIRROR"
    assert unpacked_directories(own_directories) == []


def test_too_slow(
    recipes: Callable[[str, str], None], log: Path, own_directories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "UNPACK_S", 0.3)
    monkeypatch.setenv("BOOTRIG_MIRROR", "https://slow.example.org/")
    recipes("fake", SUITE)
    with pytest.raises(EmulatorMissingError, match="did not end in time"):
        find_emulator("fake")
    assert unpacked_directories(own_directories) == []


def test_interrupted(
    recipes: Callable[[str, str], None], log: Path, own_directories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(unpacking, "_tidy", interrupted)
    recipes("fake", SUITE)
    with pytest.raises(KeyboardInterrupt):
        find_emulator("fake")
    assert unpacked_directories(own_directories) == []


def test_offline_and_without_the_tool(
    recipes: Callable[[str, str], None], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes("fake", SUITE)
    monkeypatch.setenv("BOOTRIG_OFFLINE", "1")
    with pytest.raises(EmulatorMissingError, match="fake is not unpacked, and bootrig is set to be offline"):
        find_emulator("fake")
    monkeypatch.delenv("BOOTRIG_OFFLINE")
    monkeypatch.setattr("bootrig.process.shutil.which", lambda name, path: None)
    with pytest.raises(EmulatorMissingError, match="fake cannot be unpacked: mmdebstrap is not installed") as caught:
        find_emulator("fake")
    assert caught.value.remedy == "apt-get install mmdebstrap"


def test_a_suite_that_has_moved_on(recipes: Callable[[str, str], None], log: Path) -> None:
    recipes("fake", SUITE.replace('"7.2"', '"7"'))
    assert find_emulator("fake").version == (7, 2, 22)
    recipes("fake", SUITE.replace('"7.2"', '"7.20"'))
    with pytest.raises(EmulatorMissingError, match=r"fake: the suite trixie has QEMU 7\.2\.22, expected 7\.20"):
        find_emulator("fake")


def test_a_tree_that_has_lost_its_qemu_is_unpacked_anew(
    recipes: Callable[[str, str], None], log: Path, own_directories: Path
) -> None:
    recipes("fake", SUITE)
    emulator = find_emulator("fake")
    for damage in (lambda: shutil.rmtree(emulator.root / "usr/bin"), lambda: emulator.executable.write_bytes(b"")):
        damage()
        assert find_ready_emulator(load_emulator_recipe("fake")) is None
        assert find_emulator("fake").digest == emulator.digest
    shutil.rmtree(emulator.root)
    emulator.root.touch()
    assert find_emulator("fake").digest == emulator.digest
    assert len(log.read_text().splitlines()) == 4
    assert unpacked_directories(own_directories) == [emulator.root]


def test_a_qemu_in_use_is_not_removed(
    recipes: Callable[[str, str], None], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes("fake", SUITE)
    with monkeypatch.context() as patched:
        patched.setattr(unpacking, "_in_use", {})
        root = find_emulator("fake").root
        (handle,) = unpacking._in_use.values()
    (entry,) = unpacking.ROOM.entries()
    assert not unpacking.ROOM.remove(entry)
    assert find_ready_emulator(load_emulator_recipe("fake")) is not None
    os.close(handle)
    assert unpacking.ROOM.remove(entry)
    assert not root.exists()
    assert find_emulator("fake").root == root


def test_packages_without_qemu(recipes: Callable[[str, str], None], log: Path, tmp_path: Path) -> None:
    program = tmp_path / "mmdebstrap"
    program.write_text(f"{program.read_text()}\nrm $target/usr/bin/*\n")
    recipes("fake", SUITE)
    with pytest.raises(EmulatorMissingError, match=r"fake: .* does not contain a QEMU"):
        find_emulator("fake")


def test_errors_keep_the_last_word() -> None:
    error = ProcessError("x failed", argv=["x"], output="I: fine\nE: no key\nmore")
    assert unpacking._last_error(error) == "E: no key"
    assert unpacking._last_error(ProcessError("x failed", argv=["x"])) == "x failed"


@pytest.mark.rig
@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("name", ["qemu-5.2", "qemu-7.2", "qemu-10.0", "qemu-11"])
def test_real_emulators_boot(name: str, tmp_path: Path, user_cache: Path) -> None:
    emulator = require_emulator(name)
    definition = MachineDefinition(machine_options={"graphics": False}, accelerator=make_virtual_clock())
    definition = definition.adding(make_user_netdev(), make_nic("e1000", "net0"))

    async def run() -> None:
        async with asyncio.timeout(60), start_direct_guest(emulator, definition, tmp_path) as guest:
            rom = await guest.rom_evidence("nic0")
            assert rom.path is not None
            assert rom.path.is_relative_to(emulator.root)
            await guest.resume()
            seen = b""
            while b"net0: 10.0.2.15" not in seen:
                seen += await guest.console.read()

    asyncio.run(run())
