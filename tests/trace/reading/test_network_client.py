"""Which network stack sent the first DISCOVER."""

import pytest
from msgspec import structs

from bootrig.trace.reading.network_client import find_network_client
from bootrig.trace.trace import PlatformFirmwareEvidence
from tests.compare.factory import DISCOVER, Boot, trace

PXE = b"PXEClient:Arch:00007:UNDI:003001".hex()


@pytest.mark.parametrize(
    ("options", "firmware", "client"),
    [
        (DISCOVER, "seabios", "iPXE"),
        ({77: b"gPXE".hex(), 175: "0101"}, "seabios", "gPXE"),
        ({77: b"\x04iPXE".hex()}, "ovmf", "iPXE"),
        ({77: b"site".hex(), 60: PXE, 175: "0101"}, "ovmf", "iPXE"),
        ({60: PXE}, "ovmf", "OVMF's own PXE client"),
        ({60: PXE}, "seabios", "another PXE client"),
        ({60: b"HTTPClient:Arch:00016:UNDI:003001".hex()}, "ovmf", "OVMF's own HTTP client"),
        ({60: b"udhcp 1.30".hex()}, "seabios", "another client"),
        ({}, "ovmf", "another client"),
    ],
)
def test_a_stack_is_known_by_what_it_says_of_itself(options: dict[int, str], firmware: str, client: str) -> None:
    assert find_network_client(trace(Boot(options=options, firmware=firmware))) == client


def test_the_first_discover_decides() -> None:
    boot = Boot(options=DISCOVER, request_options={60: PXE}, firmware="ovmf")
    assert find_network_client(trace(boot)) == "iPXE"


def test_without_discover_there_is_none() -> None:
    assert find_network_client(trace(Boot(messages=((0.0, "request"),)))) is None
    assert find_network_client(trace(Boot(messages=()))) is None


def test_a_firmware_given_as_a_file_is_known_by_the_file() -> None:
    boot = trace(Boot(options={60: PXE}, firmware="-"))
    evidence = PlatformFirmwareEvidence(name="-", file="OVMF_CODE_4M.fd")
    assert find_network_client(boot) == "another PXE client"
    assert find_network_client(structs.replace(boot, platform_firmware=evidence)) == "OVMF's own PXE client"
