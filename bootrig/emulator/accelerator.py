"""Which accelerator to use: KVM only after it has proved itself by a canary boot, TCG otherwise.

A `/dev/kvm` that opens proves nothing. Restricted and nested KVMs run most of protected mode and stop at what option
ROMs rely on: flat real mode, mode switches, interrupts that return through both. One stopped only after iPXE had
printed its features, at the first timer interrupt. So the canary is a complete boot: an option ROM boots over QEMU's
built-in network, and the program that it loads prints a word in real mode. The result, good or bad, is remembered for
this machine and this QEMU.
"""

import asyncio
import hashlib
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from bootrig.cache import Room
from bootrig.emulator.definition.definition import Accelerator, AcceleratorKind, MachineDefinition
from bootrig.emulator.definition.launch import AcceleratorWish
from bootrig.emulator.definition.parts import make_nic, make_user_netdev
from bootrig.emulator.errors import AcceleratorError, EmulatorError, PlatformFirmwareMissingError
from bootrig.emulator.guest.guest import Guest, start_direct_guest
from bootrig.emulator.release.discovery import Emulator
from bootrig.process import ToolMissingError
from bootrig.workdir import start_work_directory

KVM_DEVICE = Path("/dev/kvm")
ROOM = Room("accelerators", 1)
CANARY_S = 20.0
# A broken KVM was seen to complete one boot in many.
CANARY_BOOTS = 5
CANARY_NIC = "e1000"
CANARY_ROM = "efi-e1000.rom"
CANARY_FILE = "canary.0"
CANARY_MILESTONE = b"canary-has-sung"
# The NBP: a real mode program that prints the text behind it by INT 10h and halts.
CANARY_CODE = bytes.fromhex(
    "fc"  # cld
    "e80000"  # call next
    "5e"  # next: pop si
    "83c616"  # add si, text - next
    "2eac"  # again: cs lodsb
    "84c0"  # test al, al
    "7409"  # jz end
    "b40e"  # mov ah, 0x0e
    "bb0700"  # mov bx, 7
    "cd10"  # int 0x10
    "ebf1"  # jmp again
    "f4"  # end: hlt
    "ebfd"  # jmp end
)


@dataclass(frozen=True, slots=True)
class AcceleratorProof:
    """Whether an accelerator works, and how that is known."""

    works: bool
    reason: str


def choose_accelerator(emulator: Emulator, wish: str) -> AcceleratorKind:
    """Choose between TCG and KVM, for the wish `auto`, `tcg` or `kvm`; outside of event loops: it may boot the canary.

    Raises:
        AcceleratorError: KVM is asked for and does not work here.
        ValueError: there is no such wish.
    """
    wanted = AcceleratorWish(wish)
    if wanted is AcceleratorWish.TCG:
        return AcceleratorKind.TCG
    proof = prove_kvm(emulator)
    if not proof.works and wanted is AcceleratorWish.KVM:
        raise AcceleratorError(f"KVM does not work here: {proof.reason}", remedy="use --accelerator tcg")
    return AcceleratorKind.KVM if proof.works else AcceleratorKind.TCG


def prove_kvm(emulator: Emulator, *, again: bool = False) -> AcceleratorProof:
    """Say whether KVM runs option ROMs on this machine with this QEMU; remembered, good or bad, until asked `again`."""
    if not os.access(KVM_DEVICE, os.R_OK | os.W_OK):
        why = "may not be opened" if KVM_DEVICE.exists() else "does not exist"
        return AcceleratorProof(works=False, reason=f"{KVM_DEVICE} {why}")
    key = _make_key(emulator)
    known = None if again else ROOM.find_value(key)
    if known is not None:
        return AcceleratorProof(**known)
    proof = AcceleratorProof(works=True, reason=f"{CANARY_BOOTS} canary boots completed")
    for _ in range(CANARY_BOOTS):
        boot = asyncio.run(_boot_canary(emulator))
        if not boot.works:
            proof = boot
            break
    ROOM.keep_value(key, asdict(proof))
    return proof


def revoke_kvm(emulator: Emulator, reason: str) -> None:
    """Remember that KVM broke a guest after all, and why: the next choice is TCG."""
    ROOM.keep_value(_make_key(emulator), asdict(AcceleratorProof(works=False, reason=reason)))


def _make_key(emulator: Emulator) -> list[str]:
    """Return what a proof is valid for: this host, its kernel and processor, this QEMU and the canary's ROM."""
    host = [platform.node(), platform.release(), platform.version(), platform.machine()]
    identity = [str(CANARY_BOOTS), *host, emulator.digest]
    for path in (Path("/etc/machine-id"), Path("/proc/cpuinfo"), emulator.find_data_file(CANARY_ROM)):
        try:
            lines = path.read_bytes().splitlines() if path else []
        except OSError:
            lines = []
        kept = (line for line in lines if not line.startswith((b"cpu MHz", b"bogomips")))
        identity.append(hashlib.sha256(b"\n".join(kept)).hexdigest())
    return identity


async def _boot_canary(emulator: Emulator) -> AcceleratorProof:
    """Boot an option ROM under KVM until the program that it loads has run."""
    if emulator.find_data_file(CANARY_ROM) is None:
        return AcceleratorProof(works=False, reason=f"not proven: {emulator.name} has no {CANARY_ROM} to boot")
    definition = MachineDefinition(
        machine_options={"graphics": False}, memory_mib=64, accelerator=Accelerator(AcceleratorKind.KVM)
    )
    with start_work_directory("canary") as directory:
        served = directory / "tftp"
        served.mkdir()
        (served / CANARY_FILE).write_bytes(CANARY_CODE + CANARY_MILESTONE + bytes(512))
        network = make_user_netdev(tftp=str(served), bootfile=CANARY_FILE, restrict=True)
        definition = definition.adding(network, make_nic(CANARY_NIC, "net0"))
        try:
            async with start_direct_guest(emulator, definition, directory) as guest:
                await guest.resume()
                return await _await_milestone(guest)
        except (ToolMissingError, PlatformFirmwareMissingError):
            raise  # this says nothing about KVM
        except EmulatorError as error:
            return AcceleratorProof(works=False, reason=str(error).partition("\n")[0])


async def _await_milestone(guest: Guest) -> AcceleratorProof:
    watcher = asyncio.create_task(guest.watch())
    reader = asyncio.create_task(guest.console.read_until(CANARY_MILESTONE))
    try:
        await asyncio.wait((watcher, reader), timeout=CANARY_S, return_when=asyncio.FIRST_COMPLETED)
        if watcher.done():
            watcher.result()
        if reader.done() and reader.result():
            return AcceleratorProof(works=True, reason="the canary boot completed")
        return AcceleratorProof(works=False, reason=f"the canary boot did not finish in {CANARY_S:g} s")
    finally:
        for task in (watcher, reader):
            task.cancel()
        await asyncio.gather(watcher, reader, return_exceptions=True)
