"""`bootrig guest` and `bootrig emulators`, without QEMU: a small one's introspection, fakes on PATH."""

import json
import sys
from pathlib import Path

import pytest

from bootrig.cli.main import main
from tests.emulator.fake_qemu import make_fake_qemu
from tests.emulator.small_qemu import INTROSPECTION
from tests.emulator.wrong_definitions import GOOD, WRONG


@pytest.fixture(autouse=True)
def small_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The host's QEMU is a fake that says nothing, and what it says about itself is that of the small one."""
    path = make_fake_qemu(tmp_path, "exits")
    monkeypatch.setenv("BOOTRIG_QEMU", str(path))
    monkeypatch.setattr("bootrig.emulator.schema.introspection.load_introspection", lambda emulator: INTROSPECTION)
    monkeypatch.setattr("bootrig.emulator.definition.json_schema.load_introspection", lambda emulator: INTROSPECTION)
    return path


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, wrong, broken = (tmp_path / f"{name}.toml" for name in ("good", "wrong", "broken"))
    good.write_text(GOOD)
    wrong.write_text(WRONG["wrong-type"][0])
    broken.write_text("[")
    assert main(["guest", "check", str(good)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{good}: correct for QEMU 7.2.22 (small)\n  has of the host: blockdev[0].file: ")
    assert '  has of the host: netdev[0].hostfwd: ports, addresses or files of the host: "tcp::2222-:22"\n' in said
    assert main(["guest", "check", str(good), str(wrong), str(broken)]) == 2
    told = capsys.readouterr()
    assert "wrong.toml has 4 problems:" in told.err
    assert 'device[0].rombar: found a string "1", expected an integer' in told.err
    assert "broken.toml is not TOML" in told.err
    assert "remedy: bootrig guest docs NAME" in told.err
    assert main(["guest", "check", str(tmp_path / "none.toml")]) == 2
    told = capsys.readouterr()
    assert "none.toml cannot be read: No such file" in told.err
    assert "remedy" not in told.err


def test_a_guest_that_has_something_of_the_host_runs_where_that_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = tmp_path / "good.toml"
    good.write_text(GOOD)
    runs = tmp_path / "runs"
    assert main(["guest", "run", str(good), "--runs", str(runs)]) == 2
    told = capsys.readouterr().err
    assert "good.toml gives the guest something of the host:" in told
    assert f'{good}: chardev[0]: what a chardev "file" leads to: "/dev/null"' in told
    assert "remedy: bootrig guest run --allow-host" in told
    assert not runs.exists()
    assert main(["guest", "run", str(good), "--runs", str(runs), "--allow-host"]) == 3  # this QEMU exits at once
    assert f'has of the host: {good}: chardev[0]: what a chardev "file"' in capsys.readouterr().err


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guest", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"].startswith("bootrig machine definition for QEMU 7.2.22")


def test_schema_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guest", "schema", "--diff", "host", "host"]) == 0
    assert capsys.readouterr().out == "from QEMU 7.2.22 (small) to QEMU 7.2.22 (small):\n0 differences\n"
    assert main(["guest", "schema", "--diff", "host", "hots"]) == 2
    assert 'there is no recipe "hots"' in capsys.readouterr().err


def test_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guest", "docs", "file", "rtl8139"]) == 0
    told = capsys.readouterr().out
    assert "chardev file\n" in told
    assert "blockdev file\n" in told
    assert "device rtl8139\n" in told
    assert main(["guest", "docs", "rtl8193"]) == 2
    assert 'QEMU 7.2.22 (small) has no "rtl8193"; did you mean "rtl8139"?' in capsys.readouterr().err
    assert main(["guest", "docs"]) == 2
    assert "no name given" in capsys.readouterr().err
    assert main(["guest", "docs", "--into", str(tmp_path / "docs")]) == 0
    assert (tmp_path / "docs/index.html").is_file()


def test_run_refuses_a_wrong_definition_before_qemu_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG["unknown-device"][0])
    assert main(["guest", "run", str(path), "--runs", str(tmp_path / "runs")]) == 2
    assert "QEMU 7.2.22 has no device 'rtl8193'" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_wrong_script_is_refused_before_qemu_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, script = tmp_path / "guest.toml", tmp_path / "script.toml"
    path.write_text("")
    script.write_text('[[step]]\nexpect = "("\nsend = "\\u4e00"\n[[step]]\nexpct = "a"\n')
    assert main(["guest", "run", str(path), "--script", str(script)]) == 2
    told = capsys.readouterr().err
    assert 'step[0].expect: found "(", which is not a regular expression' in told
    assert "step[0].send: " in told
    assert 'did you mean "expect"' in told


def test_run_with_a_qemu_that_ends_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert main(["guest", "run", str(path), "--runs", str(tmp_path / "runs")]) == 3
    assert "QEMU ended at once with exit status 1\nfake: no such device" in capsys.readouterr().err


def test_run_through_libvirt_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert main(["guest", "run", str(path), "--runs", str(tmp_path / "runs"), "--launcher", "libvirt"]) == 3
    assert "libvirt's Python package is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "verb", [["guest", "run", "empty.toml"], ["run", "ipxe-debian-12"], ["boot", "ipxe-debian-12"]]
)
def test_libvirt_and_configuration_over_qmp_are_refused_before_anything_starts(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--launcher", "libvirt", "--configure-by", "qmp", "--runs", str(tmp_path / "runs")]
    assert main([*verb, *options]) == 2
    assert "libvirt configures QEMU on the command line only" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_emulators(small_qemu: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emulators"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["host", "ready", "7.2.22", "(fake)"]
    assert any(line.startswith("qemu-5.2   not unpacked  QEMU 5.2 as Debian 11 has it") for line in lines)
    assert main(["emulators", "host", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "bootrig-emulators/1"
    (row,) = document["emulators"]
    assert (row["name"], row["state"], row["command"]) == ("host", "ready", [str(small_qemu)])
    small_qemu.unlink()
    assert main(["emulators", "host"]) == 0
    assert capsys.readouterr().out.split()[:2] == ["host", "missing"]
    assert main(["emulators", "host", "--unpack"]) == 3
    assert "which does not exist" in capsys.readouterr().err
    assert main(["emulators", "hst"]) == 2
    assert 'did you mean "host"?' in capsys.readouterr().err
