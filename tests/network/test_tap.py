import json
import os
import socket
import struct
import subprocess

import pytest

from bootrig.network.addresses import (
    LINK_LOCAL_ADDRESS,
    SERVER_ADDRESS,
    SERVER_ADDRESS_IP6,
    SERVER_INTERFACES,
    TAP_MAC,
    TAP_NAME,
)
from bootrig.network.errors import TapError
from bootrig.network.namespace import run_in_namespaces
from bootrig.network.tap import count_frames, open_tap
from bootrig.process import require_tool
from tests.network.inside import call_inside
from tests.network.requirements import require_namespaces

pytestmark = pytest.mark.rig


@pytest.fixture(autouse=True)
def _possible() -> None:
    require_namespaces()


def test_is_up_with_carrier_and_addresses_at_once():
    def look() -> object:
        with open_tap() as tap:
            assert os.get_inheritable(tap)
            shown = subprocess.run(
                [require_tool("ip"), "-j", "address", "show", "dev", TAP_NAME], capture_output=True, check=True
            )
            return json.loads(shown.stdout)[0]

    link = call_inside(look)
    assert {"UP", "LOWER_UP"} <= set(link["flags"])
    assert link["address"] == TAP_MAC
    addresses = {f"{one['local']}/{one['prefixlen']}": one for one in link["addr_info"]}
    assert set(addresses) == set(SERVER_INTERFACES)
    assert not any(one.get("tentative") for one in addresses.values())


def test_every_address_can_be_bound_at_once():
    def bind() -> bool:
        with open_tap():
            index = socket.if_nametoindex(TAP_NAME)
            for family, address in (
                (socket.AF_INET, (SERVER_ADDRESS, 69)),
                (socket.AF_INET, ("127.0.0.1", 80)),
                (socket.AF_INET6, (SERVER_ADDRESS_IP6, 69)),
                (socket.AF_INET6, (LINK_LOCAL_ADDRESS, 69, 0, index)),
            ):
                with socket.socket(family, socket.SOCK_DGRAM) as server:
                    server.bind(address)
        return True

    assert call_inside(bind) is True


def test_a_socket_that_is_connected_at_once_reaches_this_host():
    """Where the kernel had not made the route to the address yet, it would send to the cable for ever."""

    def ask() -> str:
        with (
            open_tap(),
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server,
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client,
        ):
            server.bind((SERVER_ADDRESS_IP6, 69))
            server.settimeout(5)
            client.connect((SERVER_ADDRESS_IP6, 69))
            client.send(b"question")
            return server.recv(16).decode()

    assert [call_inside(ask) for _ in range(10)] == ["question"] * 10


def test_frames_pass_without_a_header_of_their_own():
    """An ARP request put into the tap is answered, in a bare Ethernet frame."""

    def ask() -> str:
        guest_mac, guest = bytes.fromhex("525400123456"), bytes([10, 0, 2, 15])
        request = b"\xff" * 6 + guest_mac + struct.pack(">HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
        request += guest_mac + guest + bytes(6) + socket.inet_aton(SERVER_ADDRESS)
        with open_tap() as tap:
            os.write(tap, request)
            while True:
                frame = os.read(tap, 2000)
                if frame[12:14] == b"\x08\x06":
                    return frame.hex()

    reply = bytes.fromhex(call_inside(ask))
    assert reply[:6] == bytes.fromhex("525400123456")
    assert reply[6:12] == bytes.fromhex(TAP_MAC.replace(":", ""))
    assert reply[28:32] == socket.inet_aton(SERVER_ADDRESS)


def test_what_the_guest_sends_is_counted():
    def send() -> list[int]:
        with open_tap() as tap:
            counted = [count_frames()]
            for _ in range(3):
                os.write(tap, bytes(60))
            return [*counted, count_frames()]

    assert call_inside(send) == [0, 3]
    assert call_inside(count_frames) == 0


def test_stays_until_its_namespace_ends():
    """Whoever closes the last descriptor does not wait until the kernel has taken the device away."""

    def look() -> list[str]:
        with open_tap(addresses=["10.0.2.1/24"]):
            pass
        return [name for _, name in socket.if_nameindex()]

    assert call_inside(look) == ["lo", "tap0"]
    assert "tap0" not in [name for _, name in socket.if_nameindex()]


def test_two_by_one_name_are_an_error():
    def twice() -> int:
        with open_tap(), open_tap():
            return 0

    with pytest.raises(Exception, match=r"^cannot create the tap device tap0: Device or resource busy$"):
        run_in_namespaces(twice)


def test_an_address_given_twice_is_an_error():
    def twice() -> int:
        with open_tap(addresses=["10.0.2.1/24", "10.0.2.1/24"]):
            return 0

    with pytest.raises(Exception, match=r"^cannot give tap0 the address 10.0.2.1/24: File exists$"):
        run_in_namespaces(twice)


def test_no_device(tmp_path):
    with pytest.raises(TapError, match=r"tun is missing$") as caught, open_tap(device=tmp_path / "tun"):
        pass
    assert "modprobe tun" in caught.value.remedy


def test_a_file_that_is_no_tun_device(tmp_path):
    (tmp_path / "tun").write_bytes(b"")
    device = tmp_path / "tun"
    with pytest.raises(TapError, match=r"Inappropriate ioctl") as caught, open_tap(device=device):
        pass
    assert caught.value.remedy == f"as root: rm {device} && mknod -m 0666 {device} c 10 200"
