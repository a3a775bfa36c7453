"""`bootrig run` on networks that are not what the scenario says: the rig is broken, no ROM is blamed."""

import os
from pathlib import Path

import pytest

from bootrig.process import require_tool
from tests.cli.command import run_command
from tests.network.requirements import require_program

PXE = "pxe-tftp"
TITLE = f"{PXE}/e1000/pc/seabios/host: the dhcp service (dnsmasq) does not do what its table says: "


def make_dnsmasq(directory: Path, edit: str) -> dict[str, str]:
    """Return an environment whose dnsmasq is the real one, after `edit` by sed of its configuration."""
    directory.mkdir()
    program = directory / "dnsmasq"
    real = require_tool("dnsmasq")
    program.write_text(f'#!/bin/sh\nsed -i \'{edit}\' "${{2#--conf-file=}}"\nexec {real} "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


@pytest.mark.rig
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (r"s/,,10\.0\.2\.1$/,,10.0.2.9/", "next_server means 10.0.2.1, and frame {frame} has 10.0.2.9"),
        ("s/nbp/other/", 'boot_file (header) means "nbp.0", and frame {frame} has "other.0"'),
        (
            "s/^host-record=.*/host-record=server.bootrig.test,10.0.2.1/",
            "AAAA of server.bootrig.test means fd00:b007::1, and an answer from inside the namespace has nothing",
        ),
    ],
    ids=["siaddr", "boot file", "names"],
)
def test_a_dhcp_server_that_says_something_else(edit: str, message: str, tmp_path: Path) -> None:
    require_program("dnsmasq")
    words = ("run", "ipxe-debian-12", "--nic", "e1000", "--machine", "pc", "--scenario", PXE, "--runs", "runs")
    ended = run_command(tmp_path, *words, environment=make_dnsmasq(tmp_path / "bin", edit))
    assert ended.status == 3
    before, _, after = message.partition("{frame}")
    (line,) = (line for line in ended.err.splitlines() if TITLE in line)
    said = line.partition(TITLE)[2]
    assert said.startswith(before)
    assert said.endswith(after)
