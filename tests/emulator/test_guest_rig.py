"""Real guests, and each fake held against the real QEMU."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bootrig.emulator import accelerator as accelerators
from bootrig.emulator.accelerator import choose_accelerator, prove_kvm
from bootrig.emulator.definition.definition import (
    Accelerator,
    AcceleratorKind,
    InstructionCounting,
    MachineDefinition,
    RecordReplay,
    make_virtual_clock,
)
from bootrig.emulator.definition.parts import (
    BlockNode,
    Device,
    make_capture,
    make_disk,
    make_nic,
    make_user_netdev,
)
from bootrig.emulator.errors import (
    CommandError,
    CommandMissingError,
    GuestDiedError,
    GuestHaltedError,
    GuestStartError,
)
from bootrig.emulator.guest.guest import Guest, start_direct_guest
from bootrig.emulator.release.discovery import Emulator, find_platform_firmware
from tests.emulator.conftest import require_emulator

pytestmark = pytest.mark.rig
LIMIT_S = 60.0
MODELS = ("e1000", "e1000e", "i82559er", "ne2k_pci", "pcnet", "rtl8139", "virtio-net-pci", "vmxnet3")
SECTOR = 512
BOOT_SIGNATURE = b"\x55\xaa"
RESET_CODE = bytes.fromhex("ea0000ffff")  # jmp 0xffff:0, the reset vector
READ_CODE = bytes.fromhex("31c08ec0b80102bb007eb90200ba8000cd13ebf2")  # read sector 2 by INT 13h, for ever


@pytest.fixture(
    params=[
        "host",
        *(pytest.param(name, marks=[pytest.mark.slow, pytest.mark.network]) for name in ("qemu-5.2", "qemu-10.0")),
    ]
)
def emulator(request: pytest.FixtureRequest, user_cache: Path) -> Emulator:
    return require_emulator(request.param)


def machine(platform_firmware: str = "seabios", **options: Any) -> MachineDefinition:
    return MachineDefinition(
        machine_type="pc" if platform_firmware == "seabios" else "q35",
        machine_options={"graphics": False},
        platform_firmware=platform_firmware,
        accelerator=make_virtual_clock(),
        **options,
    )


def run_guest(
    emulator: Emulator,
    definition: MachineDefinition,
    directory: Path,
    act: Callable[[Guest], Awaitable[Any]],
    **options: Any,
) -> Any:
    async def run() -> Any:
        async with asyncio.timeout(LIMIT_S), start_direct_guest(emulator, definition, directory, **options) as guest:
            return await act(guest)

    return asyncio.run(run())


async def read_until(guest: Guest, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        content = await guest.console.read()
        assert content, seen
        seen += content
    return seen


def boot_disk(path: Path, code: bytes) -> Path:
    path.write_bytes(code.ljust(SECTOR - 2, b"\0") + BOOT_SIGNATURE + bytes(SECTOR * 63))
    return path


def test_boot_to_the_end_with_the_clock_and_the_console(emulator: Emulator, tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        assert await guest.clock_s() == 0
        assert guest.session.version == emulator.version
        await guest.resume()
        seen = await read_until(guest, b"No bootable device.")
        assert b"SeaBIOS (version" in seen
        while await guest.clock_s() == 0:  # noqa: ASYNC110 - time passes, nothing happens
            await asyncio.sleep(0.01)
        assert [event["event"] for event in guest.events] == ["RESUME"]
        await guest.pause()
        assert (await guest.session.execute("query-status"))["status"] == "paused"
        assert seen in (tmp_path / "console.log").read_bytes()

    run_guest(emulator, machine(), tmp_path, act)


def test_a_picture_of_the_screen_beside_the_console(emulator: Emulator, tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        with pytest.raises(CommandError):
            await guest.session.execute("screendump", {"filename": "/nowhere/at/all"})
        await guest.resume()
        await read_until(guest, b"No bootable device.")
        picture = await guest.take_picture()
        assert (picture.width, picture.height) == (720, 400)
        assert len(set(picture.pixels)) > 1
        assert (await guest.take_picture()).width == 720

    run_guest(emulator, machine().adding(Device("VGA", "screen0", {})), tmp_path, act)


def test_a_slow_reader_changes_nothing(emulator: Emulator, tmp_path: Path) -> None:
    """What a guest prints does not depend on when it is read."""

    async def prompt(guest: Guest) -> bytes:
        await guest.resume()
        return await read_until(guest, b"No bootable device.")

    async def slow(guest: Guest) -> bytes:
        await guest.resume()
        seen = b""
        while b"No bootable device." not in seen:
            time.sleep(0.1)  # noqa: ASYNC251 - nothing else shall run either
            seen += await guest.console.read()
        return seen

    definition = machine().adding(make_user_netdev(), make_nic("e1000", "net0"))
    texts = []
    for number, reader in enumerate((prompt, slow)):
        directory = tmp_path / str(number)
        directory.mkdir()
        text = run_guest(emulator, definition, directory, reader)
        texts.append(text[: text.index(b"No bootable device.")])
        assert (directory / "console.log").read_bytes().startswith(texts[-1])
    assert texts[0] == texts[1]


def test_typing_reaches_the_guest(emulator: Emulator, tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        await guest.resume()
        await read_until(guest, b"Press Ctrl-B")
        guest.console.write(b"\x02")
        await read_until(guest, b"iPXE>")
        guest.console.write(b"ifstat\r")
        await read_until(guest, b"net0: 52:54:00:12:34:56")

    definition = machine().adding(make_user_netdev(), make_nic("e1000", "net0"))
    run_guest(emulator, replace(definition, accelerator=Accelerator(AcceleratorKind.TCG)), tmp_path, act)


def test_rom_evidence_of_all_nic_models(emulator: Emulator, tmp_path: Path) -> None:
    """Every NIC tells its default ROM; the file is the one that the emulator finds in its own directories."""

    async def act(guest: Guest) -> None:
        for model in MODELS:
            rom = await guest.rom_evidence(model)
            assert rom.path is not None
            content = rom.path.read_bytes()
            # eepro100 alone has kept the older name
            assert rom.romfile.startswith("pxe-" if model == "i82559er" else "efi-")
            # on, or (since 9.2) left to the device, which has it on
            assert rom.rombar in (1, -1)
            assert rom.file_length == len(content)
            assert rom.sha256 == hashlib.sha256(content).hexdigest()
            assert rom.rom_bar_length == 1 << (len(content) - 1).bit_length()

    nics = tuple(Device(model, model) for model in MODELS)
    run_guest(emulator, machine(parts=nics), tmp_path, act)


def test_rom_evidence_prefers_the_embedded_set(emulator: Emulator, tmp_path: Path) -> None:
    embedded = tmp_path / "embedded"
    embedded.mkdir()
    content = b"\x55\xaa\x01" + bytes(3 * SECTOR - 3)
    (embedded / "efi-e1000.rom").write_bytes(content)

    async def act(guest: Guest) -> None:
        rom = await guest.rom_evidence("nic0")
        assert (rom.path, rom.sha256) == (embedded / "efi-e1000.rom", hashlib.sha256(content).hexdigest())
        assert (rom.file_length, rom.rom_bar_length) == (3 * SECTOR, 2048)
        none = await guest.rom_evidence("nic1")
        assert (none.romfile, none.path, none.sha256) == ("", None, "")
        with pytest.raises(CommandError, match="nic9"):
            await guest.rom_evidence("nic9")

    nics = (Device("e1000", "nic0"), Device("e1000", "nic1", {"romfile": ""}))
    run_guest(emulator, machine(parts=nics, data_directories=(embedded,)), tmp_path, act)


def test_rom_bar_length_of_a_qemu_without_romsize(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(guest: Guest) -> int:
        real = guest.session.execute

        async def older(command: str, arguments: Any = None, **options: Any) -> Any:
            if arguments and arguments.get("property") == "romsize":
                raise CommandError(command, "GenericError", "Property 'e1000.romsize' not found")
            return await real(command, arguments, **options)

        monkeypatch.setattr(guest.session, "execute", older)
        return (await guest.rom_evidence("nic0")).rom_bar_length

    definition = machine(parts=(Device("e1000", "nic0"),))
    assert run_guest(emulator, definition, tmp_path, act) == 0x40000


def test_ovmf_gets_variables_of_its_own(emulator: Emulator, tmp_path: Path) -> None:
    template = find_platform_firmware(emulator, "ovmf").variables
    assert template is not None
    before = template.read_bytes()

    async def act(guest: Guest) -> None:
        await guest.resume()
        await read_until(guest, b"Boot")

    run_guest(emulator, machine("ovmf"), tmp_path, act)
    assert template.read_bytes() == before
    assert (tmp_path / "variables.fd").stat().st_size == len(before)


def test_resets_are_counted(emulator: Emulator, tmp_path: Path) -> None:
    definition = machine().adding(*make_disk(boot_disk(tmp_path / "disk", RESET_CODE)))

    async def act(guest: Guest) -> int:
        with guest.session.subscribe("RESET") as resets:
            await guest.resume()
            for _ in range(6):
                await resets.get()
        return guest.resets

    assert run_guest(emulator, definition, tmp_path, act) >= 5


def test_halted_by_qemu(emulator: Emulator, tmp_path: Path) -> None:
    """A disk error with `rerror=stop` is the way to make a real QEMU halt its guest."""
    file, raw, device = make_disk(boot_disk(tmp_path / "disk", READ_CODE), rerror="stop")
    broken = BlockNode("blkdebug", "broken", {"image": file.id, "inject-error": [{"event": "read_aio", "sector": 1}]})
    raw = BlockNode("raw", raw.id, {"file": "broken"})

    async def act(guest: Guest) -> None:
        await guest.resume()
        await guest.watch()

    with pytest.raises(GuestHaltedError, match="QEMU halted the guest under tcg: io-error"):
        run_guest(emulator, machine().adding(file, broken, raw, device), tmp_path, act)


def test_qemu_that_ends_at_once(emulator: Emulator, tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        pytest.fail("this guest must not start")

    with pytest.raises(GuestStartError, match=r"QEMU ended at once with exit status 1\n.*'nonesuch' is not a valid"):
        run_guest(emulator, machine(parts=(Device("nonesuch"),)), tmp_path, act)


def test_qemu_that_goes_away(emulator: Emulator, tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        await guest.resume()
        watcher = asyncio.create_task(guest.watch())
        await guest.session.execute("quit")
        await watcher

    with pytest.raises(GuestDiedError, match="QEMU went away with exit status 0"):
        run_guest(emulator, machine(), tmp_path, act)


def test_a_missing_command_is_told_by_the_real_qemu(emulator: Emulator, tmp_path: Path) -> None:
    async def act(guest: Guest) -> None:
        with pytest.raises(CommandMissingError, match=f"no-such-command: QEMU {emulator.version_number}.* has no such"):
            await guest.session.execute("no-such-command")
        with pytest.raises(CommandError, match="GenericError"):
            await guest.session.execute("qom-get", {"path": "/machine", "property": "no-such-property"})

    run_guest(emulator, machine(), tmp_path, act)


def test_capture_and_shutdown_event(emulator: Emulator, tmp_path: Path) -> None:
    captures = make_capture(tmp_path / "wire.pcap", tmp_path / "sent.pcap")
    definition = machine().adding(make_user_netdev(), *captures, make_nic("e1000", "net0"))

    async def act(guest: Guest) -> None:
        with guest.session.subscribe("POWERDOWN") as subscription:
            await guest.resume()
            await guest.session.execute("system_powerdown")
            assert (await subscription.get())["event"] == "POWERDOWN"
            await read_until(guest, b"net0: 10.0.2.15")

    run_guest(emulator, definition, tmp_path, act)
    whole, sent = ((tmp_path / name).stat().st_size for name in ("wire.pcap", "sent.pcap"))
    assert whole > sent > 24


def test_recording_is_possible(emulator: Emulator, tmp_path: Path) -> None:
    record = tmp_path / "boot.rr"

    def definition(mode: RecordReplay) -> MachineDefinition:
        counting = InstructionCounting(10, sleep=True, record_replay=mode, record_file=record)
        return MachineDefinition(
            machine_options={"graphics": False}, accelerator=Accelerator(instruction_counting=counting)
        )

    async def act(guest: Guest) -> bytes:
        await guest.resume()
        return await read_until(guest, b"No bootable device")

    first = run_guest(emulator, definition(RecordReplay.RECORD), tmp_path, act)
    assert record.stat().st_size > 1000
    assert run_guest(emulator, definition(RecordReplay.REPLAY), tmp_path, act)[:100] == first[:100]


def test_the_canary_boots_under_an_accelerator_that_works(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """TCG in KVM's place: the canary itself is sound, so where it fails the accelerator is to blame."""
    monkeypatch.setattr(accelerators, "KVM_DEVICE", Path("/dev/null"))
    monkeypatch.setattr(accelerators, "Accelerator", lambda kind: make_virtual_clock())
    proof = prove_kvm(emulator, again=True)
    assert (proof.works, proof.reason) == (True, "5 canary boots completed")
    monkeypatch.setattr(accelerators, "start_direct_guest", None)
    assert choose_accelerator(emulator, "auto") is AcceleratorKind.KVM
