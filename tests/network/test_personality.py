import pytest

from bootrig.network.servers.personality import (
    BootFields,
    DhcpPersonality,
    PersonalityError,
    dnsmasq_configuration,
)


def _lines(personality: DhcpPersonality) -> list[str]:
    return dnsmasq_configuration(personality).splitlines()


def test_answers_are_immediate_and_nothing_of_the_host_is_read():
    assert {"no-ping", "dhcp-authoritative", "leasefile-ro", "no-resolv", "no-hosts"} <= set(_lines(DhcpPersonality()))


def test_header_only():
    lines = _lines(DhcpPersonality("a.0", fields=BootFields.HEADER))
    assert "dhcp-boot=a.0,,10.0.2.1" in lines
    assert not [line for line in lines if line.startswith("dhcp-option-force")]


def test_options_only():
    lines = _lines(DhcpPersonality("a.0", fields=BootFields.OPTIONS))
    assert "dhcp-option-force=67,a.0" in lines
    assert 'dhcp-option-force=66,"10.0.2.1"' in lines
    assert not [line for line in lines if line.startswith("dhcp-boot")]


def test_without_a_next_server():
    assert "dhcp-boot=a.0" in _lines(DhcpPersonality("a.0", next_server=None))


def test_router_advertisements_can_be_off():
    assert "enable-ra" in _lines(DhcpPersonality())
    assert "enable-ra" not in _lines(DhcpPersonality(router_advertisements=False))


@pytest.mark.parametrize("name", ["a,b", 'a"b', "a\nb", "a#b", " a", "\u00e9", "a\\b"])
def test_a_name_that_dnsmasq_would_read_otherwise(name):
    with pytest.raises(PersonalityError, match=r"^boot file name .* cannot be given to dnsmasq$") as caught:
        _lines(DhcpPersonality(name))
    assert "printable ASCII" in caught.value.remedy


def test_a_name_that_is_too_long():
    with pytest.raises(PersonalityError, match=r"has 128 characters$"):
        _lines(DhcpPersonality("a" * 128))


def test_a_next_server_that_is_no_address():
    with pytest.raises(PersonalityError, match=r"^next server 'server' is not an IPv4 address$"):
        _lines(DhcpPersonality("a", next_server="server"))


def test_an_architecture_out_of_range():
    with pytest.raises(PersonalityError, match=r"^client architecture 65536 is not a 16-bit number$"):
        _lines(DhcpPersonality("a", boot_files={65536: "b"}))


def test_an_extra_option_with_a_line_break():
    with pytest.raises(PersonalityError, match=r"has a line break$"):
        _lines(DhcpPersonality(extra_options=("17,a\nuser=root",)))
