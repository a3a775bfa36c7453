"""The error tree of this package.

RigError
└── EmulatorError
    ├── EmulatorMissingError          there is no such QEMU, or it could not be obtained
    ├── PlatformFirmwareMissingError  the QEMU has no such platform firmware
    ├── LibvirtError                  libvirt is missing or does not work
    ├── AcceleratorError              the accelerator asked for does not work here
    ├── FreezeError                   a guest cannot be frozen, or not be thawed
    ├── PictureError                  there is no picture of a guest's screen
    ├── GuestError
    │   ├── GuestStartError           QEMU started, but never became usable
    │   ├── GuestDiedError            QEMU went away
    │   └── GuestHaltedError          QEMU stopped the guest because of an error of its own
    └── QmpError
        ├── CommandError              QEMU answered with an error
        │   └── CommandMissingError   this QEMU has no such command
        ├── CommandDeadlineError      no answer in time (a DeadlineError too)
        ├── PeerError                 what was received from the monitor is not QMP
        └── SessionEndedError         the session is over
"""

from bootrig.deadline import DeadlineError
from bootrig.errors import RigError
from bootrig.shortage import find_output_remedy


class EmulatorError(RigError):
    """QEMU, or what it needs, is broken or incomplete."""


class EmulatorMissingError(EmulatorError):
    """There is no such QEMU, or it could not be obtained."""


class PlatformFirmwareMissingError(EmulatorError):
    """The QEMU has no such platform firmware."""


class AcceleratorError(EmulatorError):
    """The accelerator asked for does not work on this machine."""


class LibvirtError(EmulatorError):
    """libvirt is missing or does not work here."""


class FreezeError(EmulatorError):
    """A guest cannot be frozen, or not be thawed, by this QEMU."""


class PictureError(EmulatorError):
    """QEMU wrote no picture of a guest's screen, or one that cannot be read."""


class GuestError(EmulatorError):
    """A guest could not be started or kept running.

    Attributes:
        status: QEMU's exit status, negative for a signal; None while it runs.
        output: the last of what QEMU printed.
    """

    def __init__(self, message: str, *, status: int | None = None, output: str = "", remedy: str = "") -> None:
        remedy = remedy or find_output_remedy(output)
        super().__init__(f"{message}\n{output.rstrip()}" if output.strip() else message, remedy=remedy)
        self.status = status
        self.output = output


class GuestStartError(GuestError):
    """QEMU started, but never became usable."""


class GuestDiedError(GuestError):
    """QEMU went away."""


class GuestHaltedError(GuestError):
    """QEMU stopped the guest because of an error of its own: KVM's emulation failure, an I/O error."""


class QmpError(EmulatorError):
    """Talking to QEMU failed."""


class CommandError(QmpError):
    """QEMU answered a command with an error.

    Attributes:
        command: the command.
        error_class: QMP's class of the error, `GenericError` for most.
        description: QEMU's message.
    """

    def __init__(self, command: str, error_class: str, description: str, *, remedy: str = "") -> None:
        super().__init__(f"{command}: {description} ({error_class})", remedy=remedy)
        self.command = command
        self.error_class = error_class
        self.description = description


class CommandMissingError(CommandError):
    """This QEMU has no such command."""

    def __init__(self, command: str, version_text: str) -> None:
        super().__init__(command, "CommandNotFound", f"QEMU {version_text} has no such command")


class CommandDeadlineError(QmpError, DeadlineError):
    """QEMU did not answer in time; whether it executed the command is not known."""


class PeerError(QmpError):
    """What was received from the monitor is not QMP."""


class SessionEndedError(QmpError):
    """The session is over: it was closed, or QEMU closed it."""
