"""What a confined QEMU sees: programs and ROMs, its own files by descriptor, and what its guest's file names."""

import os
from pathlib import Path

import pytest

from bootrig.confinement.limits import MIB
from bootrig.emulator.definition.definition import Accelerator, AcceleratorKind, MachineDefinition
from bootrig.emulator.definition.parts import BlockNode, make_capture
from bootrig.emulator.guest.confined import KVM_DEVICE, iter_emulator_mounts, open_surroundings
from bootrig.emulator.guest.console import ConsolePipes
from bootrig.emulator.release.discovery import Emulator

QEMU = Path("/usr/bin/qemu-system-x86_64")
EMULATOR = Emulator("host", (str(QEMU),), QEMU, (7, 2, 22), "7.2.22", "ab", (Path("/usr/share/qemu"),))


def test_its_files_are_descriptors_and_it_can_write_nothing_else(tmp_path: Path) -> None:
    pipes = ConsolePipes()
    definition = MachineDefinition(memory_mib=64).adding(*make_capture(tmp_path / "all", tmp_path / "sent"))
    with open_surroundings(EMULATOR, definition, tmp_path, tmp_path / "console.log", pipes, is_confined=True) as around:
        assert around.confinement is not None
        names = [*(str(part.properties["file"]) for part in around.definition.parts), around.console_log]
        opened = [Path("/proc/self/fd", Path(name).name).readlink() for name in names]
        assert [Path(name).parent for name in names] == [Path("/fd")] * 3
        assert opened == [tmp_path / "all", tmp_path / "sent", tmp_path / "console.log"]
        assert set(around.descriptors) == {*(int(Path(name).name) for name in names), *pipes.far}
        assert not [mount for mount in around.confinement.view.mounts if mount.is_writable]
        assert dict(around.confinement.view.links)[Path("/console.out")] == f"/fd/{pipes.far[0]}"
        assert around.confinement.limits.address_space == (64 + 2048) * MIB
        assert around.confinement.limits.file_length == 256 * MIB
    pipes.close()
    for descriptor in around.descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_free_one_has_names_in_its_run_directory(tmp_path: Path) -> None:
    pipes = ConsolePipes()
    definition = MachineDefinition().adding(*make_capture(tmp_path / "all", tmp_path / "sent"))
    with open_surroundings(
        EMULATOR, definition, tmp_path, tmp_path / "console.log", pipes, is_confined=False
    ) as around:
        assert (around.definition, around.confinement, around.descriptors) == (definition, None, ())
        assert (tmp_path / "console.out").is_fifo()
    pipes.close()
    assert list(tmp_path.iterdir()) == []


def test_files_that_a_guest_s_file_names(tmp_path: Path) -> None:
    for name in ("disk.img", "cd.iso"):
        (tmp_path / name).touch()
    run = tmp_path / "run"
    run.mkdir()
    definition = MachineDefinition().adding(
        BlockNode("file", "disk", {"filename": str(tmp_path / "disk.img")}),
        BlockNode("file", "cd", {"filename": str(tmp_path / "cd.iso"), "read-only": True}),
        BlockNode("file", "none", {"filename": str(tmp_path / "none")}),
    )
    mounts = {mount.source.name: mount.is_writable for mount in iter_emulator_mounts(EMULATOR, definition)}
    assert mounts == {"disk.img": True, "cd.iso": False}
    pipes = ConsolePipes()
    with open_surroundings(EMULATOR, definition, run, run / "console.log", pipes, is_confined=True) as around:
        assert around.confinement is not None
        assert around.confinement.limits.file_length is None
    pipes.close()


def test_an_unpacked_one_sees_its_own_root(tmp_path: Path) -> None:
    (tmp_path / "usr/share/qemu").mkdir(parents=True)
    program = tmp_path / "usr/bin/qemu"
    unpacked = Emulator("old", (str(program),), program, (5, 2), "5.2", "ab", (tmp_path / "usr/share/qemu",), tmp_path)
    assert [mount.source for mount in iter_emulator_mounts(unpacked, MachineDefinition())] == [tmp_path]


def test_one_outside_of_usr_is_seen_with_its_installation(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    own = Emulator("host", (), tmp_path / "bin/qemu", (9, 0), "9.0", "ab", ())
    assert [mount.source for mount in iter_emulator_mounts(own, MachineDefinition())] == [tmp_path]


def test_kvm_is_seen_by_who_uses_it() -> None:
    definition = MachineDefinition(accelerator=Accelerator(AcceleratorKind.KVM))
    assert [mount.source for mount in iter_emulator_mounts(EMULATOR, definition)] == [KVM_DEVICE]
