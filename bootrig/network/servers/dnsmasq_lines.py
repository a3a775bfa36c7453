"""The configuration file that makes dnsmasq behave as a personality says.

Sources: dnsmasq(8); `read_file` and `hide_meta` of its option.c for the quoting: what is in quotes is taken as it is,
but for backslashes and those control characters that stand for others while a line is read; a number or an address in
quotes is text. `do_options` of its rfc2131.c for the next server: `dhcp-boot` without one says the server's own
address, and 0.0.0.0 for a name that has none.
"""

from collections.abc import Iterator

from bootrig.network import addresses
from bootrig.network.names import decode_name, encode_name, show_name
from bootrig.network.servers.personality import (
    BootFields,
    ClientClass,
    DhcpOption,
    DhcpPersonality,
    OptionMatch,
    OptionType,
    PersonalityError,
)
from bootrig.network.servers.suboptions import OPTION_LENGTH, join_suboptions

FILE_FIELD_LENGTH = 127  # dnsmasq ends the field of 128 bytes with a NUL
LINE_LENGTH = 1023
TFTP_SERVER_NAME, BOOT_FILE_NAME = 66, 67
NAME_WITHOUT_ADDRESS = "no-next-server.invalid"
NO_ADDRESS = "0.0.0.0"  # noqa: S104 - an address in a message, not one to bind
# Control characters that can be in quotes, as they are written there.
_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\x1b": "\\e", "\\": "\\\\", '"': '\\"'}
# What dnsmasq takes in one form only, whatever the number's meaning to others (`opttab` in its dhcp-common.c).
ADDRESS_CODES = frozenset({1, 3, 6, 7, 9, 16, 21, 28, 32, 33, 41, 42, 44, 45, 48, 49, 65, *range(68, 77), 118, 150})
TEXT_CODES = frozenset({12, 14, 15, 17, 18, 40, 64, 66, 67, 100, 101, 119})
# What it says itself in every answer, takes from the client, or writes in a form of its own.
OWN_CODES = frozenset({0, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61, 81, 82, 120, 255})
DOMAIN_SEARCH = 119
_SIZES = {OptionType.U8: "b", OptionType.U16: "s", OptionType.U32: "i"}


def quote(text: str, key_path: str, limit: int = OPTION_LENGTH) -> str:
    """Return `text` so that dnsmasq reads it back from a configuration file unchanged.

    Raises:
        PersonalityError: it is empty or too long, or has control characters that dnsmasq cannot read.
    """
    if not text:
        raise PersonalityError(
            "an empty name cannot be given to dnsmasq", key_path=key_path, remedy="leave the key out for none"
        )
    lost = next((character for character in text if character < " " and character not in _ESCAPES), None)
    if lost is not None:
        message = f"{show_name(text)}: dnsmasq cannot carry the byte 0x{ord(lost):02x}"
        raise PersonalityError(message, key_path=key_path)
    length = len(encode_name(text))
    if length > limit:
        raise PersonalityError(f"{show_name(text)} has {length} bytes, its field takes {limit}", key_path=key_path)
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def _iter_class_lines(number: int, client: ClientClass) -> Iterator[str]:
    """Yield the lines that give a client that matches all keys of a class the tag `class-NUMBER`."""
    place = f"class[{number}]"
    keys: list[tuple[str, str]] = []
    if client.architecture is not None:
        keys.append(("match", f"option:client-arch,{client.architecture}"))
    if client.user_class is not None:
        keys.append(("userclass", quote(client.user_class, f"{place}.user_class")))
    if client.vendor_class is not None:
        keys.append(("vendorclass", quote(client.vendor_class, f"{place}.vendor_class")))
    if client.mac is not None:
        keys.append(("mac", client.mac))
    if client.option is not None:
        keys.append(("match", f"{client.option.code},{_match_value(client.option, f'{place}.option')}"))
    if not keys:
        raise PersonalityError("a class needs a key that clients match", key_path=place)
    tags = [f"class-{number}-{index}" for index in range(len(keys))]
    for tag, (word, value) in zip(tags, keys, strict=True):
        yield f"dhcp-{word}=set:{tag},{value}"
    yield f"tag-if=set:class-{number},{','.join(f'tag:{tag}' for tag in tags)}"


def _match_value(match: OptionMatch, key_path: str) -> str:
    """Return what dnsmasq compares an option of the client with.

    Raises:
        PersonalityError: it is empty, or cannot be given to dnsmasq.
    """
    if match.is_text:
        return quote(decode_name(match.content), f"{key_path}.text")
    if not match.content:
        raise PersonalityError("an option without bytes matches nothing", key_path=f"{key_path}.hex")
    return _hexadecimal(match.content)


def _hexadecimal(content: bytes) -> str:
    """Return bytes as dnsmasq reads them: hexadecimal digits are text for it unless there is a colon."""
    return content.hex(":") if len(content) > 1 else f"{content[0]}b"


def _iter_boot_files(personality: DhcpPersonality) -> Iterator[tuple[str, str, str]]:
    """Yield for each boot file the tags of the clients that get it, its name and its key path."""
    others = ""
    for number, client in enumerate(personality.classes):
        if client.boot_file is not None:
            yield f"tag:class-{number},{others}", client.boot_file, f"class[{number}].boot_file"
        others += f"tag:!class-{number},"
    if personality.boot_file is not None:
        yield others, personality.boot_file, "boot_file"


def header_address(personality: DhcpPersonality) -> str:
    """Return the next server in the headers of all answers."""
    if personality.fields is BootFields.OPTIONS:
        return NO_ADDRESS
    return personality.next_server or NO_ADDRESS


