"""Options of DHCP as the real dnsmasq sends them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bootrig.network.servers.dnsmasq import start_dnsmasq
from bootrig.network.servers.dnsmasq_lines import dnsmasq_configuration, sent_content
from bootrig.network.servers.personality import DhcpOption, DhcpPersonality, OptionType, PersonalityError
from bootrig.network.tap import open_tap
from tests.network.inside import call_inside
from tests.network.pxe_client import PxeClient
from tests.network.requirements import require_namespaces, require_program

pytestmark = pytest.mark.rig


@pytest.fixture(autouse=True)
def _possible() -> None:
    require_namespaces()
    require_program("dnsmasq")


def _offer(options: Sequence[DhcpOption], run_directory: Path) -> dict[int, bytes]:
    """Return the options of the OFFER of a real dnsmasq."""

    def inside() -> list[list[object]]:
        with open_tap() as tap, start_dnsmasq(DhcpPersonality("x", options=tuple(options)), run_directory):
            return [[code, content.hex()] for code, content in PxeClient(tap).discover().opts]

    return {code: bytes.fromhex(content) for code, content in call_inside(inside)}


def test_options_are_sent_unasked_as_they_were_written(tmp_path):
    def written(code: int, kind: OptionType, content: bytes, *path: int) -> DhcpOption:
        return DhcpOption(code, path, kind, content)

    options = (
        written(128, OptionType.U8, b"\x5b"),
        written(129, OptionType.U16, b"\x00\x05"),
        written(130, OptionType.U32, b"\0\0\0\x07"),
        written(131, OptionType.HEX, b"\x00"),
        written(132, OptionType.HEX, b"\x12\x34"),
        written(133, OptionType.TEXT, b"10.0.2.9, #"),
        written(17, OptionType.TEXT, b"iscsi:server"),
        written(6, OptionType.ADDRESSES, bytes([10, 0, 2, 9, 10, 0, 2, 1])),
        written(150, OptionType.ADDRESS, bytes([10, 0, 2, 1])),
        written(175, OptionType.U8, b"\x5b", 1),
        written(43, OptionType.U8, b"\x08", 6),
        written(43, OptionType.TEXT, b"in", 9, 1),
        written(175, OptionType.HEX, b"", 8),
        written(43, OptionType.TEXT, b"out", 9, 2),
    )
    answer = _offer(options, tmp_path)
    assert {code: answer[code].hex() for code in sorted({option.code for option in options})} == {
        6: "0a0002090a000201",
        17: b"iscsi:server".hex(),
        43: "060108" + "0909" + "0102" + b"in".hex() + "0203" + b"out".hex(),
        128: "5b",
        129: "0005",
        130: "00000007",
        131: "00",
        132: "1234",
        133: b"10.0.2.9, #".hex(),
        150: "0a000201",
        175: "01015b" + "0800",
    }


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (OptionType.U8, b"\x5b"),
        (OptionType.U16, b"\x05\xdc"),
        (OptionType.U32, b"\0\1\2\3"),
        (OptionType.HEX, b"\1\2\3"),
        (OptionType.HEX, b"\7"),
        (OptionType.TEXT, b"ab.c d"),
        (OptionType.TEXT, b"10"),
        (OptionType.ADDRESSES, bytes([10, 0, 2, 9, 10, 0, 2, 8])),
    ],
)
def test_whatever_can_be_written_arrives(tmp_path, kind, content):
    def is_possible(option: DhcpOption) -> bool:
        try:
            dnsmasq_configuration(DhcpPersonality(options=(option,)))
        except PersonalityError:
            return False
        return True

    options = [option for code in range(256) if is_possible(option := DhcpOption(code, (), kind, content))]

    assert len(options) > 200
    for at in range(0, len(options), 12):  # as many as fit into a message
        some = tuple(options[at : at + 12])
        sent = _offer(some, tmp_path)
        for option in some:
            meant = sent_content(option)
            assert sent.get(option.code) in (meant, meant + b"\0" if kind is OptionType.TEXT else meant), option
