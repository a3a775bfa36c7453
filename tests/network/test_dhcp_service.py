"""What the table of the DHCP service says, and what is wrong in one."""

from typing import Any

import pytest

from bootrig.network.addresses import SERVER_ADDRESS
from bootrig.network.servers.personality import (
    BootFields,
    ClientClass,
    DhcpOption,
    DhcpPersonality,
    OptionMatch,
    OptionType,
)
from bootrig.network.services.files import ServedFile
from tests.network.tables import faults, problems, read


def test_an_empty_dhcp_table_has_usual_values() -> None:
    assert read("dhcp", {}) == DhcpPersonality()


def test_everything_of_dhcp_is_read() -> None:
    table = {
        "server": "dnsmasq",
        "boot_file": "a.0",
        "next_server": "10.0.2.9",
        "fields": "both",
        "router_advertisements": False,
        "class": [
            {"architecture": 7, "boot_file": "b.efi"},
            {"user_class": "gPXE", "vendor_class": "PXEClient", "mac": "52:54:00:12:34:56"},
        ],
        "option": [
            {"code": 175, "sub": 1, "u8": 91},
            {"code": 175, "sub": [2, 3], "hex": "0a 0B"},
            {"code": "Root Path", "text": "iscsi:"},
            {"code": 26, "u16": 1500},
            {"code": 35, "u32": 70000},
            {"code": 150, "address": "10.0.2.1"},
            {"code": 6, "addresses": ["10.0.2.9", "10.0.2.1"]},
        ],
        "lines": ["dhcp-ignore-names"],
    }
    assert read("dhcp", table) == DhcpPersonality(
        boot_file="a.0",
        next_server="10.0.2.9",
        fields=BootFields.BOTH,
        router_advertisements=False,
        classes=(
            ClientClass("b.efi", architecture=7),
            ClientClass(user_class="gPXE", vendor_class="PXEClient", mac="52:54:00:12:34:56"),
        ),
        options=(
            DhcpOption(175, (1,), OptionType.U8, b"\x5b"),
            DhcpOption(175, (2, 3), OptionType.HEX, b"\x0a\x0b"),
            DhcpOption(17, (), OptionType.TEXT, b"iscsi:"),
            DhcpOption(26, (), OptionType.U16, b"\x05\xdc"),
            DhcpOption(35, (), OptionType.U32, b"\0\x01\x11\x70"),
            DhcpOption(150, (), OptionType.ADDRESS, bytes([10, 0, 2, 1])),
            DhcpOption(6, (), OptionType.ADDRESSES, bytes([10, 0, 2, 9, 10, 0, 2, 1])),
        ),
        lines=("dhcp-ignore-names",),
    )


