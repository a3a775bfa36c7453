"""Probes and GRUB images: small guest programs made on this machine, once, and kept by what they are made from."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources

from bootrig.cache import Room
from bootrig.deadline import Deadline
from bootrig.process import require_tool, run_process
from bootrig.workdir import start_work_directory
from firmware.probe.probe import ProbeBuild
from firmware.probe.registry import require_build

ASSEMBLE_S = 60.0
PROBES, GRUB_IMAGES = Room("probes", 1), Room("grub", 1)


def assemble_probe(name: str) -> bytes:
    """Return the assembled build `name` of a probe, a flat binary whose open fields are not filled in yet.

    Raises:
        ToolMissingError: GNU as or ld is not installed.
        ProcessError: the source does not assemble.
    """
    probe, build = require_build(name)
    return assemble_program(build, resources.files(probe.package).joinpath(build.source).read_text(encoding="utf-8"))


def assemble_program(build: ProbeBuild, source: str) -> bytes:
    """Return the flat binary that `source` is for GNU as, made by the modes and the address of `build`.

    Raises:
        ToolMissingError: GNU as or ld is not installed.
        ProcessError: the source does not assemble.
    """
    return PROBES.obtain([asdict(build), source], lambda: _assemble(build, source))


def _assemble(build: ProbeBuild, source: str) -> bytes:
    deadline = Deadline.after(ASSEMBLE_S, f"assemble the probe {build.name}")
    with start_work_directory("probe") as work:
        (work / "probe.S").write_text(source, encoding="utf-8")
        options = [f"--{build.bits}", "-o", "probe.o", "probe.S"]
        run_process([require_tool("as"), *options], deadline=deadline, directory=work)
        options = ["-m", build.emulation, "-Ttext", hex(build.address), "--oformat", "binary", "-o", "probe.bin"]
        run_process([require_tool("ld"), *options, "probe.o"], deadline=deadline, directory=work)
        return (work / "probe.bin").read_bytes()


def make_grub_image(modules: Sequence[str], prefix: str) -> bytes:
    """Return a PXE image of GRUB for BIOS with `modules` built in, which looks for its configuration in `prefix`.

    Raises:
        ToolMissingError: grub-mkimage is not installed.
        ProcessError: GRUB's modules for BIOS are missing (Debian package grub-pc-bin), or one of them is unknown.
    """
    program = require_tool("grub-mkimage")
    version = run_process([program, "--version"], deadline=Deadline.after(ASSEMBLE_S, "ask GRUB's version")).stdout

    def make() -> bytes:
        with start_work_directory("grub") as work:
            image = work / "core.0"
            run_process(
                [program, "-O", "i386-pc-pxe", "-o", image, "-p", prefix, *modules],
                deadline=Deadline.after(ASSEMBLE_S, "make GRUB's PXE image"),
            )
            return image.read_bytes()

    return GRUB_IMAGES.obtain([version.decode("utf-8", "replace"), prefix, *modules], make)
