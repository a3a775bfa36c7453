"""What a cell's services serve and its disk holds: files made for this boot, with its nonce."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bootrig.cell import serving
from bootrig.cell.serving import DISK_LENGTH, RunningServices, Served, make_served, start_services
from bootrig.network.addresses import SERVER_ADDRESS
from bootrig.network.errors import ServiceError
from bootrig.network.servers.dnsmasq_lines import dnsmasq_configuration
from bootrig.network.tap import open_tap
from bootrig.scenario.file import load_scenario_family
from bootrig.scenario.platform import probe_build
from firmware.probe.boot.image import MARKER, NONCE_PLACEHOLDER, sum_image
from tests.network.inside import call_inside
from tests.network.requirements import require_namespaces, require_program

NONCE = "fedcba9876543210"
CODE = b"\xea" + MARKER + bytes(4) + b"BOOTRIG " + NONCE_PLACEHOLDER + b" nbp  sum="


@pytest.fixture
def programs(tmp_path: Path) -> Mapping[str, Path]:
    """Probes and a GRUB image, as small as they can be."""
    kept = tmp_path / "programs"
    kept.mkdir()
    contents = {"bios": CODE, "efi": b"MZ".ljust(0x1000, b"\0") + CODE, "boot/core.0": b"GRUB"}
    for name, content in contents.items():
        (kept / name.replace("/", "-")).write_bytes(content)
    return {name: kept / name.replace("/", "-") for name in contents}


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    """The attempt's directory."""
    directory = tmp_path / "cell"
    directory.mkdir()
    return directory


def serve(name: str, programs: Mapping[str, Path], cell: Path, firmware: str = "seabios") -> Served:
    (scenario,) = load_scenario_family(name)
    return make_served(scenario, firmware, programs, NONCE, cell)


def test_a_probe_carries_the_nonce_and_its_sum_is_known(programs: Mapping[str, Path], cell: Path) -> None:
    served = serve("pxe-tftp", programs, cell)
    content = (cell / "tftp" / "nbp.0").read_bytes()
    assert NONCE.encode() in content
    assert len(content) == 512
    assert served == Served(None, frozenset({sum_image(content)}))
    assert [path.name for path in cell.iterdir()] == ["tftp"]


def test_a_probe_has_the_length_that_the_scenario_gives_it(programs: Mapping[str, Path], cell: Path) -> None:
    serve("nbp-sizes[16k]", programs, cell)
    assert (cell / "tftp" / "nbp.0").stat().st_size == 16384


def test_a_disk_s_boot_sector_is_a_probe(programs: Mapping[str, Path], cell: Path) -> None:
    served = serve("no-boot-file", programs, cell)
    assert served.disk is not None
    content = served.disk.read_bytes()
    assert len(content) == DISK_LENGTH
    assert content[510:512] == b"\x55\xaa"
    assert f"{NONCE} disk".encode() in content[:512]
    assert not any(content[512:])
    assert served.sums == {sum_image(content[:512])}
    assert list((cell / "tftp").iterdir()) == []


def test_texts_carry_the_nonce_and_folders_are_made(programs: Mapping[str, Path], cell: Path) -> None:
    serve("grub", programs, cell)
    folder = cell / "tftp" / "boot"
    assert f"echo grub-configuration {NONCE}\n" in (folder / "grub.cfg").read_text()
    assert (folder / "core.0").read_bytes() == b"GRUB"
    assert (folder / "probe.0").read_bytes()[510:512] == b"\x55\xaa"


def test_files_over_http(programs: Mapping[str, Path], cell: Path) -> None:
    serve("script[ipxe]", programs, cell)
    assert (cell / "http" / "nbp.0").stat().st_size == 2048
    assert (cell / "tftp" / "boot.ipxe").read_text().startswith("#!ipxe\n")


def test_the_uefi_probe_under_ovmf(programs: Mapping[str, Path], cell: Path) -> None:
    served = serve("efi-tftp", programs, cell, "ovmf")
    content = (cell / "tftp" / "probe.efi").read_bytes()
    assert content.startswith(b"MZ")
    assert served.sums == {sum_image(content)}


@pytest.mark.parametrize(
    ("firmware", "build"), [("seabios", "bios"), ("ovmf", "efi"), ("built:ovmf-mine", "efi"), ("built:mine", "bios")]
)
def test_which_probe_runs(firmware: str, build: str) -> None:
    assert probe_build(firmware) == build


