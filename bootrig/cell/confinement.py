"""What a cell's own process sees: itself, the emulator with its ROMs, and its attempt's directory."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import bootrig
import firmware
from bootrig.cell.serving import Served, make_served
from bootrig.cell.sharing import Prefix
from bootrig.cell.specification import CellSpecification
from bootrig.confinement.barriers import Barrier
from bootrig.confinement.confinement import Confinement
from bootrig.confinement.entry import Entry
from bootrig.confinement.limits import MIB, Limits
from bootrig.confinement.view import USR, View, see, see_programs, see_system, see_users
from bootrig.deadline import Deadline
from bootrig.emulator.definition.definition import AcceleratorKind
from bootrig.emulator.definition.launch import ConfigureBy, Launcher
from bootrig.emulator.guest.confined import KVM_DEVICE, iter_emulator_mounts
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.emulator.schema.shapes import Catalog
from bootrig.jsonfile import load_json, write_json
from bootrig.network.namespace import run_in_namespaces
from bootrig.network.services.registry import find_programs
from bootrig.network.tap import open_device
from bootrig.process import start_process
from bootrig.workdir import start_work_directory

PROBE_PROGRAM = USR / "bin/true"
PROBE_MEMORY = 512 * MIB
PROBE_S = 10.0


@dataclass(slots=True)
class Prepared:
    """What is made ready for a boot with the caller's rights, before it runs confined.

    Attributes:
        served: the files that its services serve.
        catalog: what the emulator says about itself, where the guest is configured over QMP.
        entry: the way into its namespaces; None for a cell that is not confined.
        device: the descriptor of the device that makes taps; None where it is still to be opened.
        prefix: what the guest goes on from; None for a cold boot.
    """

    served: Served | None = None
    catalog: Catalog | None = None
    entry: Entry | None = None
    device: int | None = None
    prefix: Prefix | None = None

    @property
    def lacking(self) -> Sequence[str]:
        """What of the cell's confinement there is not."""
        if self.entry is None:
            return [barrier.because("libvirt starts the guest") for barrier in Barrier]
        return self.entry.lacking

    def open_device(self) -> None:
        """Open the device that makes taps, in the namespaces and with the caller's id."""
        self.device = open_device()


def prepare(specification: CellSpecification, prepared: Prepared) -> None:
    """Make ready what a boot needs.

    Raises:
        ServiceError: a file of this machine that the scenario serves is missing.
        EmulatorError: QEMU does not answer.
    """
    if specification.missing_roms:
        return
    prepared.served = make_served(
        specification.scenario,
        specification.firmware_name,
        specification.programs,
        specification.nonce,
        specification.directory,
    )
    prepare_entry(specification, prepared)


def prepare_entry(specification: CellSpecification, prepared: Prepared) -> None:
    """Make ready what QEMU and the way into the cell's namespaces need.

    Raises:
        EmulatorError: QEMU does not answer.
    """
    if specification.launch.configure_by is ConfigureBy.QMP:
        prepared.catalog = Catalog(load_introspection(specification.emulator))
    # libvirt needs much of the machine
    if specification.launch.launcher is not Launcher.LIBVIRT:
        prepared.entry = Entry(make_view(specification), specification.directory, prepared.open_device)


def make_view(specification: CellSpecification) -> View:
    """Return what the cell's own process sees."""
    has_kvm = specification.clock.accelerator == AcceleratorKind.KVM
    python, read = make_python_view(), [specification.data_directory, specification.platform_firmware_file]
    return View(
        mounts=(
            *python.mounts,
            *iter_emulator_mounts(specification.emulator, specification.guest),
            *see(*(path for path in read if path is not None and path.exists())),
            *see_programs(*find_programs(specification.scenario.services)),
            *(see(KVM_DEVICE) if has_kvm else ()),
            *see(specification.directory, is_writable=True),
        ),
        links=python.links,
        has_processes=True,
    )


def make_python_view() -> View:
    """Return what this Python and its programs see of the machine, whatever the cell."""
    system = see_system()
    return View((*system.mounts, *see_users(), *see(*_iter_python())), system.links)


def probe_confinement() -> tuple[str, ...]:
    """Return what this machine does not allow of confinement, by confining a cell that boots nothing.

    Raises:
        NamespaceError: it allows none of it.
        ConfinementError: a program cannot be confined.
    """
    with start_work_directory("confinement") as directory:
        python, told = make_python_view(), directory / "lacking.json"
        view = View((*python.mounts, *see(directory, is_writable=True)), python.links, has_processes=True)
        entry = Entry(view, directory, lambda: None)
        confinement = Confinement(see_system(), Limits(PROBE_MEMORY))

        def inside() -> int:
            with start_process([PROBE_PROGRAM], output=directory / "log", confinement=confinement) as process:
                write_json(told, [*entry.lacking, *process.lacking])
            return 0

        run_in_namespaces(inside, deadline=Deadline.after(PROBE_S, "trying confinement"), entry=entry)
        return tuple(load_json(told, list[str]))


def _iter_python() -> Iterator[Path]:
    """Yield where this Python finds its modules, some of which it imports only when it needs them."""
    private = {Path("/"), Path.cwd(), Path(os.path.expanduser("~"))}  # noqa: PTH111 - it never fails
    searched = [path for path in map(Path, sys.path) if path.is_absolute() and path not in private]
    own = [Path(package.__file__ or "").parent for package in (bootrig, firmware)]
    for path in dict.fromkeys([Path(sys.base_prefix), Path(sys.prefix), *searched, *own]):
        if os.access(path, os.R_OK) and not path.is_relative_to(USR) and not USR.is_relative_to(path):
            yield path
