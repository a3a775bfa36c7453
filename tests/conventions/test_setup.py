"""ci/setup: what it installs, says and remembers, with apt, pip and Python played by scripts on PATH."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootrig.network.services.content.path import HostFile
from bootrig.process import DEBIAN_PACKAGES
from bootrig.scenario.file import iter_scenarios
from tests.conventions.tracked import ROOT, iter_sources

NOBODY = 65534

# answers -c and --version; makes environments; its pip makes bin/bootrig, where there is a `gate` after reading it
PYTHON = r"""
case "$1 $2" in
--version*) echo "Python 3.12.0" ;;
"-c "*) ;;
"-m venv")
    echo "venv $4" >>"$STAGE/log"
    mkdir -p "$4/bin" && rm -f "$4/.unfinished" "$4"/.bootrig-*
    cp "$0" "$4/bin/python"
    echo "#!$4/bin/python" >"$4/bin/pip" ;;
"-m pip")
    echo "pip ${!#}" >>"$STAGE/log"
    if [ -e "$STAGE/gate" ]; then echo >"$STAGE/arrived"; read -r _ <"$STAGE/gate"; fi
    if [ -e "$STAGE/pip-fails" ]; then echo "no such index"; exit 1; fi
    printf '#!/bin/sh\necho "bootrig $*"\n' >"$(dirname "$0")/bootrig"
    chmod +x "$(dirname "$0")/bootrig" ;;
esac
"""
APT_GET = r"""
echo "apt-get $*" >>"$STAGE/log"
if [ -e "$STAGE/apt-fails" ]; then echo "E: unable to fetch"; exit 100; fi
found=
for word; do
    if [ "$found" ] && [ "${word#-}" = "$word" ]; then echo "$word" >>"$STAGE/installed"; fi
    if [ "$word" = install ]; then found=1; fi