def _iter_boot_lines(personality: DhcpPersonality) -> Iterator[str]:
    server = personality.next_server
    in_header = personality.fields in (BootFields.HEADER, BootFields.BOTH)
    for tags, name, key_path in _iter_boot_files(personality):
        quoted = quote(name, key_path, FILE_FIELD_LENGTH if in_header else OPTION_LENGTH)
        if in_header:
            yield f"dhcp-boot={tags}{quoted},,{server or NAME_WITHOUT_ADDRESS}"
        if personality.fields != BootFields.HEADER:
            yield f"dhcp-option-force={tags}{BOOT_FILE_NAME},{quoted}"
            if server and personality.fields != BootFields.FILE_OPTION:
                yield f'dhcp-option-force={tags}{TFTP_SERVER_NAME},"{server}"'


def sent_content(option: DhcpOption) -> bytes:
    """Return the bytes that dnsmasq sends for an option: the text of option 119 is a name (RFC 3397)."""
    if option.code != DOMAIN_SEARCH:
        return option.content
    return b"".join(bytes([len(label)]) + label for label in option.content.split(b".")) + bytes(1)


def _option_line(option: DhcpOption, key_path: str) -> str:
    """Return the line that sends an option that has no suboptions.

    Raises:
        PersonalityError: dnsmasq does not send such a value.
    """
    code, content = option.code, option.content
    if code in ADDRESS_CODES and option.type not in (OptionType.ADDRESS, OptionType.ADDRESSES):
        raise PersonalityError(f"dnsmasq takes addresses for option {code}", key_path=key_path)
    if code in TEXT_CODES and option.type is not OptionType.TEXT:
        raise PersonalityError(f"dnsmasq takes a text for option {code}", key_path=key_path)
    if not content or len(content) > OPTION_LENGTH:
        raise PersonalityError(f"option {code} has {len(content)} bytes, expected 1 to 255", key_path=key_path)
    match option.type:
        case OptionType.TEXT:
            value = quote(decode_name(content), key_path)
        case OptionType.ADDRESS | OptionType.ADDRESSES:
            value = ",".join(".".join(map(str, content[at : at + 4])) for at in range(0, len(content), 4))
        case OptionType.U8 | OptionType.U16 | OptionType.U32:
            value = f"{int.from_bytes(content, 'big')}{_SIZES[option.type]}"
        case OptionType.HEX:
            value = _hexadecimal(content)
    return f"dhcp-option-force={code},{value}"


def _iter_option_lines(personality: DhcpPersonality) -> Iterator[str]:
    """Yield a line for each option; its suboptions are in one.

    Raises:
        PersonalityError: two statements of the personality are about one option.
    """
    said = set() if personality.fields is BootFields.HEADER else {BOOT_FILE_NAME, TFTP_SERVER_NAME}
    nested: set[int] = set()
    for index, option in enumerate(personality.options):
        if option.code in OWN_CODES:
            message = f"dnsmasq decides itself what is in option {option.code}"
            raise PersonalityError(message, key_path=f"option[{index}].code")
        if option.code in said and not (option.path and option.code in nested):
            message = f'option {option.code} is in the table twice, or fields = "{personality.fields}" sends it'
            raise PersonalityError(message, key_path=f"option[{index}].code")
        said.add(option.code)
        if option.path:
            nested.add(option.code)
    for option, key_path in join_suboptions(personality.options):
        yield _option_line(option, key_path)


def dnsmasq_configuration(personality: DhcpPersonality) -> str:
    """Return the content of dnsmasq's configuration file.

    Answers are immediate (no ping before an offer, authoritative, no lease file whose fsync would cost guest time), the
    guest's first NIC always gets the same address, and nothing of the host is read.

    Raises:
        PersonalityError: the personality cannot be expressed; the error has the key.
    """
    lines = [
        f"interface={addresses.TAP_NAME}",
        "except-interface=lo",
        "bind-interfaces",
        "no-resolv",
        "no-hosts",
        "log-dhcp",
        "log-queries",
        "log-facility=-",
        "leasefile-ro",
        "no-ping",
        "dhcp-authoritative",
        "dhcp-no-override",
        f"dhcp-range={addresses.LEASE_RANGE},12h",
        f"dhcp-host={addresses.GUEST_MAC},{addresses.GUEST_ADDRESS}",
        f"domain={addresses.DOMAIN}",
        f"host-record={addresses.SERVER_NAME},{addresses.SERVER_ADDRESS},{addresses.SERVER_ADDRESS_IP6}",
        f"local=/{addresses.DOMAIN}/",
    ]
    if personality.router_advertisements:
        lines += ["enable-ra", f"dhcp-range=::,constructor:{addresses.TAP_NAME},ra-only,64,12h"]
    # of answers that no dhcp-boot is for
    lines.append(f"dhcp-option=option:server-ip-address,{header_address(personality)}")
    for number, client in enumerate(personality.classes):
        lines += _iter_class_lines(number, client)
    lines += _iter_boot_lines(personality)
    lines += _iter_option_lines(personality)
    for index, line in enumerate(personality.lines):
        if "\n" in line or "\r" in line:
            raise PersonalityError("a line has no line break", key_path=f"lines[{index}]")
        lines.append(line)
    for line in lines:
        if len(encode_name(line)) > LINE_LENGTH:
            raise PersonalityError(f"dnsmasq reads lines of at most {LINE_LENGTH} bytes, this has more: {line[:60]}...")
    return "\n".join(lines) + "\n"
