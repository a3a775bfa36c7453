"""libvirt without libvirt: the domain that a definition becomes, and its monitor with a scripted libvirt behind it."""

import asyncio
import json
import sys
import time
import types
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bootrig.deadline import Deadline
from bootrig.emulator.definition.definition import MachineDefinition, Processor, make_virtual_clock
from bootrig.emulator.definition.launch import Launch, Launcher
from bootrig.emulator.definition.parts import (
    Netdev,
    make_capture,
    make_disk,
    make_nic,
    make_user_netdev,
)
from bootrig.emulator.errors import (
    CommandDeadlineError,
    CommandError,
    CommandMissingError,
    EmulatorError,
    GuestDiedError,
    LibvirtError,
    PeerError,
    SessionEndedError,
)
from bootrig.emulator.launch import start_guest
from bootrig.emulator.libvirt.domain import QEMU_NAMESPACE, encode_domain
from bootrig.emulator.libvirt.guest import REMEDY, _name_tap, _remedy
from bootrig.emulator.libvirt.transport import LibvirtTransport
from bootrig.emulator.monitor.session import QmpSession, start_session
from bootrig.emulator.release.discovery import Emulator, PlatformFirmware

LIMIT_S = 20.0
EMULATOR = Emulator("host", ("/usr/bin/qemu",), Path("/usr/bin/qemu"), (7, 2, 22), "", "", (Path("/data"),))
SEABIOS = PlatformFirmware("seabios", Path("/bios"), None)
OVMF = PlatformFirmware("ovmf", Path("/code.fd"), Path("/run/variables.fd"))


def make_domain(definition: MachineDefinition, firmware: PlatformFirmware = SEABIOS) -> ET.Element:
    return ET.fromstring(
        encode_domain(
            EMULATOR,
            definition,
            name="qemu",
            program=Path("/usr/bin/qemu"),
            firmware=firmware,
            console=Path("/run/console"),
        )
    )


def passed_words(domain: ET.Element) -> list[str]:
    return [element.attrib["value"] for element in domain.iter(f"{{{QEMU_NAMESPACE}}}arg")]


def test_a_domain() -> None:
    definition = MachineDefinition(
        machine_options={"graphics": False},
        processor=Processor("max", 2, {"x2apic": False}),
        accelerator=make_virtual_clock(),
        data_directories=(Path("/set"),),
    ).adding(
        make_user_netdev(),
        *make_capture(Path("/run/w"), Path("/run/s")),
        make_nic("virtio-net-pci", "net0", bootindex=0, rombar=0, romfile="/x.rom", host_mtu=1400, mrg_rxbuf=False),
        *make_disk(Path("/run/disk"), bootindex=1),
    )
    domain = make_domain(definition)
    assert domain.attrib["type"] == "qemu"
    assert domain.findtext("memory") == "256"
    assert domain.findtext("vcpu") == "2"
    kind = domain.find("os/type")
    assert kind is not None
    assert kind.attrib["machine"] == "pc"
    assert domain.find("os/bios") is not None
    clock = domain.find("clock")
    assert clock is not None
    assert clock.attrib == {"offset": "absolute", "start": "1300188507"}
    interface = domain.find("devices/interface")
    assert interface is not None
    assert [(child.tag, child.attrib) for child in interface] == [
        ("mac", {"address": "52:54:00:12:34:56"}),
        ("model", {"type": "virtio"}),
        ("boot", {"order": "1"}),
        ("rom", {"file": "/x.rom", "bar": "off"}),
        ("alias", {"name": "ua-nic0"}),
        ("address", {"type": "pci", "bus": "0", "slot": "0x02", "function": "0x0"}),
    ]
    override = [element.attrib for element in domain.iter(f"{{{QEMU_NAMESPACE}}}property")]
    assert override == [
        {"name": "netdev", "type": "string", "value": "net0"},
        {"name": "host_mtu", "type": "unsigned", "value": "1400"},
        {"name": "mrg_rxbuf", "type": "bool", "value": "false"},
    ]
    words = passed_words(domain)
    assert words[:8] == ["-L", "/set", "-L", "/data", "-icount", words[5], "-uuid", words[7]]
    assert words[words.index("-cpu") + 1] == "max,x2apic=off"
    assert [word for word in words if word in {"-netdev", "-object", "-blockdev", "-device"}] == [
        "-blockdev",
        "-blockdev",
        "-netdev",
        "-object",
        "-object",
        "-device",
    ]
    # behind the NIC, which libvirt moved from the first place, 0, to its first, 1
    assert json.loads(words[-1]) == {"driver": "ide-hd", "id": "disk0", "drive": "disk0-raw", "bootindex": 2}


