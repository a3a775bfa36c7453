"""Probes and GRUB images: small guest programs made on this machine, once, and kept by what they are made from."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from bootrig.cache import obtain_file
from bootrig.deadline import Deadline
from bootrig.process import require_tool, run_process
from bootrig.workdir import start_work_directory

ASSEMBLE_S = 60.0
CACHE_ROOM = "probes"

_LINKS = {
    "bios": ("--32", "elf_i386", "0x7c00"),
    "efi": ("--64", "elf_x86_64", "0"),
}


def assemble_probe(kind: str) -> Path:
    """Return the assembled probe `kind` (`bios` or `efi`), a flat binary whose open fields are not filled in yet.

    Raises:
        ToolMissingError: GNU as or ld is not installed.
        ProcessError: the source does not assemble.
    """
    source = resources.files("firmware.probe").joinpath(f"{kind}.S").read_text(encoding="utf-8")
    return obtain_file(CACHE_ROOM, [kind, source, _LINKS[kind]], lambda: _assemble(kind, source))


def _assemble(kind: str, source: str) -> bytes:
    bits, emulation, address = _LINKS[kind]
    deadline = Deadline.after(ASSEMBLE_S, f"assemble the {kind} probe")
    with start_work_directory("probe") as work:
        (work / "probe.S").write_text(source, encoding="utf-8")
        run_process([require_tool("as"), bits, "-o", "probe.o", "probe.S"], deadline=deadline, directory=work)
        link = ["-m", emulation, "-Ttext", address, "--oformat", "binary", "-o", "probe.bin", "probe.o"]
        run_process([require_tool("ld"), *link], deadline=deadline, directory=work)
        return (work / "probe.bin").read_bytes()


def make_grub_image(modules: Sequence[str], prefix: str) -> Path:
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

    return obtain_file(CACHE_ROOM, ["grub", version.decode("utf-8", "replace"), prefix, *modules], make)
