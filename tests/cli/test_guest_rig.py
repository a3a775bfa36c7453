"""`bootrig guest run` with the real QEMU."""

import re
from pathlib import Path

import pytest

from bootrig.cli.main import main

pytestmark = pytest.mark.rig

DEFINITION = """
[machine]
type = "{machine}"
memory_mib = 128
options = {{ graphics = false }}
[accelerator]
instruction_counting = {{ shift = 8 }}
[[netdev]]
type = "user"
id = "net0"
[[device]]
driver = "e1000"
id = "nic0"
netdev = "net0"
"""


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("way", ["command-line", "qmp"])
def test_run_until_a_text(machine: str, way: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "guest.toml"
    path.write_text(DEFINITION.format(machine=machine))
    words = ["guest", "run", str(path), "--runs", str(tmp_path / "runs"), "--configure-by", way]
    assert main([*words, "--until", "net0: 10.0.2.15", "--limit", "60"]) == 0
    told = capfdbinary.readouterr()
    assert re.search(rb"iPXE \(https?://ipxe\.org\)", told.out)
    assert b"found: " in told.err
    (directory,) = (tmp_path / "runs").iterdir()
    assert b"iPXE" in (directory / "console.log").read_bytes()


def test_run_that_does_not_get_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guest.toml"
    path.write_text("")
    words = ["guest", "run", str(path), "--runs", str(tmp_path / "runs")]
    assert main([*words, "--until", "never", "--limit", "0.5"]) == 1
    assert "still running after 0.5 s" in capsys.readouterr().err


SCRIPT = """
[[step]]
expect = "Press Ctrl-B"
send = "\\u0002"
repeat_s = 1
[[step]]
expect = "iPXE> "
send = "ifstat\\r"
[[step]]
expect = "net0: [0-9a-f]{2}:"
"""


def test_run_a_script(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path, script = tmp_path / "guest.toml", tmp_path / "script.toml"
    path.write_text(DEFINITION.format(machine="pc"))
    script.write_text(SCRIPT)
    words = ["guest", "run", str(path), "--runs", str(tmp_path / "runs"), "--limit", "60", "--script", str(script)]
    assert main(words) == 0
    assert b"found: " in capfdbinary.readouterr().err
