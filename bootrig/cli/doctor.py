"""`bootrig doctor`: what this machine can do, what is missing, and what installs it.

A function `look_at_...` returns what there is of a thing, or raises a RigError whose remedy is what brings it.
"""

import argparse
import os
import platform
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from bootrig.cli.documents import print_json
from bootrig.deadline import Deadline
from bootrig.errors import BootrigError, ExitStatus, RigError
from bootrig.process import require_tool, run_process

if TYPE_CHECKING:
    from bootrig.emulator.release.discovery import Emulator

ANSWER_S = 10.0
OLDEST_PYTHON = (3, 11)
GRUB_MODULES = Path("/usr/lib/grub/i386-pc")
PYTHON_PACKAGES = ("aiohttp", "tftpy", "qemu.qmp", "dpkt", "pexpect", "requests", "rich", "python-debian")
APT = "apt-get install "
LIBVIRT_REMEDY = 'ci/setup libvirt   (outside of a checkout: pip install "bootrig[libvirt]")'


class State(StrEnum):
    """Whether this machine has a thing that bootrig uses."""

    GOOD = "ok"
    MISSING = "missing"
    OPTIONAL = "no"


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that this machine can do or cannot do.

    Attributes:
        name: what it is.
        state: `ok`; `missing` where the main job needs it; `no` where only something else would use it.
        detail: version and place, or what is wrong.
        purpose: what it is for, said where it is not there.
        remedy: the command that brings it, or what else to do.
    """

    name: str
    state: State
    detail: str
    purpose: str = ""
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `bootrig doctor` takes."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--again", action="store_true", help="prove KVM by a new canary boot, whatever is remembered")


def run(arguments: argparse.Namespace) -> int:
    """Run `bootrig doctor`.

    Raises:
        RigError: this machine cannot do the main job; the remedy is what to install.
    """
    abilities = []
    for ability in iter_abilities(again=arguments.again):
        abilities.append(ability)
        if not arguments.json:
            print(format_ability(ability), flush=True)
    remedies = join_remedies(abilities)
    missing = [ability.name for ability in abilities if ability.state is State.MISSING]
    if arguments.json:
        print_json("doctor", ready=not missing, remedies=remedies, abilities=abilities)
    else:
        print()
        if remedies:
            print("To get what is not there (as root, where it is apt-get):")
            for remedy in remedies:
                print(f"  {remedy}")
        elif not missing:
            print("Nothing is missing.")
    if missing:
        sys.stdout.flush()
        raise RigError(f"this machine cannot compare ROM sets yet, it lacks: {', '.join(missing)}")
    if not arguments.json:
        print("This machine can boot and compare ROM sets.")
    return ExitStatus.GOOD


def format_ability(ability: Ability) -> str:
    """Return the line that is printed for an ability."""
    purpose = f" ({ability.purpose})" if ability.purpose and ability.state is not State.GOOD else ""
    return f"{ability.name:<22} {ability.state.value:<8} {ability.detail}{purpose}"


def join_remedies(abilities: list[Ability]) -> list[str]:
    """Return the remedies of what is not there, once each, all Debian packages in one command.

    What the main job needs comes first, then what only something else would use.
    """
    remedies = []
    for state in (State.MISSING, State.OPTIONAL):
        wanted = dict.fromkeys(ability.remedy for ability in abilities if ability.state is state and ability.remedy)
        packages = [word for remedy in wanted if remedy.startswith(APT) for word in shlex.split(remedy)[2:]]
        commands = [APT + " ".join(dict.fromkeys(packages))] if packages else []
        commands += [remedy for remedy in wanted if not remedy.startswith(APT)]
        optional = "   # optional" if state is State.OPTIONAL else ""
        remedies += [command + optional for command in commands]
    return remedies


def examine(name: str, look: Callable[[], str], *, needed: bool = True, purpose: str = "") -> Ability:
    """Return whether a thing is there: what `look` says of it, or the error that it raises, with its remedy."""
    try:
        return Ability(name, State.GOOD, look())
    except BootrigError as error:
        state = State.MISSING if needed else State.OPTIONAL
        detail = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return Ability(name, state, detail, purpose, error.remedy)


def iter_abilities(*, again: bool = False) -> Iterator[Ability]:
    """Examine this machine, one thing after the other."""
    from bootrig.network.services.registry import find_services

    yield examine("Python", look_at_python)
    yield examine("Python packages", look_at_packages)
    yield from iter_emulator_abilities(again=again)
    yield examine("namespaces", look_at_namespaces)
    yield examine("tap", look_at_tap)
    yield examine("confinement", look_at_confinement, needed=False, purpose="holds guests whose ROMs mean harm")
    programs = (program for service in find_services().values() for program in service.programs)
    for program in dict.fromkeys(programs):
        yield examine(program, partial(look_at_program, program))
    for program in ("as", "ld"):
        yield examine(program, partial(look_at_program, program), purpose="makes the probes")
    yield examine("grub-mkimage", look_at_grub, purpose="the scenario grub")
    for path, (package, scenarios) in sorted(served_paths().items()):
        yield examine(path.name, partial(look_at_file, path, package), purpose=f"scenario {', '.join(scenarios)}")
    optional: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("gcc", partial(look_at_program, "gcc"), "builds ROMs from source"),
        ("make", partial(look_at_program, "make"), "builds ROMs from source"),
        ("ccache", partial(look_at_program, "ccache"), "builds ROMs again without compiling what is as it was"),
        ("mmdebstrap", partial(look_at_program, "mmdebstrap"), "unpacks other QEMU releases"),
        ("libvirt", partial(look_at_packages, ("libvirt-python",), LIBVIRT_REMEDY), "starts guests through libvirt"),
        ("mirrors of apt", look_at_mirror, "a way to Debian's ROM sets"),
    )
    for name, look, purpose in optional:
        yield examine(name, look, needed=False, purpose=purpose)
    yield from iter_rom_set_abilities()


def iter_emulator_abilities(*, again: bool) -> Iterator[Ability]:
    """Examine QEMU, its accelerator and its platform firmware."""
    from bootrig.emulator.accelerator import prove_kvm
    from bootrig.emulator.release.discovery import find_host_emulator, find_platform_firmware

    found: list[Emulator] = []

    def look_at_qemu() -> str:
        found.append(find_host_emulator())
        return f"{found[0].version_number} ({found[0].executable})"

    def look_at_kvm() -> str:
        proof = prove_kvm(found[0], again=again)
        if not proof.works:
            raise RigError(f"{proof.reason}; boots in real time run under TCG, which is always there")
        return f"proven: {proof.reason}; confirms in real time, boots by --accelerator kvm"

    def look_at_firmware(name: str) -> str:
        return str(find_platform_firmware(found[0], name).code)

    yield examine("QEMU", look_at_qemu)
    if found:
        yield examine("KVM", look_at_kvm, needed=False)
        for name in ("seabios", "ovmf"):
            yield examine(name, partial(look_at_firmware, name))


def iter_rom_set_abilities() -> Iterator[Ability]:
    """Examine which ROM sets can be booted without fetching anything."""
    from bootrig.recipe.path import RecipeKind
    from bootrig.recipe.recipe import load_all
    from bootrig.recipe.roms import load_rom_recipe
    from bootrig.romset.importing import store_state
    from bootrig.store.content import Store

    recipes, broken = load_all(RecipeKind.ROMS, load_rom_recipe)
    for recipe in recipes:
        state = store_state(recipe, Store.default())
        there = state == "in the store"
        yield Ability(recipe.name, State.GOOD if there else State.OPTIONAL, f"ROM set, {state}")
    for error in broken:
        yield Ability("recipe", State.MISSING, str(error).partition("\n")[0], remedy=error.remedy)


def look_at_python(version: tuple[int, ...] = sys.version_info[:3]) -> str:
    """Return which Python runs this."""
    text = ".".join(str(number) for number in version)
    if version < OLDEST_PYTHON:
        raise RigError(f"{text} is too old, 3.11 is needed", remedy="apt-get install python3")
    return f"{text} ({sys.executable})"


def look_at_packages(names: tuple[str, ...] = PYTHON_PACKAGES, remedy: str = "") -> str:
    """Return the versions of Python packages; what brings them is pip, where no `remedy` says another way."""
    versions, missing = [], []
    for name in names:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        words = shlex.join([sys.executable, "-m", "pip", "install", *missing])
        raise RigError(f"not installed: {', '.join(missing)}", remedy=remedy or words)
    return textwrap.shorten(", ".join(versions), 80, placeholder=" ...")


def look_at_program(name: str) -> str:
    """Return the version and place of a program."""
    program = require_tool(name)
    told = run_process([program, "--version"], deadline=Deadline.after(ANSWER_S, f"ask {name} for its version")).stdout
    first_line = told.decode("utf-8", "replace").partition("\n")[0]
    words = [word.strip("(),") for word in first_line.split()]
    version = next((word for word in words if word[:1].isdigit()), platform.system())
    return f"{version} ({program})"


def look_at_file(path: Path, package: str) -> str:
    """Return the place of a file, which is in a Debian package."""
    if not path.is_file():
        raise RigError(f"{path} is missing", remedy=f"{APT}{package}" if package else "")
    return str(path)


def look_at_namespaces() -> str:
    """Return which namespaces cells get, by making some."""
    from bootrig.network.namespace import run_in_namespaces

    run_in_namespaces(lambda: 0, deadline=Deadline.after(ANSWER_S, "making namespaces"))
    return "user, network, PID and mount namespaces"


def look_at_confinement() -> str:
    """Return what is between guests and this machine, by confining a program; what it lacks is an error."""
    from bootrig.cell.confinement import probe_confinement
    from bootrig.confinement.barriers import Barrier, find_held
    from bootrig.emulator.release.discovery import find_host_emulator
    from bootrig.network.permission import find_forbidding_switch

    lacking = probe_confinement()
    if not find_host_emulator().has_sandbox:
        lacking = (*lacking, Barrier.QEMU_SANDBOX)
    held = ", ".join(find_held(lacking))
    if lacking:
        raise RigError(f"cells run without {', '.join(lacking)}; they have {held}", remedy=find_forbidding_switch())
    return held


def look_at_tap(device: Path | None = None) -> str:
    """Return the device that makes taps and in which way cells get one in namespaces of their own, by making one."""
    from bootrig.network.errors import NamespaceError
    from bootrig.network.namespace import probe_namespaces
    from bootrig.network.tap import TUN_DEVICE, open_device

    path = device or TUN_DEVICE
    os.close(open_device(path))
    try:
        return f"{path}, by way of {probe_namespaces(path)}"
    except NamespaceError:
        return f"{path}, not tried, as there are no namespaces"


def look_at_grub() -> str:
    """Return the version of GRUB whose network boot image for BIOS guests can be made."""
    told = look_at_program("grub-mkimage")
    look_at_file(GRUB_MODULES / "pxe.mod", "grub-pc-bin")
    return told


def look_at_mirror() -> str:
    """Return how many mirrors apt knows, from which Debian's ROM sets can be fetched."""
    from bootrig.store.apt import ask_apt

    mirrors = ask_apt()
    if not mirrors.addresses:
        raise RigError(f"{mirrors.failure}; upstream addresses and imported files remain")
    return f"{len(mirrors.addresses)} known"


def served_paths() -> dict[Path, tuple[str, list[str]]]:
    """Return the files of this machine that scenarios serve: their Debian package, and the scenarios that name them."""
    from bootrig.network.services.content.path import HostFile
    from bootrig.scenario.file import iter_scenarios

    paths: dict[Path, tuple[str, list[str]]] = {}
    for scenario in iter_scenarios():
        for served in scenario.iter_files():
            if isinstance(served.content, HostFile):
                paths.setdefault(served.content.path, (served.content.package, []))[1].append(scenario.name)
    return paths
