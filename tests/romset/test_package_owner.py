"""Directories that packages own: asked from dpkg and rpm, where they are."""

from pathlib import Path

import pytest

from bootrig.romset.errors import EmbedRefusedError
from bootrig.romset.package_owner import find_owner, require_unowned

DPKG = """#!/bin/sh
[ "$*" = "--search {directory}" ] || exit 1
echo "diversion by someone from: {directory}"
echo "qemu-system-data, seabios: {directory}"
"""
RPM = """#!/bin/sh
[ "$*" = "--query --file {directory}" ] || {{ echo "file $3 is not owned by any package"; exit 1; }}
echo seabios-bin-1.16
echo ipxe-roms-qemu-2
"""


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    """Let only these programs be on PATH."""
    (tmp_path / "bin").mkdir()
    for name, text in programs.items():
        path = tmp_path / "bin" / name.replace("_", "-")
        path.write_text(text.format(directory=tmp_path / "owned"))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.mark.parametrize(
    ("programs", "owner"),
    [
        ({"dpkg_query": DPKG}, "qemu-system-data, seabios"),
        ({"rpm": RPM}, "seabios-bin-1.16, ipxe-roms-qemu-2"),
        ({"dpkg_query": "#!/bin/sh\nexit 1\n", "rpm": RPM}, "seabios-bin-1.16, ipxe-roms-qemu-2"),
        ({}, ""),
    ],
)
def test_who_owns_a_directory(
    programs: dict[str, str], owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, **programs)
    assert find_owner(tmp_path / "owned") == owner
    assert find_owner(tmp_path / "other") == ""
    (tmp_path / "link").symlink_to("owned")
    assert find_owner(tmp_path / "link") == owner


def test_what_is_owned_is_refused_with_what_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, dpkg_query=DPKG)
    require_unowned(tmp_path / "other")
    with pytest.raises(
        EmbedRefusedError, match=r"belongs to packages, whose next upgrade .*: qemu-system-data, seabios"
    ) as caught:
        require_unowned(tmp_path / "owned")
    assert "-L DIR" in caught.value.remedy
    assert "dpkg-divert" in caught.value.remedy
