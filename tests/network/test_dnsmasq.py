import asyncio
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.network.addresses import GUEST_ADDRESS, GUEST_MAC, SERVER_ADDRESS, SERVER_NAME, TAP_MAC
from bootrig.network.capture import decode_capture
from bootrig.network.errors import ServiceError
from bootrig.network.names import decode_name
from bootrig.network.namespace import run_in_namespaces
from bootrig.network.servers.dnsmasq import start_dnsmasq
from bootrig.network.servers.personality import (
    BootFields,
    ClientClass,
    DhcpPersonality,
    OptionMatch,
)
from bootrig.network.tap import open_tap
from bootrig.process import ToolMissingError
from tests.network.inside import call_inside
from tests.network.processes import children_of, open_descriptors
from tests.network.pxe_client import PxeClient
from tests.network.requirements import require_namespaces, require_program

pytestmark = pytest.mark.rig


@pytest.fixture(autouse=True)
def _possible() -> None:
    require_namespaces()
    require_program("dnsmasq")


def _talk(personality: DhcpPersonality, run_directory: Path, talk: Callable[[PxeClient], object]) -> Any:
    """Return what `talk` returned, which has a client at the other end of the cable of a real dnsmasq."""

    def inside() -> object:
        with open_tap() as tap, start_dnsmasq(personality, run_directory, deadline=Deadline.after(30, "a test")):
            return talk(PxeClient(tap))

    return call_inside(inside)


def _lease(architecture: int = 0) -> Callable[[PxeClient], object]:
    def talk(client: PxeClient) -> object:
        offer = client.discover(architecture)
        ack = client.request(offer, architecture)
        options = {code: content.hex() for code, content in ack.opts}
        address = socket.inet_ntoa(struct.pack(">I", ack.yiaddr))
        next_server = socket.inet_ntoa(struct.pack(">I", ack.siaddr))
        return [address, next_server, decode_name(ack.file.rstrip(b"\0")), options.get(66), options.get(67), options]

    return talk


@pytest.mark.parametrize(
    ("fields", "next_server", "in_header", "option_66", "option_67"),
    [
        (BootFields.HEADER, SERVER_ADDRESS, "probe.0", None, None),
        (BootFields.OPTIONS, "0.0.0.0", "", SERVER_ADDRESS, "probe.0"),
        (BootFields.BOTH, SERVER_ADDRESS, "probe.0", SERVER_ADDRESS, "probe.0"),
        (BootFields.FILE_OPTION, SERVER_ADDRESS, "", None, "probe.0"),
    ],
)
def test_boot_file_is_where_the_personality_says(tmp_path, fields, next_server, in_header, option_66, option_67):
    answer = _talk(DhcpPersonality("probe.0", fields=fields), tmp_path, _lease())
    assert answer[:3] == [GUEST_ADDRESS, next_server, in_header]
    texts = [bytes.fromhex(content).rstrip(b"\0").decode() if content else None for content in answer[3:5]]
    assert texts == [option_66, option_67]


@pytest.mark.parametrize("next_server", [None, "10.0.2.9", SERVER_ADDRESS])
@pytest.mark.parametrize("fields", BootFields)
@pytest.mark.parametrize("boot_file", ["a.0", None])
def test_the_next_server_is_what_the_personality_says(tmp_path, next_server, fields, boot_file):
    answer = _talk(DhcpPersonality(boot_file, next_server=next_server, fields=fields), tmp_path, _lease())
    assert answer[1] == ("0.0.0.0" if fields is BootFields.OPTIONS else next_server or "0.0.0.0")
    in_option = boot_file and next_server and fields in (BootFields.OPTIONS, BootFields.BOTH)
    assert bytes.fromhex(answer[3] or "").rstrip(b"\0").decode() == (next_server if in_option else "")


def test_no_boot_file(tmp_path):
    answer = _talk(DhcpPersonality(None), tmp_path, _lease())
    assert answer[2:5] == ["", None, None]


@pytest.mark.parametrize(("architecture", "expected"), [(0, "bios.0"), (7, "efi.efi"), (9, "efi9.efi"), (11, "bios.0")])
@pytest.mark.parametrize("fields", [BootFields.HEADER, BootFields.OPTIONS])
def test_boot_file_by_architecture(tmp_path, architecture, expected, fields):
    classes = (ClientClass("efi.efi", architecture=7), ClientClass("efi9.efi", architecture=9))
    answer = _talk(DhcpPersonality("bios.0", classes=classes, fields=fields), tmp_path, _lease(architecture))
    in_option = bytes.fromhex(answer[4] or "").rstrip(b"\0").decode()
    assert (answer[2] or in_option) == expected
    assert bool(answer[2]) == (fields == BootFields.HEADER)


