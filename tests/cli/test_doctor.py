"""`bootrig doctor`: what is there, what is missing, what brings it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootrig.cli import doctor
from bootrig.cli.doctor import Ability, State, examine, join_remedies
from bootrig.cli.main import main
from bootrig.errors import RigError
from tests.emulator.fake_qemu import make_fake_qemu


def make_program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.rig
def test_a_whole_machine_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["format"] == "bootrig-doctor/1"
    assert facts["ready"]
    states = {ability["name"]: ability["state"] for ability in facts["abilities"]}
    for name in ("Python", "QEMU", "seabios", "ovmf", "tap", "namespaces", "dnsmasq", "as", "ld", "pxelinux.0"):
        assert states[name] == "ok", name
    assert states["KVM"] in {"ok", "no"}
    assert "ipxe-debian-12" in states


@pytest.mark.rig
def test_a_machine_without_qemu_is_not_ready(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(tmp_path / "nothing"))
    assert main(["doctor"]) == 3
    printed = capsys.readouterr()
    assert (
        f"QEMU                   missing  $BOOTRIG_QEMU names {tmp_path}/nothing, which does not exist" in printed.out
    )
    assert "  unset it, or name a qemu-system-x86_64\n" in printed.out
    assert printed.err == "bootrig: this machine cannot compare ROM sets yet, it lacks: QEMU\n"


def test_a_qemu_that_is_none_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(make_program(tmp_path / "qemu", "echo I am a teapot")))
    (ability,) = doctor.iter_emulator_abilities(again=False)
    assert ability.state is State.MISSING
    assert ability.detail.endswith("is not QEMU: --version says 'I am a teapot'")


def test_a_program_tells_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = make_program(tmp_path / "mkrom", "echo 'mkrom (of ours) 3.14-1, for tests'")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert doctor.look_at_program("mkrom") == f"3.14-1 ({program})"


def test_a_missing_program_names_its_package() -> None:
    ability = examine("x", lambda: doctor.look_at_program("no-such-program"), purpose="makes x")
    assert ability == Ability(
        "x", State.MISSING, "no-such-program is not installed", "makes x", "apt-get install no-such-program"
    )
    assert (
        doctor.format_ability(ability) == "x                      missing  no-such-program is not installed (makes x)"
    )


def test_a_program_that_fails_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_program(tmp_path / "mkrom", "exit 7")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ability = examine("mkrom", lambda: doctor.look_at_program("mkrom"), needed=False)
    assert ability.state is State.OPTIONAL
    assert ability.detail.endswith("mkrom failed with exit status 7")


def test_an_old_python_is_missing() -> None:
    with pytest.raises(RigError, match=r"3\.10\.9 is too old, 3\.11 is needed"):
        doctor.look_at_python((3, 10, 9))


def test_a_missing_python_package_is_named() -> None:
    with pytest.raises(RigError, match="not installed: no-such-package") as caught:
        doctor.look_at_packages(("pytest", "no-such-package"))
    assert caught.value.remedy.endswith("-m pip install no-such-package")
    with pytest.raises(RigError, match="not installed: no-such-package") as caught:
        doctor.look_at_packages(("no-such-package",), "pip it")
    assert caught.value.remedy == "pip it"


def test_a_missing_tap_device_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="tun is missing") as caught:
        doctor.look_at_tap(tmp_path / "tun")
    assert caught.value.remedy == "as root: modprobe tun    (a container needs --device /dev/net/tun)"


def test_a_tap_device_that_may_not_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="Is a directory") as caught:
        doctor.look_at_tap(tmp_path)
    assert caught.value.remedy == f"as root: chmod 0666 {tmp_path}    (or run bootrig as root)"


@pytest.mark.rig
def test_namespaces_are_made_without_a_tap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A container without the tun device lacks that alone."""
    monkeypatch.setattr("bootrig.network.tap.TUN_DEVICE", tmp_path / "tun")
    states = {look.__name__: examine("", look).state for look in (doctor.look_at_namespaces, doctor.look_at_tap)}
    assert states == {"look_at_namespaces": State.GOOD, "look_at_tap": State.MISSING}


