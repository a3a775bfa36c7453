"""What a cell's servers offer: files made for this cell, with its nonce."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from bootrig.scenario.errors import CellError

from bootrig.cell.serving import DISK_LENGTH, Served, make_served, probe_kind
from bootrig.network.addresses import SERVER_ADDRESS
from bootrig.network.servers.personality import dnsmasq_configuration
from bootrig.scenario.scenario import ContentKind, Scenario, ServedFile, load_scenario_family
from firmware.probe.boot.image import MARKER, NONCE_PLACEHOLDER, sum_image

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


def serve(scenario: Scenario | str, programs: Mapping[str, Path], directory: Path, firmware: str = "seabios") -> Served:
    if isinstance(scenario, str):
        (scenario,) = load_scenario_family(scenario)
    cell = directory / "cell"
    cell.mkdir()
    return make_served(scenario, firmware, programs, NONCE, cell)


def test_a_probe_carries_the_nonce_and_its_sum_is_known(programs: Mapping[str, Path], tmp_path: Path) -> None:
    served = serve("pxe-tftp", programs, tmp_path)
    content = (served.tftp_root / "nbp.0").read_bytes()
    assert NONCE.encode() in content
    assert len(content) == 512
    assert served.sums == {sum_image(content)}
    assert (served.http_root, served.disk) == (None, None)


def test_a_probe_has_the_length_that_the_scenario_gives_it(programs: Mapping[str, Path], tmp_path: Path) -> None:
    served = serve("nbp-sizes[16k]", programs, tmp_path)
    assert (served.tftp_root / "nbp.0").stat().st_size == 16384


def test_a_disk_s_boot_sector_is_a_probe(programs: Mapping[str, Path], tmp_path: Path) -> None:
    served = serve("no-boot-file", programs, tmp_path)
    assert served.disk is not None
    content = served.disk.read_bytes()
    assert len(content) == DISK_LENGTH
    assert content[510:512] == b"\x55\xaa"
    assert f"{NONCE} disk".encode() in content[:512]
    assert not any(content[512:])
    assert served.sums == {sum_image(content[:512])}
    assert list(served.tftp_root.iterdir()) == []


def test_texts_carry_the_nonce_and_folders_are_made(programs: Mapping[str, Path], tmp_path: Path) -> None:
    served = serve("grub", programs, tmp_path)
    assert f"echo grub-configuration {NONCE}\n" in (served.tftp_root / "boot" / "grub.cfg").read_text()
    assert (served.tftp_root / "boot" / "core.0").read_bytes() == b"GRUB"
    sector = (served.tftp_root / "boot" / "probe.0").read_bytes()
    assert sector[510:512] == b"\x55\xaa"


def test_files_over_http(programs: Mapping[str, Path], tmp_path: Path) -> None:
    served = serve("script[ipxe]", programs, tmp_path)
    assert served.http_root is not None
    assert (served.http_root / "nbp.0").stat().st_size == 2048
    assert (served.tftp_root / "boot.ipxe").read_text().startswith("#!ipxe\n")


def test_the_uefi_probe_under_ovmf(programs: Mapping[str, Path], tmp_path: Path) -> None:
    served = serve("efi-tftp", programs, tmp_path, "ovmf")
    content = (served.tftp_root / "probe.efi").read_bytes()
    assert content.startswith(b"MZ")
    assert served.sums == {sum_image(content)}


@pytest.mark.parametrize(
    ("firmware", "kind"), [("seabios", "bios"), ("ovmf", "efi"), ("built:ovmf-mine", "efi"), ("built:mine", "bios")]
)
def test_which_probe_runs(firmware: str, kind: str) -> None:
    assert probe_kind(firmware) == kind


def with_path(path: str, package: str) -> Scenario:
    (scenario,) = load_scenario_family("pxe-tftp")
    return replace(scenario, tftp=(ServedFile("a", ContentKind.PATH, path=path, package=package),))


def test_a_file_of_this_machine_is_copied(programs: Mapping[str, Path], tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    served = serve(with_path(str(tmp_path / "link"), ""), programs, tmp_path)
    assert (served.tftp_root / "a").read_text() == "x"
    assert not (served.tftp_root / "a").is_symlink()


@pytest.mark.parametrize(("package", "remedy"), [("pxelinux", "apt-get install pxelinux"), ("", "")])
def test_a_file_of_this_machine_is_missing(
    package: str, remedy: str, programs: Mapping[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(CellError) as caught:
        serve(with_path("/nothing", package), programs, tmp_path)
    assert str(caught.value) == "/nothing, which the scenario serves as a, cannot be read: No such file or directory"
    assert caught.value.remedy == remedy


@pytest.mark.parametrize(
    ("name", "lines", "absent"),
    [
        ("pxe-tftp", [f"dhcp-boot=nbp.0,,{SERVER_ADDRESS}", "enable-ra"], "option-force"),
        ("pxe-tftp-options[no-header]", ["dhcp-option-force=67,nbp.0"], "dhcp-boot"),
        ("pxe-tftp-options[file]", ["dhcp-option-force=67,nbp.0"], "force=66"),
        ("no-ra", [f"dhcp-boot=nbp.0,,{SERVER_ADDRESS}"], "enable-ra"),
        ("no-boot-file", ["enable-ra"], "nbp"),
    ],
)
def test_the_dhcp_server_s_personality(name: str, lines: list[str], absent: str) -> None:
    (scenario,) = load_scenario_family(name)
    configuration = dnsmasq_configuration(scenario.dhcp.personality)
    assert set(lines) <= set(configuration.splitlines())
    assert absent not in configuration