def test_a_class_may_have_no_boot_file(tmp_path):
    personality = DhcpPersonality("bios.0", classes=(ClientClass(architecture=7),))
    assert _talk(personality, tmp_path, _lease(7))[2] == ""
    (tmp_path / "dnsmasq.log").unlink()
    assert _talk(personality, tmp_path, _lease(0))[2] == "bios.0"


@pytest.mark.parametrize(
    ("client", "matches"),
    [
        (ClientClass("own.0", user_class="iPXE"), True),
        (ClientClass("own.0", user_class="gPXE"), False),
        (ClientClass("own.0", vendor_class="PXEClient"), True),
        (ClientClass("own.0", vendor_class="HTTPClient"), False),
        (ClientClass("own.0", mac=GUEST_MAC), True),
        (ClientClass("own.0", option=OptionMatch(60, b"Arch:00000", is_text=True)), True),
        (ClientClass("own.0", option=OptionMatch(60, b"Arch:00007", is_text=True)), False),
        (ClientClass("own.0", option=OptionMatch(94, b"\x01\x02\x01", is_text=False)), True),
        (ClientClass("own.0", option=OptionMatch(94, b"\x01\x02", is_text=False)), True),
        (ClientClass("own.0", option=OptionMatch(94, b"\x01", is_text=False)), True),
        (ClientClass("own.0", option=OptionMatch(94, b"\x01\x03", is_text=False)), False),
        (ClientClass("own.0", option=OptionMatch(200, b"\x01", is_text=False)), False),
        (ClientClass("own.0", architecture=0, option=OptionMatch(97, bytes(17), is_text=False)), True),
        (ClientClass("own.0", mac="52:54:00:12:34:57"), False),
        (ClientClass("own.0", architecture=0, user_class="iPXE", vendor_class="PXEClient", mac=GUEST_MAC), True),
        (ClientClass("own.0", architecture=0, user_class="gPXE", vendor_class="PXEClient", mac=GUEST_MAC), False),
    ],
)
def test_clients_that_match_all_keys_of_a_class(tmp_path, client, matches):
    answer = _talk(DhcpPersonality("others.0", classes=(client,)), tmp_path, _lease())
    assert answer[2] == ("own.0" if matches else "others.0")


def test_the_first_class_that_matches_wins(tmp_path):
    classes = (ClientClass("first.0", architecture=0), ClientClass("second.0", user_class="iPXE"))
    assert _talk(DhcpPersonality("others.0", classes=classes), tmp_path, _lease())[2] == "first.0"


@pytest.mark.parametrize(
    "name",
    [
        r"Boot\iPXE\boot.ipxe",
        'a,b "c" #d',
        " blank ",
        "tag:x,y",
        "na\u00efve.0",
        "http://10.0.2.1/a.0?x=1&y=2",
        "10",
        "aa:bb",
        "a" * 127,
        "\b\t\n\r\x1b\x7f",
        "\udcff\udc80 \udcfe",
    ],
)
@pytest.mark.parametrize("fields", [BootFields.HEADER, BootFields.FILE_OPTION])
def test_every_name_arrives_as_it_was_written(tmp_path, name, fields):
    answer = _talk(DhcpPersonality(name, fields=fields), tmp_path, _lease())
    in_option = decode_name(bytes.fromhex(answer[4] or "").rstrip(b"\0"))
    assert (answer[2] or in_option) == name


def test_the_same_guest_gets_the_same_address_and_another_one_another(tmp_path):
    def talk(client: PxeClient) -> object:
        addresses = []
        for mac in ("52:54:00:12:34:56", "52:54:00:12:34:56", "52:54:00:12:34:57"):
            guest = PxeClient(client.descriptor, mac)
            addresses.append(socket.inet_ntoa(struct.pack(">I", guest.request(guest.discover()).yiaddr)))
        return addresses

    first, again, other = _talk(DhcpPersonality(), tmp_path, talk)
    assert first == again == GUEST_ADDRESS
    assert other != GUEST_ADDRESS
    assert other.startswith("10.0.2.")


def test_names_are_answered_and_nothing_of_the_host_is(tmp_path):
    def talk(client: PxeClient) -> object:
        client.request(client.discover())
        client.resolve(SERVER_ADDRESS)
        known = client.ask_name(SERVER_NAME, SERVER_ADDRESS)
        unknown = client.ask_name(socket.gethostname() or "localhost", SERVER_ADDRESS)
        return [socket.inet_ntoa(known.an[0].ip), unknown.rcode, len(unknown.an)]

    address, rcode, answers = _talk(DhcpPersonality(), tmp_path, talk)
    assert address == SERVER_ADDRESS
    assert rcode != 0
    assert answers == 0


