"""How guests are started: what the words mean together."""

import pytest

from bootrig.api import Matrix
from bootrig.emulator.definition.launch import (
    AcceleratorWish,
    ConfigureBy,
    Launch,
    Launcher,
    Pace,
    choose_default_accelerator,
    require_possible,
    settle_pace,
)
from bootrig.errors import InputError


def test_libvirt_cannot_configure_over_qmp() -> None:
    with pytest.raises(InputError, match="libvirt configures QEMU on the command line only") as caught:
        require_possible(Launch(Launcher.LIBVIRT, ConfigureBy.QMP))
    assert caught.value.remedy == "leave out --configure-by qmp or --launcher libvirt"


@pytest.mark.parametrize(
    ("launcher", "configure_by"),
    [
        (Launcher.LIBVIRT, ConfigureBy.COMMAND_LINE),
        (Launcher.DIRECT, ConfigureBy.COMMAND_LINE),
        (Launcher.DIRECT, ConfigureBy.QMP),
    ],
)
def test_everything_else_is_possible(launcher: Launcher, configure_by: ConfigureBy) -> None:
    require_possible(Launch(launcher, configure_by))


A, T, K = AcceleratorWish.AUTO, AcceleratorWish.TCG, AcceleratorWish.KVM


@pytest.mark.parametrize(
    ("is_virtual", "accelerator", "confirm_by", "settled"),
    [
        (None, A, A, Pace(is_virtual=True, accelerator=A, confirm_by=A)),
        (None, A, K, Pace(is_virtual=True, accelerator=A, confirm_by=K)),
        (None, A, T, Pace(is_virtual=True, accelerator=A, confirm_by=T)),
        (None, T, A, Pace(is_virtual=True, accelerator=T, confirm_by=T)),
        (None, T, K, Pace(is_virtual=True, accelerator=T, confirm_by=K)),
        (None, K, A, Pace(is_virtual=False, accelerator=K, confirm_by=K)),
        (None, K, K, Pace(is_virtual=False, accelerator=K, confirm_by=K)),
        (None, K, T, "--accelerator kvm and --confirm-by tcg contradict each other where all boots are in real time"),
        (True, T, K, Pace(is_virtual=True, accelerator=T, confirm_by=K)),
        (True, K, A, "--time virtual and --accelerator kvm contradict each other: under KVM time is real"),
        (False, A, A, Pace(is_virtual=False, accelerator=A, confirm_by=A)),
        (False, A, K, Pace(is_virtual=False, accelerator=K, confirm_by=K)),
        (False, T, A, Pace(is_virtual=False, accelerator=T, confirm_by=T)),
        (False, T, K, "--accelerator tcg and --confirm-by kvm contradict each other where all boots are in real time"),
        (False, K, A, Pace(is_virtual=False, accelerator=K, confirm_by=K)),
    ],
)
def test_what_is_asked_for_decides_pace_and_accelerators(
    is_virtual: bool | None,
    accelerator: str,
    confirm_by: str,
    settled: Pace | str,
) -> None:
    if isinstance(settled, Pace):
        assert settle_pace(is_virtual, accelerator, confirm_by) == settled
    else:
        with pytest.raises(InputError, match=settled):
            settle_pace(is_virtual, accelerator, confirm_by)


def test_an_environment_variable_names_the_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_ACCELERATOR", "kvm")
    assert choose_default_accelerator() == Matrix().accelerator == "kvm"
    monkeypatch.setenv("BOOTRIG_ACCELERATOR", "")
    assert choose_default_accelerator() == Matrix().accelerator == "auto"
