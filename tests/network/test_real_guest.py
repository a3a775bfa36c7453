"""The fake PXE client against a real one: QEMU with the ROM that its package brings."""

import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bootrig.network.addresses import GUEST_ADDRESS, GUEST_MAC, SERVER_ADDRESS
from bootrig.network.capture import decode_capture
from bootrig.network.servers.dnsmasq import start_dnsmasq
from bootrig.network.servers.personality import DhcpPersonality
from bootrig.network.servers.tftp import TftpConfiguration, start_tftp
from bootrig.network.tap import open_tap
from bootrig.process import require_tool, small_environment
from bootrig.trace.events import Dhcp, Event, Other, TftpError, TftpOptions, TftpRequest, TftpTransfer
from tests.network.frames import EPOCH_S
from tests.network.inside import call_inside
from tests.network.pxe_client import PxeClient
from tests.network.requirements import require_file, require_namespaces, require_program

pytestmark = pytest.mark.rig

PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")
LDLINUX = Path("/usr/lib/syslinux/modules/bios/ldlinux.c32")
NONCE = b"nonce-20110315"
# what SeaBIOS says once the ROM has given up
GIVEN_UP = b"No bootable device"
WALL_S = 60.0
TRIES = 5


@pytest.fixture(autouse=True)
def _possible() -> None:
    require_namespaces()
    for program in ("dnsmasq", "qemu-system-x86_64"):
        require_program(program)
    for path in (PXELINUX, LDLINUX):
        require_file(path)


@pytest.fixture
def root(tmp_path) -> Path:
    root = tmp_path / "root"
    (root / "pxelinux.cfg").mkdir(parents=True)
    shutil.copy(PXELINUX, root)
    shutil.copy(LDLINUX, root)
    (root / "pxelinux.cfg" / "default").write_text(f"SAY {NONCE.decode()}\nDEFAULT x\nLABEL x\nLOCALBOOT -1\n")
    return root


def _boot_guest(tap: int, run_directory: Path) -> bytes:
    """Boot until PXELINUX says the nonce; return the console.

    Its clock does not wait for the servers: where they answer too late, because the host is busy, it gives up and boots
    again.
    """
    for _ in range(TRIES):
        console = _boot_once(tap, run_directory)
        if NONCE in console:
            break
    return console


def _boot_once(tap: int, run_directory: Path) -> bytes:
    arguments = [
        *("-M", "pc,graphics=off", "-m", "64", "-nodefaults", "-display", "none", "-serial", "stdio"),
        *("-accel", "tcg", "-icount", "shift=8,sleep=off", "-rtc", "base=2011-03-15T11:28:27,clock=vm"),
        *("-netdev", f"tap,id=n0,fd={tap}", "-device", f"e1000,netdev=n0,mac={GUEST_MAC},bootindex=1"),
        *("-object", f"filter-dump,id=f0,netdev=n0,file={run_directory / 'capture.pcap'}"),
        *("-object", f"filter-dump,id=f1,netdev=n0,file={run_directory / 'sent.pcap'},queue=rx"),
    ]
    console, end = b"", time.monotonic() + WALL_S
    with subprocess.Popen(
        [require_tool("qemu-system-x86_64"), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=small_environment(),
        pass_fds=[tap],
    ) as qemu:
        assert qemu.stdout is not None
        while not any(mark in console for mark in (NONCE, GIVEN_UP)):
            if not select.select([qemu.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            output = os.read(qemu.stdout.fileno(), 65536)
            if not output:
                break
            console += output
        qemu.kill()
    return console


def _with_servers(root: Path, use: Callable[[int], object]) -> Any:
    run_directory = root.parent

    def inside() -> object:
        with (
            open_tap() as tap,
            start_dnsmasq(DhcpPersonality("pxelinux.0"), run_directory),
            start_tftp(TftpConfiguration(root), run_directory),
        ):
            return use(tap)

    return call_inside(inside)


def _course(events: tuple[Event, ...]) -> list[tuple[bool, str]]:
    """Return the course of a boot up to the boot file, by who did what, repetitions left out."""
    course: dict[tuple[bool, str], None] = {}
    for event in events:
        if isinstance(event, (Dhcp, TftpRequest, TftpOptions, TftpTransfer)):
            course[event.from_guest, getattr(event, "message", type(event).__name__)] = None
    return list(course)


COURSE = [
    *((True, "discover"), (False, "offer"), (True, "request"), (False, "ack")),
    *((True, "TftpRequest"), (False, "TftpOptions"), (False, "TftpTransfer")),
]
EAPOL = "888e"
CODES = {53, 55, 57, 60, 61, 77, 93, 94, 97, 175}


def test_a_real_rom_boots_pxelinux(root):
    console = _with_servers(root, lambda tap: _boot_guest(tap, root.parent).decode("latin-1"))
    assert NONCE.decode() in console
    events = decode_capture(root.parent / "capture.pcap", root.parent / "sent.pcap", epoch_s=EPOCH_S).events
    assert _course(events) == COURSE
    discover, offer = (_first(events, message) for message in ("discover", "offer"))
    assert discover.from_guest
    assert 0.0 < discover.guest_s < 600.0
    assert discover.find_text(60) == "PXEClient:Arch:00000:UNDI:002001"
    assert (discover.find_text(77), discover.find_hex(93)) == ("iPXE", "0000")
    assert discover.find_option(175).suboptions
    assert (offer.your_address, offer.boot_file_name) == (GUEST_ADDRESS, "pxelinux.0")
    transfers = {event.file: event for event in events if isinstance(event, TftpTransfer)}
    for path in (PXELINUX, LDLINUX):
        assert (transfers[path.name].bytes, transfers[path.name].completed) == (path.stat().st_size, True)
    assert {event.text for event in events if isinstance(event, TftpError)} == {"File not found"}
    # newer ROMs ask the switch for 802.1X
    assert {event.ethertype for event in events if isinstance(event, Other) and event.reason} <= {EAPOL}


def test_the_fake_client_does_what_the_real_one_does(root):
    def use(tap: int) -> int:
        client = PxeClient(tap)
        client.request(client.discover())
        client.resolve(SERVER_ADDRESS)
        content = client.fetch(SERVER_ADDRESS, b"pxelinux.0", b"blksize", b"1432", b"tsize", b"0")
        assert content == PXELINUX.read_bytes()
        with pytest.raises(FileNotFoundError, match=r"^File not found$"):
            client.fetch(SERVER_ADDRESS, b"missing")
        client.write_captures(root.parent / "fake.pcap", root.parent / "fake-sent.pcap", EPOCH_S)
        return _boot_guest(tap, root.parent).count(NONCE)

    assert _with_servers(root, use) > 0
    fake = decode_capture(root.parent / "fake.pcap", root.parent / "fake-sent.pcap", epoch_s=EPOCH_S).events
    real = decode_capture(root.parent / "capture.pcap", root.parent / "sent.pcap", epoch_s=EPOCH_S).events
    assert _course(fake) == _course(real) == COURSE
    for message, more in (("discover", set()), ("request", {50, 54})):
        fake_codes, real_codes = (
            {option.code for option in _first(events, message).options} for events in (fake, real)
        )
        assert fake_codes == CODES | more
        assert real_codes >= CODES | more
    for events in (fake, real):
        request = next(event for event in events if isinstance(event, TftpRequest))
        assert {"blksize", "tsize"} <= {name for name, _ in request.options}


def _first(events: tuple[Event, ...], message: str) -> Dhcp:
    return next(event for event in events if isinstance(event, Dhcp) and event.message == message)