def _solicit(run_directory: Path, *, router: bool) -> list[str]:
    """Return the names of the events that a question for routers makes."""

    def talk(client: PxeClient) -> object:
        client.solicit_router()
        kinds = []
        try:
            while "RouterAdvertisement" not in kinds:
                client.receive(within_s=5.0 if router else 0.3)
                captures = run_directory / "capture.pcap", run_directory / "sent.pcap"
                client.write_captures(*captures, 0)
                events = decode_capture(*captures, epoch_s=0).events
                kinds = [type(event).__name__ for event in events]
        except TimeoutError:
            pass
        return kinds

    return _talk(DhcpPersonality(router_advertisements=router), run_directory, talk)


def test_a_router_is_advertised(tmp_path):
    assert "RouterAdvertisement" in _solicit(tmp_path, router=True)


def test_no_router_is_advertised_without(tmp_path):
    kinds = _solicit(tmp_path, router=False)
    assert "RouterSolicitation" in kinds
    assert "RouterAdvertisement" not in kinds


def test_nothing_is_left_and_no_file_outside_of_the_run_directory(tmp_path):
    def inside() -> object:
        with open_tap(), start_dnsmasq(DhcpPersonality(), tmp_path) as server:
            assert server.process.pid in children_of(os.getpid())
        return sorted(children_of(os.getpid()))

    assert call_inside(inside) == []
    assert {path.name for path in tmp_path.iterdir()} == {"dnsmasq.conf", "dnsmasq.log"}


def test_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    with (
        pytest.raises(ToolMissingError, match=r"^dnsmasq is not installed$") as caught,
        start_dnsmasq(DhcpPersonality(), tmp_path),
    ):
        pass
    assert caught.value.remedy == "apt-get install dnsmasq-base"


def test_port_in_use(tmp_path):
    def inside() -> int:
        with open_tap(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((SERVER_ADDRESS, 53))
            with start_dnsmasq(DhcpPersonality(), tmp_path):
                return 0

    with pytest.raises(Exception, match=r"dnsmasq ended at once(.|\n)*Address already in use") as caught:
        run_in_namespaces(inside)
    assert "another server has port 53 or 67" in caught.value.remedy


def test_ends_at_once_on_a_configuration_that_it_does_not_know(tmp_path):
    def inside() -> int:
        personality = DhcpPersonality(lines=("no-such-option=1",))
        with open_tap(), start_dnsmasq(personality, tmp_path):
            return 0

    with pytest.raises(Exception, match=r"dnsmasq ended at once \(exit status 1\)(.|\n)*no-such-option|bad option"):
        run_in_namespaces(inside)


def _fake_dnsmasq(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = directory / "dnsmasq"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")


def _refuse_to_start(directory: Path, message: str, deadline: Deadline | None = None) -> None:
    def inside() -> int:
        with start_dnsmasq(DhcpPersonality(), directory, deadline=deadline):
            return 0

    with pytest.raises(RigError, match=message):
        run_in_namespaces(inside)


def test_ends_at_once_without_a_word(tmp_path, monkeypatch):
    _fake_dnsmasq(tmp_path, "exit 7", monkeypatch)
    _refuse_to_start(tmp_path, r"^dnsmasq ended at once \(exit status 7\)$")


def test_never_gets_ready(tmp_path, monkeypatch):
    _fake_dnsmasq(tmp_path, "echo thinking; exec sleep 1000", monkeypatch)
    before = children_of(os.getpid())
    _refuse_to_start(tmp_path, r"^dnsmasq did not start in time: the cell\nthinking$", Deadline.after(0.3, "the cell"))
    assert children_of(os.getpid()) == before


def test_dies_midway(tmp_path):
    async def watch() -> str:
        with open_tap(), start_dnsmasq(DhcpPersonality(), tmp_path) as server:
            watching = asyncio.create_task(server.watch())
            await asyncio.sleep(0)
            os.kill(server.process.pid, 9)
            with pytest.raises(ServiceError) as caught:
                await asyncio.wait_for(watching, 10)
            return str(caught.value)

    message = call_inside(lambda: asyncio.run(watch()))
    assert message.startswith("dnsmasq died midway (exit status -9)")
    assert "started, version" in message


def test_watching_can_be_given_up(tmp_path):
    async def watch() -> int:
        with open_tap(), start_dnsmasq(DhcpPersonality(), tmp_path) as server:
            before = open_descriptors()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(server.watch(), 0.05)
            return len(open_descriptors() - before)

    assert call_inside(lambda: asyncio.run(watch())) == 0


def test_the_server_answers_with_the_taps_address(tmp_path):
    def talk(client: PxeClient) -> object:
        client.request(client.discover())
        return client.resolve(SERVER_ADDRESS).hex(":")

    assert _talk(DhcpPersonality(), tmp_path, talk) == TAP_MAC