done
"""
DPKG_QUERY = r"""sed 's/.*/installed & /' "$STAGE/installed" """


@dataclass(frozen=True, slots=True)
class Stage:
    """A checkout and a machine on which ci/setup plays."""

    root: Path
    checkout: Path

    def add_program(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def install(self, *packages: str) -> None:
        with (self.root / "installed").open("a", encoding="utf-8") as stream:
            stream.writelines(f"{package}\n" for package in packages)

    def command(self, *argv: str, as_nobody: bool = False) -> list[str]:
        words = [str(self.checkout / argv[0]), *argv[1:]]
        if as_nobody and os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.root], check=True)
            words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *words]
        return words

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/bin",
            "STAGE": str(self.root),
            "LC_ALL": "C.UTF-8",
            **more,
        }

    def call(
        self, *argv: str, as_nobody: bool = False, status: int = 0, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        result = subprocess.run(
            self.command(*argv, as_nobody=as_nobody),
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == status, result.stderr
        return result

    def log(self) -> list[str]:
        path = self.root / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def stage(own_directories: Path) -> Stage:
    """A bare machine: Debian with nothing installed, and a checkout without an environment."""
    root = own_directories / "stage"
    checkout = root / "checkout"
    shutil.copytree(ROOT / "ci", checkout / "ci", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    (root / "bin").mkdir()
    (root / "installed").touch()
    for directory in (own_directories.parent, own_directories):
        directory.chmod(0o755)
    made = Stage(root, checkout)
    made.add_program("python3", PYTHON)
    made.add_program("apt-get", APT_GET)
    made.add_program("dpkg-query", DPKG_QUERY)
    made.add_program("dpkg", "")
    made.add_program("sudo", "exit 1")
    return made


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """A machine on which ci/bootrig has been called once."""
    stage.call("ci/bootrig")
    (stage.root / "log").unlink()
    return stage


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="plays root's part with a false apt-get")


@needs_root
def test_a_bare_machine_is_set_up(stage: Stage) -> None:
    result = stage.call("ci/bootrig", "roms", "--json")
    assert result.stdout == "bootrig roms --json\n"
    assert "set-up: these system packages are missing:\n" in result.stderr
    assert "  qemu-system-x86            the emulator that guests run in\n" in result.stderr
    update, install, venv, pip = stage.log()
    assert update.endswith(" update")
    assert "install --no-install-recommends python3 python3-venv " in install
    assert " gcc" not in install
    assert venv == f"venv {stage.checkout}/.venv"
    assert pip == f"pip {stage.checkout}"


@needs_root
def test_a_second_call_does_and_says_nothing(ready: Stage) -> None:
    result = ready.call("ci/bootrig", "--help")
    assert (result.stdout, result.stderr) == ("bootrig --help\n", "")
    assert ready.log() == []


@needs_root
def test_tests_need_more_than_the_program(ready: Stage) -> None:
    ready.call("ci/setup", "test")
    _, install, pip = ready.log()
    assert install.endswith(
        " gcc libc6-dev liblzma-dev make patch perl xz-utils dpkg-dev git iproute2 shellcheck"
        " libvirt-daemon-driver-qemu libvirt-dev pkg-config python3-dev"
    )
    assert pip == f"pip {ready.checkout}[test,libvirt]"
    assert ready.call("ci/bootrig").stderr == ""


@needs_root
def test_building_needs_packages_only(ready: Stage) -> None:
    ready.call("ci/setup", "build")
    assert [line.split()[0] for line in ready.log()] == ["apt-get", "apt-get"]


@needs_root
def test_a_changed_project_is_installed_again(ready: Stage) -> None:
    with (ready.checkout / "pyproject.toml").open("a", encoding="utf-8") as stream:
        stream.write("\n# another dependency\n")
    ready.call("ci/bootrig")
    assert ready.log() == [f"pip {ready.checkout}"]


@needs_root
def test_an_interrupted_set_up_begins_anew(ready: Stage) -> None:
    (ready.checkout / ".venv" / ".unfinished").touch()
    (ready.checkout / ".venv" / ".bootrig-run").unlink()
    ready.call("ci/bootrig")
    assert ready.log() == [f"venv {ready.checkout}/.venv", f"pip {ready.checkout}"]
    assert not (ready.checkout / ".venv" / ".unfinished").exists()


@needs_root
def test_an_interrupted_dpkg_is_finished_first(stage: Stage) -> None:
    stage.add_program("dpkg", '[ "$1" = --audit ] && echo "half installed"; echo "dpkg $*" >>"$STAGE/log"')
    stage.call("ci/bootrig")
    assert stage.log()[:2] == ["dpkg --audit", "dpkg --configure -a"]


@needs_root
def test_a_checkout_that_was_moved_begins_anew(ready: Stage) -> None:
    moved = Stage(ready.root, ready.root / "elsewhere")
    ready.checkout.rename(moved.checkout)
    moved.call("ci/bootrig")
    assert moved.log() == [f"venv {moved.checkout}/.venv", f"pip {moved.checkout}"]


@needs_root
def test_two_calls_at_once_do_the_work_once(stage: Stage) -> None:
    os.mkfifo(stage.root / "gate")
    os.mkfifo(stage.root / "arrived")
    first, second = (
        subprocess.Popen(
            stage.command("ci/bootrig", name),
            env=stage.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for name in ("first", "second")
    )
    (stage.root / "arrived").read_text()  # one of them is in pip
    (stage.root / "gate").write_text("go\n")
    printed = [process.communicate()[0] for process in (first, second)]
    assert printed == ["bootrig first\n", "bootrig second\n"]
    assert [line.split()[0] for line in stage.log()] == ["apt-get", "apt-get", "venv", "pip"]


def test_without_root_and_sudo_the_command_is_printed(stage: Stage) -> None:
    result = stage.call("ci/bootrig", "roms", as_nobody=True)
    assert "set-up: this is not root, and sudo is not available. As root, run:\n" in result.stderr
    assert "  apt-get update && apt-get install --no-install-recommends python3 python3-venv " in result.stderr
    assert "set-up: going on without them; whatever needs one of them will say so\n" in result.stderr
    assert result.stdout == "bootrig roms\n"
    assert [line.split()[0] for line in stage.log()] == ["venv", "pip"]


def test_in_ci_nothing_is_left_out(stage: Stage) -> None:
    result = stage.call("ci/bootrig", as_nobody=True, status=3, CI="true")
    assert result.stderr.endswith("set-up: cannot go on without them\n")


def test_sudo_is_used_where_it_works(stage: Stage) -> None:
    stage.add_program("sudo", '[ "$1" = -n ] && exit 0; echo "sudo" >>"$STAGE/log"; exec "$@"')
    stage.call("ci/bootrig", as_nobody=True)
    assert [line.split()[0] for line in stage.log()] == ["sudo", "apt-get", "sudo", "apt-get", "venv", "pip"]


@needs_root
def test_an_apt_that_fails_is_told(stage: Stage) -> None:
    (stage.root / "apt-fails").touch()
    result = stage.call("ci/bootrig", status=3)
    assert "E: unable to fetch\n" in result.stderr
    assert "set-up: apt-get failed. By hand: apt-get install --no-install-recommends python3 " in result.stderr


@needs_root
def test_a_pip_that_fails_is_told_and_tried_again(stage: Stage) -> None:
    (stage.root / "pip-fails").touch()
    result = stage.call("ci/bootrig", status=3)
    assert "no such index\nset-up: pip failed; is the package index reachable? (log: " in result.stderr
    (stage.root / "pip-fails").unlink()
    (stage.root / "log").unlink()
    assert stage.call("ci/bootrig", "roms").stdout == "bootrig roms\n"
    assert stage.log() == [f"pip {stage.checkout}"]


def test_an_unknown_profile_is_refused(stage: Stage) -> None:
    result = stage.call("ci/setup", "everything", status=3)
    assert result.stderr == 'set-up: unknown profile "everything"; there are: run, build, test, libvirt\n'


def listed_packages() -> dict[str, set[str]]:
    listed: dict[str, set[str]] = {}
    for line in (ROOT / "ci" / "packages").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            profile, package, reason = line.split(maxsplit=2)
            assert reason
            listed.setdefault(profile, set()).add(package)
    return listed


def test_packages_that_the_program_asks_for_are_listed() -> None:
    """Whatever `require_tool` and the scenarios may find missing, ci/setup installs."""
    source = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in iter_sources("bootrig"))
    tools = set(re.findall(r'require_tool\("([^"]+)"\)', source))
    assert "dnsmasq" in tools
    listed = listed_packages()
    everything = set().union(*listed.values()) | {"coreutils", "util-linux"}
    assert {DEBIAN_PACKAGES.get(tool, tool) for tool in tools} <= everything
    contents = [file.content for scenario in iter_scenarios() for file in scenario.iter_files()]
    served = {content.package for content in contents if isinstance(content, HostFile)} - {""}
    assert served <= listed["run"]
