"""The configuration file that makes dnsmasq behave as a personality says.

Source: dnsmasq(8), and `read_file` of its option.c for the quoting: what is in quotes is taken as it is, but for
backslashes; a number or an address in quotes is text.
"""

from collections.abc import Iterator, Sequence

from bootrig.network import addresses
from bootrig.network.servers.personality import (
    BootFields,
    ClientClass,
    DhcpOption,
    DhcpPersonality,
    OptionType,
    PersonalityError,
)

FILE_FIELD_LENGTH = 127
OPTION_LENGTH = 255
# What dnsmasq takes in one form only, whatever the number's meaning to others (`opttab` in its dhcp-common.c).
ADDRESS_CODES = frozenset({1, 3, 6, 7, 9, 16, 21, 28, 32, 33, 41, 42, 44, 45, 48, 49, 65, *range(68, 77), 118, 150})
TEXT_CODES = frozenset({12, 14, 15, 17, 18, 40, 64, 66, 67, 100, 101, 119})
# What it says itself in every answer, or takes from the client.
OWN_CODES = frozenset({0, 50, 51, 52, 53, 54, 55, 57, 61, 81, 82, 255})
_SIZES = {OptionType.U8: "b", OptionType.U16: "s", OptionType.U32: "i"}


def quote(text: str, key_path: str, limit: int = OPTION_LENGTH) -> str:
    """Return `text` so that dnsmasq reads it back from a configuration file unchanged.

    Raises:
        PersonalityError: it is empty or too long, or has control characters.
    """
    if not text or any(character < " " or character == "\x7f" for character in text):
        raise PersonalityError(
            f"{text!r} cannot be given to dnsmasq",
            key_path=key_path,
            remedy="leave out control characters" if text else "leave the key out for none",
        )
    length = len(text.encode("utf-8", "surrogatepass"))
    if length > limit:
        raise PersonalityError(f"{text!r} has {length} bytes, its field takes {limit}", key_path=key_path)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
    if not keys:
        raise PersonalityError("a class needs a key that clients match", key_path=place)
    for word, value in keys:
        yield f"dhcp-{word}=set:class-{number}-{word},{value}"
    yield f"tag-if=set:class-{number},{','.join(f'tag:class-{number}-{word}' for word, _ in keys)}"


def _iter_boot_files(personality: DhcpPersonality) -> Iterator[tuple[str, str, str]]:
    """Yield for each boot file the tags of the clients that get it, its name and its key path."""
    others = ""
    for number, client in enumerate(personality.classes):
        if client.boot_file is not None:
            yield f"tag:class-{number},{others}", client.boot_file, f"class[{number}].boot_file"
        others += f"tag:!class-{number},"
    if personality.boot_file is not None:
        yield others, personality.boot_file, "boot_file"


def _iter_boot_lines(personality: DhcpPersonality) -> Iterator[str]:
    server = personality.next_server or ""
    in_header = personality.fields in (BootFields.HEADER, BootFields.BOTH)
    for tags, name, key_path in _iter_boot_files(personality):
        quoted = quote(name, key_path, FILE_FIELD_LENGTH if in_header else OPTION_LENGTH)
        if in_header:
            yield f"dhcp-boot={tags}{quoted},,{server}".rstrip(",")
        if personality.fields != BootFields.HEADER:
            yield f"dhcp-option-force={tags}67,{quoted}"
            if server and personality.fields != BootFields.FILE_OPTION:
                yield f'dhcp-option-force={tags}66,"{server}"'


def encode_suboptions(items: Sequence[tuple[tuple[int, ...], bytes]], key_path: str) -> bytes:
    """Return suboptions as code, length, content; those whose paths begin alike are in one.

    Raises:
        PersonalityError: one is too long.
    """
    encoded = b""
    for code in dict.fromkeys(path[0] for path, _ in items):
        plain = [content for path, content in items if path == (code,)]
        deeper = [(path[1:], content) for path, content in items if path[0] == code and len(path) > 1]
        for content in [*plain, *([encode_suboptions(deeper, key_path)] if deeper else [])]:
            if len(content) > OPTION_LENGTH:
                raise PersonalityError(f"suboption {code} has {len(content)} bytes, 255 fit", key_path=key_path)
            encoded += bytes([code, len(content)]) + content
    return encoded


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
            value = quote(content.decode(), key_path)
        case OptionType.ADDRESS | OptionType.ADDRESSES:
            value = ",".join(".".join(map(str, content[at : at + 4])) for at in range(0, len(content), 4))
        case OptionType.U8 | OptionType.U16 | OptionType.U32:
            value = f"{int.from_bytes(content, 'big')}{_SIZES[option.type]}"
        case OptionType.HEX:
            # dnsmasq takes hexadecimal digits for text unless there is a colon
            value = content.hex(":") if len(content) > 1 else f"{content[0]}b"
    return f"dhcp-option-force={code},{value}"


def _iter_option_lines(options: Sequence[DhcpOption]) -> Iterator[str]:
    """Yield a line for each option; its suboptions are in one."""
    nested: dict[int, list[tuple[tuple[int, ...], bytes]]] = {}
    for index, option in enumerate(options):
        if option.code in OWN_CODES:
            message = f"dnsmasq does not let anybody say what is in option {option.code}"
            raise PersonalityError(message, key_path=f"option[{index}].code")
        if option.path:
            nested.setdefault(option.code, []).append((option.path, option.content))
        else:
            yield _option_line(option, f"option[{index}]")
    for code, items in nested.items():
        whole = DhcpOption(code, (), OptionType.HEX, encode_suboptions(items, "option"))
        yield _option_line(whole, "option")


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
    if personality.fields == BootFields.OPTIONS:
        lines.append("dhcp-option=option:server-ip-address,0.0.0.0")
    elif personality.fields == BootFields.FILE_OPTION and personality.next_server:
        lines.append(f"dhcp-option=option:server-ip-address,{personality.next_server}")
    for number, client in enumerate(personality.classes):
        lines += _iter_class_lines(number, client)
    lines += _iter_boot_lines(personality)
    lines += _iter_option_lines(personality.options)
    for index, line in enumerate(personality.lines):
        if "\n" in line or "\r" in line:
            raise PersonalityError("a line has no line break", key_path=f"lines[{index}]")
        lines.append(line)
    return "\n".join(lines) + "\n"
