"""Probes and GRUB images: small guest programs made on this machine, once, and kept by what they are made from."""

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from bootrig.deadline import Deadline
from bootrig.process import require_tool, run_process
from bootrig.workdir import cache_directory, start_work_directory, write_atomically

ASSEMBLE_S = 60.0

_LINKS = {
    "bios": ("--32", "elf_i386", "0x7c00"),
    "efi": ("--64", "elf_x86_64", "0"),
}


def _kept(kind: str, *parts: bytes) -> Path:
    """Return where the result that is made from `parts` is kept."""
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return cache_directory() / "probes" / f"{kind}-{digest[:32]}"


def assemble_probe(kind: str) -> Path:
    """Return the assembled probe `kind` (`bios` or `efi`), a flat binary whose open fields are not filled in yet.

    Raises:
        ToolMissingError: GNU as or ld is not installed.
        ProcessError: the source does not assemble.
    """
    source = resources.files("firmware.probe").joinpath(f"{kind}.S").read_bytes()
    kept = _kept(kind, source)
    if kept.exists():
        return kept
    bits, emulation, address = _LINKS[kind]
    deadline = Deadline.after(ASSEMBLE_S, f"assemble the {kind} probe")
    with start_work_directory("probe") as work:
        (work / "probe.S").write_bytes(source)
        run_process([require_tool("as"), bits, "-o", "probe.o", "probe.S"], deadline=deadline, directory=work)
        link = ["-m", emulation, "-Ttext", address, "--oformat", "binary", "-o", "probe.bin", "probe.o"]
        run_process([require_tool("ld"), *link], deadline=deadline, directory=work)
        write_atomically(kept, (work / "probe.bin").read_bytes())
    return kept


def make_grub_image(modules: Sequence[str], prefix: str) -> Path:
    """Return a PXE image of GRUB for BIOS with `modules` built in, which looks for its configuration in `prefix`.

    Raises:
        ToolMissingError: grub-mkimage is not installed.
        ProcessError: GRUB's modules for BIOS are missing (Debian package grub-pc-bin), or one of them is unknown.
    """
    program = require_tool("grub-mkimage")
    version = run_process([program, "--version"], deadline=Deadline.after(ASSEMBLE_S, "ask GRUB's version")).stdout
    kept = _kept("grub", version, prefix.encode(), *(module.encode() for module in modules))
    if kept.exists():
        return kept
    with start_work_directory("grub") as work:
        image = work / "core.0"
        run_process(
            [program, "-O", "i386-pc-pxe", "-o", image, "-p", prefix, *modules],
            deadline=Deadline.after(ASSEMBLE_S, "make GRUB's PXE image"),
        )
        write_atomically(kept, image.read_bytes())
    return kept
