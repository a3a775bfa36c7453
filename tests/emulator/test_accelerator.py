"""Which accelerator is used, and how KVM fails to prove itself: with fake QEMUs, so nothing really boots."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bootrig.emulator import accelerator as accelerators
from bootrig.emulator.accelerator import AcceleratorProof, choose_accelerator, prove_kvm
from bootrig.emulator.definition.definition import AcceleratorKind
from bootrig.emulator.errors import AcceleratorError
from bootrig.emulator.release.discovery import Emulator, find_host_emulator
from bootrig.process import ToolMissingError
from tests.emulator.fake_qemu import make_fake_qemu


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Emulator]:
    """Return a function that makes a QEMU of a behaviour, with the canary's ROM, on a machine with a KVM device."""
    monkeypatch.setattr(accelerators, "KVM_DEVICE", Path(os.devnull))
    monkeypatch.setattr(accelerators, "CANARY_S", 0.5)

    def make(behaviour: str) -> Emulator:
        monkeypatch.setenv("BOOTRIG_QEMU", str(make_fake_qemu(tmp_path, behaviour)))
        (tmp_path / "data/efi-e1000.rom").write_bytes(b"\x55\xaa")
        return find_host_emulator()

    return make


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("internal-error", "QEMU halted the guest under kvm: internal-error"),
        ("exits", "QEMU ended at once with exit status 1"),
        ("dies", "QEMU went away with exit status 7"),
        ("resets", "the canary boot did not finish in 0.5 s"),
        ("stops", "the canary boot did not finish in 0.5 s"),
    ],
)
def test_a_kvm_that_does_not_work(fake: Callable[[str], Emulator], behaviour: str, reason: str) -> None:
    emulator = fake(behaviour)
    assert prove_kvm(emulator) == AcceleratorProof(works=False, reason=reason)
    assert choose_accelerator(emulator, "auto") is AcceleratorKind.TCG
    with pytest.raises(AcceleratorError, match=f"KVM does not work here: {reason}") as caught:
        choose_accelerator(emulator, "kvm")
    assert caught.value.remedy == "use --accelerator tcg"


def test_the_result_is_remembered_until_something_changes(
    fake: Callable[[str], Emulator], monkeypatch: pytest.MonkeyPatch, own_directories: Path
) -> None:
    emulator = fake("internal-error")
    first = prove_kvm(emulator)
    monkeypatch.setattr(accelerators, "start_direct_guest", None)
    assert prove_kvm(emulator) == first
    with pytest.raises(TypeError):
        prove_kvm(emulator, again=True)
    (remembered,) = (own_directories.parent / "cache/accelerators").iterdir()
    remembered.write_text("{")
    with pytest.raises(TypeError):
        prove_kvm(emulator)
    monkeypatch.setattr("platform.release", lambda: "another kernel")
    with pytest.raises(TypeError):
        prove_kvm(emulator)


def test_no_kvm_device(fake: Callable[[str], Emulator], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    emulator = fake("exits")
    monkeypatch.setattr(accelerators, "KVM_DEVICE", tmp_path / "kvm")
    assert prove_kvm(emulator).reason == f"{tmp_path}/kvm does not exist"
    (tmp_path / "kvm").touch()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert prove_kvm(emulator).reason == f"{tmp_path}/kvm may not be opened"


def test_without_the_canarys_rom_nothing_is_proven(fake: Callable[[str], Emulator], tmp_path: Path) -> None:
    emulator = fake("exits")
    (tmp_path / "data/efi-e1000.rom").unlink()
    assert prove_kvm(emulator).reason == "not proven: host has no efi-e1000.rom to boot"


def test_a_missing_qemu_says_nothing_about_kvm(fake: Callable[[str], Emulator]) -> None:
    emulator = fake("exits")
    emulator.executable.unlink()
    with pytest.raises(ToolMissingError):
        prove_kvm(emulator)


def test_tcg_needs_no_proof(fake: Callable[[str], Emulator], monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = fake("exits")
    monkeypatch.setattr(accelerators, "prove_kvm", None)
    assert choose_accelerator(emulator, "tcg") is AcceleratorKind.TCG
    with pytest.raises(ValueError, match="'hvf' is not a valid AcceleratorWish"):
        choose_accelerator(emulator, "hvf")


def test_a_kvm_that_works_now_and_then_is_not_trusted(
    fake: Callable[[str], Emulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = fake("stops")
    ends = [AcceleratorProof(works=True, reason="")] * (accelerators.CANARY_BOOTS - 1)
    ends.append(AcceleratorProof(works=False, reason="internal-error at last"))

    async def boot(_emulator: Emulator) -> AcceleratorProof:
        return ends.pop(0)

    monkeypatch.setattr(accelerators, "_boot_canary", boot)
    assert prove_kvm(emulator) == AcceleratorProof(works=False, reason="internal-error at last")
    assert ends == []


def test_a_kvm_that_broke_a_guest_is_not_trusted_any_more(
    fake: Callable[[str], Emulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = fake("stops")

    async def boot(_emulator: Emulator) -> AcceleratorProof:
        return AcceleratorProof(works=True, reason="")

    monkeypatch.setattr(accelerators, "_boot_canary", boot)
    assert choose_accelerator(emulator, "auto") is AcceleratorKind.KVM
    assert choose_accelerator(emulator, "kvm") is AcceleratorKind.KVM
    assert prove_kvm(emulator).reason == "5 canary boots completed"
    accelerators.revoke_kvm(emulator, "internal-error in a cell")
    assert choose_accelerator(emulator, "auto") is AcceleratorKind.TCG
    assert prove_kvm(emulator).reason == "internal-error in a cell"
