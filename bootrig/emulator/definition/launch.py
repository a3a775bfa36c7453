"""How guests are started, in the words that users type; imports nothing heavy."""

import os
from dataclasses import dataclass
from enum import StrEnum

from bootrig.errors import InputError

ACCELERATOR_VARIABLE = "BOOTRIG_ACCELERATOR"


class AcceleratorWish(StrEnum):
    """The accelerator that a user asks for."""

    AUTO = "auto"
    TCG = "tcg"
    KVM = "kvm"


def choose_default_accelerator() -> str:
    """Return the accelerator of whoever names none: `$BOOTRIG_ACCELERATOR`, else `auto`."""
    return os.environ.get(ACCELERATOR_VARIABLE) or AcceleratorWish.AUTO


class Launcher(StrEnum):
    """What starts QEMU: this process itself, or libvirt."""

    DIRECT = "direct"
    LIBVIRT = "libvirt"


class ConfigureBy(StrEnum):
    """How a guest learns what it is made of."""

    COMMAND_LINE = "command-line"
    QMP = "qmp"


class RomBy(StrEnum):
    """How the NIC gets its ROM.

    `default`: by QEMU's default name in the data directory, as installed sets work; QEMU patches the ROM's PCI IDs.
    `file`: by `romfile`, as libvirt's `<rom file=...>` does; nothing is patched.
    `no-bar`: as `default`, with `rombar=0` (libvirt's `<rom bar="off">`): the device has no ROM BAR.
    """

    DEFAULT = "default"
    FILE = "file"
    NO_BAR = "no-bar"


@dataclass(frozen=True, slots=True)
class Launch:
    """How guests are started."""

    launcher: Launcher = Launcher.DIRECT
    configure_by: ConfigureBy = ConfigureBy.COMMAND_LINE
    rom_by: RomBy = RomBy.DEFAULT


def require_possible(launch: Launch) -> None:
    """Refuse combinations by which no guest can be started.

    Raises:
        InputError: libvirt, which puts everything on the command line, is to configure over QMP.
    """
    if launch.launcher is Launcher.LIBVIRT and launch.configure_by is ConfigureBy.QMP:
        raise InputError(
            "libvirt configures QEMU on the command line only",
            remedy="leave out --configure-by qmp or --launcher libvirt",
        )