@pytest.mark.parametrize(("value", "address"), [(True, SERVER_ADDRESS), (False, None), ("10.0.2.2", "10.0.2.2")])
def test_the_next_server(value: object, address: str | None) -> None:
    assert read("dhcp", {"next_server": value}).next_server == address


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"server": "kea"}, 'dhcp.server: found "kea", expected one of dnsmasq'),
        ({"next_server": 3}, "dhcp.next_server: found an integer 3, expected true, false or an IPv4 address"),
        (
            {"next_server": "server"},
            'dhcp.next_server: found a string "server", expected true, false or an IPv4 address',
        ),
        ({"option": [{"text": "a"}]}, "dhcp.option[0].code: missing; expected an integer"),
        (
            {"option": [{"code": 1}]},
            "dhcp.option[0]: found none, expected exactly one of text, hex, u8, u16, u32, address, addresses",
        ),
        (
            {"option": [{"code": 1, "u8": 1, "text": "a"}]},
            "dhcp.option[0]: found text and u8, expected exactly one of text, hex, u8, u16, u32, address, addresses",
        ),
        (
            {"option": [{"code": "Rot Path", "u8": 1}]},
            'dhcp.option[0].code: found "Rot Path", expected a number or IANA\'s name; did you mean "Root Path"?',
        ),
        ({"option": [{"code": 256, "u8": 1}]}, "dhcp.option[0].code: found 256, expected at most 255"),
        ({"option": [{"code": 1, "u8": 256}]}, "dhcp.option[0].u8: found 256, expected at most 255"),
        ({"option": [{"code": 1, "u16": -1}]}, "dhcp.option[0].u16: found -1, expected at least 0"),
        (
            {"option": [{"code": 1, "hex": "4"}]},
            'dhcp.option[0].hex: found a string "4", expected pairs of hexadecimal digits',
        ),
        ({"option": [{"code": 1, "address": "a"}]}, 'dhcp.option[0].address: found "a", expected an IPv4 address'),
        ({"option": [{"code": 1, "sub": [], "u8": 1}]}, "dhcp.option[0].sub: expected numbers from 0 to 255"),
        ({"option": [{"code": 1, "sub": [256], "u8": 1}]}, "dhcp.option[0].sub: expected numbers from 0 to 255"),
        ({"class": [{"mac": "52:54"}]}, 'dhcp.class[0].mac: found a string "52:54", expected a hardware address'),
        ({"class": [{"architecture": 65536}]}, "dhcp.class[0].architecture: found 65536, expected at most 65535"),
    ],
)
def test_a_dhcp_table_that_is_wrong(table: dict[str, Any], problem: str) -> None:
    assert problems("dhcp", table) == [problem]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"boot_file": {"hex": "61 00"}}, r'boot_file: "a\x00": dnsmasq cannot carry the byte 0x00'),
        ({"boot_file": ""}, "boot_file: an empty name cannot be given to dnsmasq: leave the key out for none"),
        ({"boot_file": "a" * 128}, f'boot_file: "{"a" * 128}" has 128 bytes, its field takes 127'),
        ({"boot_file": "\u00e9" * 64}, f'boot_file: "{64 * chr(0xE9)}" has 128 bytes, its field takes 127'),
        (
            {"boot_file": "a" * 256, "fields": "options"},
            f'boot_file: "{"a" * 256}" has 256 bytes, its field takes 255',
        ),
        (
            {"boot_file": {"hex": "ff"}},
            r"""boot_file: no service of this scenario has a file "\xff"; only a disk's report does without""",
        ),
        (
            {"class": [{"option": {"code": 97, "hex": ""}}]},
            "class[0].option.hex: an option without bytes matches nothing",
        ),
        (
            {"option": [{"code": 150, "address": "10.0.2.1"}, {"code": 150, "address": "10.0.2.2"}]},
            'option[1].code: option 150 is in the table twice, or fields = "header" sends it',
        ),
        (
            {"option": [{"code": 43, "sub": 1, "u8": 1}, {"code": 43, "hex": "01"}]},
            'option[1].code: option 43 is in the table twice, or fields = "header" sends it',
        ),
        (
            {"fields": "both", "option": [{"code": 67, "text": "x"}]},
            'option[0].code: option 67 is in the table twice, or fields = "both" sends it',
        ),
        ({"class": [{"boot_file": "there.0"}]}, "class[0]: a class needs a key that clients match"),
        (
            {"class": [{"architecture": 0, "boot_file": "gone.0"}]},
            'class[0].boot_file: no service of this scenario has a file "gone.0"; only a disk\'s report does without',
        ),
        ({"option": [{"code": 53, "u8": 1}]}, "option[0].code: dnsmasq decides itself what is in option 53"),
        ({"option": [{"code": 3, "hex": "0a000201"}]}, "option[0]: dnsmasq takes addresses for option 3"),
        ({"option": [{"code": 17, "hex": "41"}]}, "option[0]: dnsmasq takes a text for option 17"),
        ({"option": [{"code": 128, "hex": ""}]}, "option[0]: option 128 has 0 bytes, expected 1 to 255"),
        ({"option": [{"code": 43, "sub": 1, "text": "a" * 256}]}, "option: suboption 1 has 256 bytes, 255 fit"),
        ({"lines": ["ok", "a\nb"]}, "lines[1]: a line has no line break"),
    ],
)
def test_what_dnsmasq_cannot_be_made_to_say(table: dict[str, Any], fault: str) -> None:
    assert fault in faults("dhcp", read("dhcp", table))


def test_names_are_bytes() -> None:
    table = {
        "boot_file": {"hex": "42 6f ff"},
        "class": [{"user_class": {"hex": "fe"}, "vendor_class": "\u00e9", "boot_file": "x"}],
    }
    assert read("dhcp", table) == DhcpPersonality(
        "Bo\udcff", classes=(ClientClass("x", user_class="\udcfe", vendor_class="\u00e9"),)
    )
    assert read("tftp", {"any": {"name": {"hex": "61 ff"}, "content": "probe"}}).files == (
        ServedFile("a\udcff", "probe", None, "any"),
    )
    assert problems("dhcp", {"boot_file": 3}) == [
        'dhcp.boot_file: found an integer 3, expected a string or { hex = "..." }'
    ]


def test_a_class_of_clients_that_send_an_option() -> None:
    classes = [{"option": {"code": 97, "hex": "00 01"}}, {"option": {"code": "Class Id", "text": "PXE"}}]
    assert read("dhcp", {"class": classes}).classes == (
        ClientClass(option=OptionMatch(97, b"\0\x01", is_text=False)),
        ClientClass(option=OptionMatch(60, b"PXE", is_text=True)),
    )
    assert problems("dhcp", {"class": [{"option": {"code": 97}}]}) == [
        "dhcp.class[0].option: found none, expected exactly one of text, hex"
    ]


@pytest.mark.parametrize("key", ["name", "address", "proxy", "menu", "relay_from", "answer"])
def test_what_there_is_only_one_dhcp_server_for(key: str) -> None:
    (problem,) = problems("dhcp", {key: "x"})
    assert problem.startswith(f"dhcp.{key}: unknown key")


def test_a_boot_file_that_nobody_serves() -> None:
    fault = 'boot_file: no service of this scenario has a file "gone.0"; only a disk\'s report does without'
    assert faults("dhcp", DhcpPersonality("gone.0")) == [fault]
    assert faults("dhcp", DhcpPersonality("gone.0"), report="disk") == []
    assert faults("dhcp", DhcpPersonality("there.0")) == []
