"""What a cell's servers offer and what its disk holds: files made for this cell, with its nonce."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootrig.scenario.errors import CellError
from bootrig.scenario.platform import firmware_family
from bootrig.scenario.scenario import ContentKind, Scenario, ServedFile
from firmware.probe.boot.image import SECTOR_LENGTH, make_bios_probe, make_efi_probe, sum_image

NONCE_WORD = "@nonce@"
DISK_LENGTH = 1 << 20


@dataclass(frozen=True, slots=True)
class Served:
    """The files of a cell.

    Attributes:
        tftp_root: what the TFTP server offers.
        http_root: what the HTTP server offers; None where the scenario has no HTTP server.
        disk: the disk's file; None where the guest has none.
        sums: sums of the probes, any of which a report may show.
    """

    tftp_root: Path
    http_root: Path | None
    disk: Path | None
    sums: frozenset[int]


def probe_kind(platform_firmware: str) -> str:
    """Return which probe runs under a platform firmware: `bios` or `efi`."""
    return "efi" if firmware_family(platform_firmware) == "ovmf" else "bios"


def make_served(
    scenario: Scenario, platform_firmware: str, programs: Mapping[str, Path], nonce: str, directory: Path
) -> Served:
    """Make the files of one cell.

    Args:
        scenario: what is to be served.
        platform_firmware: decides which probe is served.
        programs: assembled probes by kind, GRUB images by name.
        nonce: the run's nonce.
        directory: the cell's run directory.

    Raises:
        CellError: a file of this machine that the scenario serves is missing.
    """
    kind = probe_kind(platform_firmware)
    code = programs[kind].read_bytes()
    sums: set[int] = set()

    def write(root: Path, files: Sequence[ServedFile]) -> Path:
        root.mkdir()
        for served in files:
            path = root / served.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if served.kind is ContentKind.PATH:
                _copy(path, served)
                continue
            content = _make_content(served, code, kind, nonce, programs)
            if served.kind in (ContentKind.PROBE, ContentKind.SECTOR):
                sums.add(sum_image(content))
            path.write_bytes(content)
        return root

    tftp_root = write(directory / "tftp", scenario.tftp)
    http_root = write(directory / "http", scenario.http) if scenario.http else None
    disk = None
    if scenario.disk:
        disk = directory / "disk.img"
        sector = make_bios_probe(programs["bios"].read_bytes(), nonce=nonce, kind="disk", signature=True)
        sums.add(sum_image(sector))
        with disk.open("wb") as stream:
            stream.write(sector)
            stream.truncate(DISK_LENGTH)
    return Served(tftp_root, http_root, disk, frozenset(sums))


def _copy(path: Path, served: ServedFile) -> None:
    """Offer a copy of a file of this machine: a link would lead out of the server's jail."""
    try:
        path.write_bytes(Path(served.path).read_bytes())
    except OSError as error:
        raise CellError(
            f"{served.path}, which the scenario serves as {served.name}, cannot be read: {error.strerror}",
            remedy=f"apt-get install {served.package}" if served.package else "",
        ) from error


def _make_content(served: ServedFile, code: bytes, kind: str, nonce: str, programs: Mapping[str, Path]) -> bytes:
    """Return the content of a served file that is made here."""
    if served.kind is ContentKind.TEXT:
        return served.text.replace(NONCE_WORD, nonce).encode()
    if served.kind is ContentKind.GRUB:
        return programs[served.name].read_bytes()
    if kind == "efi":
        return make_efi_probe(code, nonce=nonce, length=served.length)
    return make_bios_probe(
        code,
        nonce=nonce,
        length=served.length or SECTOR_LENGTH,
        signature=served.kind is ContentKind.SECTOR,
    )