@pytest.mark.rig
def test_namespaces_that_the_kernel_refuses_are_missing(tmp_path: Path) -> None:
    """In a user namespace that allows no others, where the device can be opened all the same."""
    device = tmp_path / "tun"
    device.touch()
    code = (
        "import json; from pathlib import Path; from bootrig.cli.doctor import *;"
        "Path('/proc/sys/user/max_net_namespaces').write_text('0');"
        f"looks = (look_at_namespaces, partial(look_at_tap, Path({str(device)!r})));"
        "abilities = [examine('', look) for look in looks];"
        "print(json.dumps([[it.state, it.detail, it.remedy] for it in abilities]))"
    )
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    namespaces, tap = json.loads(told.stdout)
    assert namespaces[:2] == ["missing", "cannot make namespaces: unshare: No space left on device"]
    assert "sysctl -w user.max_net_namespaces=15000" in namespaces[2]
    assert tap == ["ok", f"{device}, not tried, as there are no namespaces", ""]


def test_a_file_that_a_scenario_serves_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"pxelinux\.0 is missing") as caught:
        doctor.look_at_file(tmp_path / "pxelinux.0", "pxelinux")
    assert caught.value.remedy == "apt-get install pxelinux"


def test_the_files_of_all_scenarios_are_known() -> None:
    packages = {path.name: package for path, (package, _) in doctor.served_paths().items()}
    assert packages["pxelinux.0"] == "pxelinux"
    assert all(packages.values())


def test_apt_without_mirrors_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bootrig.store.apt import ask_apt  # noqa: PLC0415 - its memory is cleared around this test

    make_program(tmp_path / "apt-get", "exit 0")
    make_program(tmp_path / "apt-config", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ask_apt.cache_clear()
    try:
        with pytest.raises(RigError, match="apt has no http or https mirror; upstream addresses"):
            doctor.look_at_mirror()
    finally:
        ask_apt.cache_clear()


def test_a_broken_recipe_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "roms").mkdir()
    (tmp_path / "roms" / "wrong.toml").write_text("title = [\n", encoding="utf-8")
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    *_, last = doctor.iter_rom_set_abilities()
    assert last.state is State.MISSING
    assert "wrong.toml" in last.detail


def test_remedies_are_joined() -> None:
    abilities = [
        Ability("a", State.GOOD, "", remedy="never shown"),
        Ability("b", State.MISSING, "", remedy="apt-get install qemu-system-x86"),
        Ability("c", State.MISSING, "", remedy="modprobe tun"),
        Ability("d", State.MISSING, "", remedy="apt-get install binutils"),
        Ability("e", State.MISSING, "", remedy="apt-get install binutils"),
        Ability("f", State.OPTIONAL, "", remedy="apt-get install gcc"),
        Ability("g", State.OPTIONAL, ""),
    ]
    assert join_remedies(abilities) == [
        "apt-get install qemu-system-x86 binutils",
        "modprobe tun",
        "apt-get install gcc   # optional",
    ]


def test_what_confinement_lacks_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", str(make_fake_qemu(tmp_path, "hangs")))
    monkeypatch.setattr("bootrig.cell.confinement.probe_confinement", lambda: ("seccomp", "own-proc (masked)"))
    ability = examine("confinement", doctor.look_at_confinement, needed=False)
    assert (ability.state, ability.detail) == (
        State.OPTIONAL,
        "cells run without seccomp, own-proc (masked); they have user-namespace, unprivileged-user, own-root, "
        "emulator-namespace, qemu-sandbox",
    )
    monkeypatch.setattr("bootrig.cell.confinement.probe_confinement", lambda: ())
    assert examine("confinement", doctor.look_at_confinement, needed=False).state is State.GOOD


@pytest.mark.rig
def test_this_machine_confines() -> None:
    assert "seccomp" in doctor.look_at_confinement()
