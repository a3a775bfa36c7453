"""How guests are started: what the words mean together."""

import pytest

from bootrig.api import Matrix
from bootrig.emulator.definition.launch import (
    ConfigureBy,
    Launch,
    Launcher,
    choose_default_accelerator,
    require_possible,
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


def test_an_environment_variable_names_the_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_ACCELERATOR", "kvm")
    assert choose_default_accelerator() == Matrix().accelerator == "kvm"
    monkeypatch.setenv("BOOTRIG_ACCELERATOR", "")
    assert choose_default_accelerator() == Matrix().accelerator == "auto"
