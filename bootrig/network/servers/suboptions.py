"""Options inside of DHCP options (RFC 2132, section 8.4): code, length, content, as in the message itself."""

from collections.abc import Iterator, Sequence

from bootrig.network.servers.personality import DhcpOption, OptionType, PersonalityError

OPTION_LENGTH = 255


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


def join_suboptions(options: Sequence[DhcpOption]) -> Iterator[tuple[DhcpOption, str]]:
    """Yield the options that go into the message, each with its key path; suboptions of one option are joined.

    Raises:
        PersonalityError: one is too long.
    """
    nested: dict[int, list[tuple[tuple[int, ...], bytes]]] = {}
    for index, option in enumerate(options):
        if option.path:
            nested.setdefault(option.code, []).append((option.path, option.content))
        else:
            yield option, f"option[{index}]"
    for code, items in nested.items():
        yield DhcpOption(code, (), OptionType.HEX, encode_suboptions(items, "option")), "option"
