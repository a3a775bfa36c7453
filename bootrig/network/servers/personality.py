"""How the DHCP server of a cell behaves, as a value; and what can be wrong with one."""

from dataclasses import dataclass, field
from enum import StrEnum

from bootrig.errors import InputError
from bootrig.network.addresses import SERVER_ADDRESS


class BootFields(StrEnum):
    """Where a DHCP message says what to boot.

    `header`: in its `siaddr` and `file` fields (RFC 951, RFC 2131). `options`: in options 66 and 67 (RFC 2132, section
    9) and nowhere else. `both`: in both places. `file-option`: the next server in the header, the boot file in option
    67 only, as servers do that fill in their own address but no file.
    """

    HEADER = "header"
    OPTIONS = "options"
    BOTH = "both"
    FILE_OPTION = "file-option"


class PersonalityError(InputError):
    """A server cannot be made to behave so.

    Attributes:
        key_path: which field says so: `boot_file`, `option[0].code`.
    """

    def __init__(self, message: str, *, key_path: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.key_path = key_path


@dataclass(frozen=True, slots=True)
class OptionMatch:
    """An option that a client sends: a text is a part of it, other bytes are its beginning."""

    code: int
    content: bytes
    is_text: bool


@dataclass(frozen=True, slots=True)
class ClientClass:
    """Clients that get another boot file, or none; what is None is not looked at.

    The architecture is option 93 (RFC 4578: 0 BIOS, 7 and 9 EFI x86-64), the classes are parts of options 77 and 60.
    """

    boot_file: str | None = None
    architecture: int | None = None
    user_class: str | None = None
    vendor_class: str | None = None
    mac: str | None = None
    option: OptionMatch | None = None


class OptionType(StrEnum):
    """How the value of an option is written: the key in a scenario's file."""

    TEXT = "text"
    HEX = "hex"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    ADDRESS = "address"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class DhcpOption:
    """An option that is sent whether the client asks for it or not.

    The path has the numbers of suboptions that the value is inside of, the outermost first; it is empty for the option
    itself. The type says how the value was written.
    """

    code: int
    path: tuple[int, ...]
    type: OptionType
    content: bytes


@dataclass(frozen=True, slots=True)
class DhcpPersonality:
    """How the DHCP server behaves.

    The boot file is for every client that no class names; the first class that matches has it. The next server is the
    rig's own by default; None is for an answer that names none. The lines are the server's own configuration, for what
    has no name here.
    """

    boot_file: str | None = None
    next_server: str | None = SERVER_ADDRESS
    fields: BootFields = BootFields.HEADER
    router_advertisements: bool = True
    classes: tuple[ClientClass, ...] = field(default=())
    options: tuple[DhcpOption, ...] = field(default=())
    lines: tuple[str, ...] = field(default=())