def test_a_domain_with_ovmf_and_without_a_rom() -> None:
    definition = MachineDefinition(machine_type="q35", platform_firmware="ovmf").adding(
        make_user_netdev(), make_nic("e1000e", "net0", romfile="", addr="07.1")
    )
    domain = make_domain(definition, OVMF)
    assert domain.findtext("os/loader") == "/code.fd"
    assert domain.findtext("os/nvram") == "/run/variables.fd"
    rom, address = domain.find("devices/interface/rom"), domain.find("devices/interface/address")
    assert rom is not None
    assert rom.attrib == {"enabled": "no"}
    assert address is not None
    assert address.attrib == {"type": "pci", "bus": "0", "slot": "0x07", "function": "0x1"}


class FakeLibvirtError(Exception):
    """What libvirt raises."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self._code = code

    def get_error_code(self) -> int:
        return self._code


class FakeLibvirt:
    """A libvirt whose monitor says what a test tells it to say."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        self.answer = answer
        self.active = True
        self.on_event: Callable[..., None] = lambda *told: None
        self.on_lifecycle: Callable[..., None] = lambda *told: None
        self.registered = 0

    def event(self, name: str, details: str | None = None) -> None:
        self.on_event(None, None, name, 1, 2, details, None)

    def end(self, detail: int) -> None:
        self.active = False
        self.on_lifecycle(None, None, 5, detail, None)

    # libvirt's names, of a domain and a connection
    def isActive(self) -> bool:
        return self.active

    def domainEventRegisterAny(self, domain: Any, number: int, callback: Callable[..., None], opaque: Any) -> int:
        self.on_lifecycle = callback
        self.registered += 1
        return 1

    def domainEventDeregisterAny(self, number: int) -> None:
        self.registered -= 1

    # of the module libvirt_qemu
    def qemuMonitorEventRegister(self, *told: Any) -> int:
        self.on_event = told[3]
        self.registered += 1
        return 2

    def qemuMonitorEventDeregister(self, connection: Any, number: int) -> None:
        self.registered -= 1

    def qemuMonitorCommand(self, domain: Any, message: str, flags: int) -> str:
        command = json.loads(message)
        if command.get("execute") == "query-version":
            return json.dumps({"return": {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": ""}})
        answer = self.answer(command)
        return answer if isinstance(answer, str) else json.dumps(answer)


@pytest.fixture
def with_fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def run(answer: Callable[[dict[str, Any]], Any], act: Callable[[QmpSession, FakeLibvirt], Any]) -> Any:
        fake = FakeLibvirt(answer)
        module = types.SimpleNamespace(
            libvirtError=FakeLibvirtError, VIR_DOMAIN_EVENT_ID_LIFECYCLE=0, VIR_DOMAIN_EVENT_STOPPED=5
        )
        monkeypatch.setitem(sys.modules, "libvirt", module)
        monkeypatch.setitem(sys.modules, "libvirt_qemu", fake)

        async def inner() -> Any:
            transport = LibvirtTransport(fake, fake)

            async def obituary() -> EmulatorError | None:
                return None if transport.lives() else GuestDiedError(f"QEMU went away ({transport.end_reason})")

            deadline = Deadline.after(LIMIT_S, "the fake answers")
            async with asyncio.timeout(LIMIT_S), start_session(transport, deadline, obituary=obituary) as session:
                result = await act(session, fake)
            assert fake.registered == 0
            return result

        return asyncio.run(inner())

    return run


async def ask(session: QmpSession, fake: FakeLibvirt) -> Any:
    return await session.execute("query-status", {"new": "field"})


def test_commands_and_version(with_fake: Callable[..., Any]) -> None:
    async def act(session: QmpSession, fake: FakeLibvirt) -> Any:
        assert session.version == (7, 2, 22)
        return await asyncio.gather(*(session.execute("echo", {"n": number}) for number in range(100)))

    assert with_fake(lambda command: {"return": command["arguments"], "id": "libvirt-9"}, act) == [
        {"n": number} for number in range(100)
    ]


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        ("nonsense", PeerError, "query-status: libvirt's answer is not JSON"),
        ([], PeerError, r"query-status: libvirt's answer is not QMP: \[\]"),
        ({}, PeerError, "query-status: libvirt's answer is not QMP: {}"),
        ({"error": "x"}, PeerError, "query-status: libvirt's answer is not QMP"),
        ({"error": {"class": "GenericError", "desc": "no"}}, CommandError, r"query-status: no \(GenericError\)"),
        ({"error": {"class": "CommandNotFound", "desc": "no"}}, CommandMissingError, "QEMU 7.2.22 has no such command"),
    ],
)
def test_answers_that_are_errors(
    with_fake: Callable[..., Any], answer: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        with_fake(lambda command: answer, ask)


def test_events_reach_subscribers(with_fake: Callable[..., Any]) -> None:
    async def act(session: QmpSession, fake: FakeLibvirt) -> Any:
        with session.subscribe("RESET") as subscription:
            fake.event("STOP")
            fake.event("RESET", '{"guest": true}')
            return await subscription.get()

    assert with_fake(lambda command: {"return": {}}, act) == {
        "event": "RESET",
        "timestamp": {"seconds": 1, "microseconds": 2},
        "data": {"guest": True},
    }


def test_the_domain_ends(with_fake: Callable[..., Any]) -> None:
    def answer(command: dict[str, Any]) -> Any:
        raise FakeLibvirtError("domain is not running", 55)

    async def act(session: QmpSession, fake: FakeLibvirt) -> None:
        fake.end(2)
        with pytest.raises(GuestDiedError, match=r"QEMU went away \(crashed\)"):
            await session.execute("query-status")
        with session.subscribe() as late, pytest.raises(GuestDiedError, match="crashed"):
            await late.get()

    with_fake(answer, act)


def test_libvirt_itself_fails(with_fake: Callable[..., Any]) -> None:
    def answer(command: dict[str, Any]) -> Any:
        raise FakeLibvirtError("internal error", 1)

    with pytest.raises(PeerError, match="query-status: libvirt: internal error"):
        with_fake(answer, ask)


def test_the_domain_is_gone_while_libvirt_does_not_say_so(with_fake: Callable[..., Any]) -> None:
    def answer(command: dict[str, Any]) -> Any:
        raise FakeLibvirtError("no domain", 42)

    with pytest.raises(SessionEndedError, match="the domain went away during query-status: no domain"):
        with_fake(answer, ask)


def test_libvirt_hangs(with_fake: Callable[..., Any]) -> None:
    done: list[None] = []

    def answer(command: dict[str, Any]) -> Any:
        while not done:
            time.sleep(0.01)
        return {"return": {}}

    async def act(session: QmpSession, fake: FakeLibvirt) -> None:
        with pytest.raises(CommandDeadlineError, match="QEMU did not answer query-status in time"):
            await session.execute("query-status", deadline=Deadline.after(0.05, "soon"))
        done.append(None)

    with_fake(answer, act)


def launch() -> None:
    async def run() -> None:
        async with start_guest(Launch(Launcher.LIBVIRT), EMULATOR, MachineDefinition(), Path("/nonesuch")):
            pytest.fail("this guest must not start")

    asyncio.run(run())


def test_libvirt_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    with pytest.raises(LibvirtError, match="libvirt's Python package is not installed") as caught:
        launch()
    assert caught.value.remedy.startswith("install it: ci/setup libvirt, or pip install")


def test_libvirts_complaints_have_remedies() -> None:
    assert _remedy("Failed to parse user 'libvirt-qemu'") == ("as root: useradd --system --user-group libvirt-qemu")
    assert _remedy("no connection driver available for qemu:///embed") == REMEDY
    assert _remedy("out of memory") == ""


def test_a_tap_without_a_descriptor_is_left_alone() -> None:
    for netdev in (make_user_netdev(), Netdev("tap", "net0", {"ifname": "tap0"})):
        assert _name_tap(netdev) is netdev
