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


@dataclass(frozen=True, slots=True)
class Pace:
    """Whether boots are virtual at first, and by what those in real time are made.

    Boots in virtual time are TCG's always.

    Attributes:
        is_virtual: whether guests' clocks count instructions at first.
        accelerator: for cells that begin in real time.
        confirm_by: for the boots in real time of cells that begin in virtual time.
    """

    is_virtual: bool
    accelerator: AcceleratorWish
    confirm_by: AcceleratorWish


def settle_pace(
    is_virtual: bool | None,
    accelerator: str,
    confirm_by: str = AcceleratorWish.AUTO,
) -> Pace:
    """Return how fast guests run: in virtual time, unless real time or KVM is asked for.

    An accelerator that is asked for confirms, too, unless another is asked for that; else each is KVM where it is
    proven.

    Raises:
        InputError: what is asked for contradicts itself.
    """
    first, second = AcceleratorWish(accelerator), AcceleratorWish(confirm_by)
    if first is AcceleratorWish.KVM and is_virtual:
        raise InputError(
            "--time virtual and --accelerator kvm contradict each other: under KVM time is real",
            remedy=f"leave one of them out (the accelerator may be that of ${ACCELERATOR_VARIABLE}), "
            "or use --confirm-by kvm",
        )
    virtual = first is not AcceleratorWish.KVM if is_virtual is None else is_virtual
    confirming = first if second is AcceleratorWish.AUTO else second
    if virtual:
        return Pace(is_virtual=True, accelerator=first, confirm_by=confirming)
    if first not in (AcceleratorWish.AUTO, confirming):
        raise InputError(
            f"--accelerator {first} and --confirm-by {second} contradict each other where all boots are in real time",
            remedy="leave one of them out",
        )
    return Pace(is_virtual=False, accelerator=confirming, confirm_by=confirming)


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
