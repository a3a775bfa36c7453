"""How guests are started: what the words mean together."""

import pytest

from bootrig.emulator.definition.launch import ConfigureBy, Launch, Launcher, require_possible
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
