"""The grammar of sides: what each part names, and each way to be wrong."""

import pytest

from bootrig.errors import InputError
from bootrig.romset.side import SideWords, parse_side


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ipxe-debian-13", SideWords("ipxe-debian-13")),
        ("host", SideWords("host")),
        ("./out", SideWords("./out")),
        ("./a=b", SideWords("./a=b")),
        ("./a,,b", SideWords("./a,b")),
        ("@last-1:candidate", SideWords("@last-1:candidate")),
        ("roms=@./run:candidate,emulator=host", SideWords("@./run:candidate", "host")),
        ("roms=./a,,b,emulator=qemu-11", SideWords("./a,b", "qemu-11")),
        ("roms=a,,,emulator=b", SideWords("a,", "b")),
        ("emulator=./qemu", SideWords(emulator="./qemu")),
        ("platform-firmware=./a=b.bin,roms=host", SideWords("host", "", "./a=b.bin")),
    ],
)
def test_parts_are_named_and_a_bare_word_is_the_roms(text: str, words: SideWords) -> None:
    assert parse_side(text) == words


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("./a,b", "a comma separates parts, and the first of them names none", "double a comma of a path"),
        ("host,emulator=host", "the first of them names none", "begin with a part: roms=host"),
        ("roms=./a,b", "'b' is not a part of a side", "double a comma"),
        ("roms=a,roms=b", "says roms= twice", ""),
        ("roms=", "roms= names nothing", "roms=NAME"),
        ("emulators=x", 'a side has no part emulators=; did you mean "emulator"', "roms=, emulator="),
        ("platform_firmware=x", 'did you mean "platform-firmware"', ""),
    ],
)
def test_what_is_not_a_side_is_refused(text: str, message: str, remedy: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_side(text)
    assert remedy in caught.value.remedy
