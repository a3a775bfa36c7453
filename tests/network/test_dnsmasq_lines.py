"""The lines that make dnsmasq behave; `test_dnsmasq` holds them against the real one."""

from bootrig.network.servers.dnsmasq_lines import dnsmasq_configuration
from bootrig.network.servers.personality import BootFields, DhcpPersonality


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


def test_without_a_next_server():
    assert 'dhcp-boot="a.0"' in _lines(DhcpPersonality("a.0", next_server=None))


def test_router_advertisements_can_be_off():
    assert "enable-ra" in _lines(DhcpPersonality())
    assert "enable-ra" not in _lines(DhcpPersonality(router_advertisements=False))


def test_lines_of_the_server_s_own_come_last():
    assert _lines(DhcpPersonality(lines=("log-async=5", "dhcp-ttl=1")))[-2:] == ["log-async=5", "dhcp-ttl=1"]