@pytest.mark.parametrize(
    ("name", "lines", "absent"),
    [
        ("pxe-tftp", [f'dhcp-boot="nbp.0",,{SERVER_ADDRESS}', "enable-ra"], "option-force"),
        ("pxe-tftp-options[no-header]", ['dhcp-option-force=67,"nbp.0"'], "dhcp-boot"),
        ("pxe-tftp-options[file]", ['dhcp-option-force=67,"nbp.0"'], "force=66"),
        ("no-ra", [f'dhcp-boot="nbp.0",,{SERVER_ADDRESS}'], "enable-ra"),
        ("no-boot-file", ["enable-ra"], "nbp"),
    ],
)
def test_the_dhcp_server_s_personality(name: str, lines: list[str], absent: str) -> None:
    (scenario,) = load_scenario_family(name)
    configuration = dnsmasq_configuration(scenario.services["dhcp"])
    assert set(lines) <= set(configuration.splitlines())
    assert absent not in configuration


@pytest.mark.rig
def test_every_service_of_a_scenario_is_started_and_told(programs: Mapping[str, Path], cell: Path) -> None:
    require_namespaces()
    require_program("dnsmasq")
    serve("script[ipxe]", programs, cell)
    (scenario,) = load_scenario_family("script[ipxe]")

    async def start() -> list[list[str]]:
        async with start_services(scenario, cell) as services:
            assert len(services.watches) == 3
            return [[told.name, told.kind, told.server, told.version] for told in services.describe(scenario, ())]

    def inside() -> list[list[str]]:
        with open_tap():
            return asyncio.run(start())

    told = call_inside(inside)
    assert [words[:3] for words in told] == [
        ["http", "http", "aiohttp"],
        ["dhcp", "dhcp", "dnsmasq"],
        ["tftp", "tftp", "tftpy"],
    ]
    assert all(version[0].isdigit() for *_, version in told)
    assert {path.name for path in (cell / "logs").iterdir()} == {"dnsmasq.conf", "dnsmasq.log", "tftp.log", "http.log"}


def ask(programs: Mapping[str, Path], cell: Path, hang: Callable[[RunningServices], None]) -> str:
    """Return what is said of the services of a scenario, which are asked whether they live after `hang`."""
    serve("script[ipxe]", programs, cell)
    (scenario,) = load_scenario_family("script[ipxe]")

    async def start() -> str:
        async with start_services(scenario, cell) as services:
            hang(services)
            if hang in (hang_tftp, hang_http, stop_dnsmasq):
                serving.ANSWER_S = SILENCE_S  # in this process, which ends after it
            try:
                return " ".join(sorted(await services.ask_alive()))
            except ServiceError as error:
                return str(error)

    def inside() -> str:
        with open_tap():
            return asyncio.run(start())

    return str(call_inside(inside))


def hang_tftp(services: RunningServices) -> None:
    services.running["tftp"]._accept = lambda _listening: threading.Event().wait(3)  # type: ignore[attr-defined]


def hang_http(services: RunningServices) -> None:
    for server in services.running["http"]._servers:  # type: ignore[attr-defined]
        asyncio.get_running_loop().remove_reader(server.sockets[0].fileno())


ADDRESSES = ("10.0.2.1", "fd00:b007::1")
SILENCE_S = 2.0
NOTHING = f"nothing came within {SILENCE_S:.0f} s"


def stop_dnsmasq(services: RunningServices) -> None:
    os.kill(services.running["dhcp"].process.pid, signal.SIGSTOP)  # type: ignore[attr-defined]


@pytest.mark.rig
@pytest.mark.parametrize(
    ("hang", "said"),
    [
        (lambda _services: None, "dhcp http tftp"),
        (
            stop_dnsmasq,
            "the dhcp service (dnsmasq) does not answer: "
            + ", ".join(
                f"a {question} ({NOTHING})"
                for question in ("DHCP DISCOVER", *(f"DNS query to {address}" for address in ADDRESSES))
            ),
        ),
        (
            hang_tftp,
            "the tftp service (tftpy) does not answer: "
            + ", ".join(f"a TFTP request to {address} ({NOTHING})" for address in ADDRESSES),
        ),
        (
            hang_http,
            "the http service (aiohttp) does not answer: "
            + ", ".join(f"an HTTP request to {address} ({NOTHING})" for address in ADDRESSES),
        ),
        (
            lambda services: services.running["http"]._servers[1].close(),
            "the http service (aiohttp) does not answer: an HTTP request to fd00:b007::1 "
            "(Connect call failed ('fd00:b007::1', 80, 0, 0))",
        ),
    ],
    ids=["nothing", "dnsmasq stopped", "tftp thread", "http", "one family"],
)
def test_services_are_asked_whether_they_live(
    programs: Mapping[str, Path], cell: Path, hang: Callable[[RunningServices], None], said: str
) -> None:
    require_namespaces()
    require_program("dnsmasq")
    assert ask(programs, cell, hang) == said
