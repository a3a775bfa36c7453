"""The lines that make dnsmasq behave; `test_dnsmasq` holds them against the real one."""

import pytest

from bootrig.network.servers.dnsmasq_lines import dnsmasq_configuration, quote
from bootrig.network.servers.personality import BootFields, DhcpPersonality, PersonalityError


def _lines(personality: DhcpPersonality) -> list[str]:
    return dnsmasq_configuration(personality).splitlines()


def test_answers_are_immediate_and_nothing_of_the_host_is_read():
    assert {"no-ping", "dhcp-authoritative", "leasefile-ro", "no-resolv", "no-hosts"} <= set(_lines(DhcpPersonality()))


def test_header_only():
    lines = _lines(DhcpPersonality("a.0", fields=BootFields.HEADER))
    assert 'dhcp-boot="a.0",,10.0.2.1' in lines
    assert not [line for line in lines if line.startswith("dhcp-option-force")]


def test_options_only():
    lines = _lines(DhcpPersonality("a.0", fields=BootFields.OPTIONS))
    assert 'dhcp-option-force=67,"a.0"' in lines
    assert 'dhcp-option-force=66,"10.0.2.1"' in lines
    assert not [line for line in lines if line.startswith("dhcp-boot")]


@pytest.mark.parametrize(
    ("fields", "next_server", "boot", "others"),
    [
        (BootFields.HEADER, "10.0.2.9", "10.0.2.9", "10.0.2.9"),
        (BootFields.HEADER, None, "no-next-server.invalid", "0.0.0.0"),
        (BootFields.BOTH, None, "no-next-server.invalid", "0.0.0.0"),
        (BootFields.OPTIONS, "10.0.2.9", None, "0.0.0.0"),
        (BootFields.FILE_OPTION, "10.0.2.9", None, "10.0.2.9"),
        (BootFields.FILE_OPTION, None, None, "0.0.0.0"),
    ],
)
def test_the_next_server(fields, next_server, boot, others):
    lines = _lines(DhcpPersonality("a.0", next_server=next_server, fields=fields))
    assert [line for line in lines if line.startswith("dhcp-boot")] == ([f'dhcp-boot="a.0",,{boot}'] if boot else [])
    assert f"dhcp-option=option:server-ip-address,{others}" in lines


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a.0", '"a.0"'),
        ("Boot\\boot.ipxe", r'"Boot\\boot.ipxe"'),
        ('a "b", #c', r'"a \"b\", #c"'),
        ("\b\t\n\r\x1b", r'"\b\t\n\r\e"'),
        ("\u00e9\udcff\x7f", '"\u00e9\udcff\x7f"'),
    ],
)
def test_quoting(text, quoted):
    assert quote(text, "key") == quoted


@pytest.mark.parametrize("byte", sorted(set(range(32)) - {8, 9, 10, 13, 27}))
def test_bytes_that_dnsmasq_cannot_read(byte):
    with pytest.raises(PersonalityError, match=f'^"a\\\\x{byte:02x}": dnsmasq cannot carry the byte 0x{byte:02x}$'):
        quote(f"a{chr(byte)}", "key")


def test_a_line_that_is_longer_than_dnsmasq_reads():
    personality = DhcpPersonality(lines=("x" * 1024,))
    with pytest.raises(
        PersonalityError, match=f"^dnsmasq reads lines of at most 1023 bytes, this has more: {'x' * 60}"
    ):
        dnsmasq_configuration(personality)
    assert dnsmasq_configuration(DhcpPersonality(lines=("x" * 1023,))).endswith("x" * 1023 + "\n")


def test_router_advertisements_can_be_off():
    assert "enable-ra" in _lines(DhcpPersonality())
    assert "enable-ra" not in _lines(DhcpPersonality(router_advertisements=False))


def test_lines_of_the_server_s_own_come_last():
    assert _lines(DhcpPersonality(lines=("log-async=5", "dhcp-ttl=1")))[-2:] == ["log-async=5", "dhcp-ttl=1"]
