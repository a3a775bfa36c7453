"""What is left of a firmware's variables."""

import gzip
from pathlib import Path

import pytest

from bootrig.cell import variables
from bootrig.cell.variables import keep_variables
from bootrig.emulator.release.discovery import Emulator, PlatformFirmware

EMULATOR = Emulator("host", ("qemu",), Path("/qemu"), (7, 2, 22), "7.2.22", "ab", ())


@pytest.fixture(autouse=True)
def _firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = tmp_path / "template"
    template.write_bytes(b"\xff" * 1000)
    monkeypatch.setattr(
        variables,
        "find_platform_firmware",
        lambda _emulator, family: PlatformFirmware(family, Path("code"), template if family == "ovmf" else None),
    )


@pytest.mark.parametrize(
    ("family", "before", "after"),
    [
        ("ovmf", b"\xff" * 999 + b"\0", {"variables.fd.gz"}),
        ("ovmf", b"\xff" * 1000, set()),
        ("ovmf", None, set()),
        ("seabios", None, set()),
    ],
)
def test_only_variables_that_were_changed_are_kept(
    family: str, before: bytes | None, after: set[str], tmp_path: Path
) -> None:
    directory = tmp_path / "attempt"
    directory.mkdir()
    if before is not None:
        (directory / "variables.fd").write_bytes(before)
    keep_variables(directory, EMULATOR, family)
    found = {path.name: gzip.decompress(path.read_bytes()) for path in directory.iterdir()}
    assert found == dict.fromkeys(after, before)
