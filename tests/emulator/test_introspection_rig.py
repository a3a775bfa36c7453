"""What a real QEMU says about itself, and the small one of the tests held against it."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import dpkt
import jsonschema  # type: ignore[import-untyped]
import pytest

from bootrig.emulator.definition.definition import MachineDefinition, make_virtual_clock
from bootrig.emulator.definition.json_schema import load_json_schema
from bootrig.emulator.definition.parts import (
    BlockNode,
    Device,
    Netdev,
    QomObject,
    make_capture,
    make_disk,
    make_nic,
    make_user_netdev,
)
from bootrig.emulator.errors import GuestDiedError
from bootrig.emulator.guest.configuration import add_root_ports, split_for_qmp
from bootrig.emulator.guest.guest import Guest, start_direct_guest
from bootrig.emulator.release.discovery import find_host_emulator
from bootrig.emulator.schema import introspection as introspections
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.emulator.schema.shapes import Catalog, Object
from tests.emulator.small_qemu import INTROSPECTION, small_catalog
from tests.emulator.test_check import expected_messages, problems_of
from tests.emulator.wrong_definitions import GOOD, WRONG
from tests.requirements import miss

pytestmark = pytest.mark.rig
LIMIT_S = 60.0


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(load_introspection(find_host_emulator()))


def test_the_answers_are_remembered(monkeypatch: pytest.MonkeyPatch, catalog: Catalog) -> None:
    monkeypatch.setattr(introspections, "introspect", None)
    again = load_introspection(find_host_emulator())
    assert again.digest == catalog.introspection.digest
    assert len(again.devices) > 100
    assert "pc" in again.machines


def test_a_right_definition(tmp_path: Path, catalog: Catalog) -> None:
    assert problems_of(GOOD, tmp_path, catalog) == []


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_definition(name: str, tmp_path: Path, catalog: Catalog) -> None:
    """The real QEMU, with more of everything, gives the same messages as the small one."""
    messages = expected_messages(name, catalog)
    if name == "accelerator" and "kvm" not in catalog.introspection.accelerators:
        miss("a QEMU that was built with KVM")
    assert sorted(problems_of(WRONG[name][0], tmp_path, catalog)) == sorted(messages)


def test_the_small_qemu_is_like_the_real_one(catalog: Catalog) -> None:
    small = small_catalog()
    for name, properties in INTROSPECTION.devices.items():
        real = catalog.introspection.devices[name]
        for property_name, item in properties.items():
            # the words by which references are known; QEMU has changed others
            if item.description.startswith(("ID of", "Node name")):
                assert real[property_name].description == item.description, (name, property_name)
    for command in ("netdev_add", "blockdev-add", "chardev-add", "object-add"):
        compare_shapes(small, small.arguments_of(command), catalog, catalog.arguments_of(command), command)


def compare_shapes(small: Catalog, ours: Object, catalog: Catalog, real: Object, place: str) -> None:
    assert set(ours.members) <= set(real.members), place
    assert ours.tag == real.tag, place
    for name, member in ours.members.items():
        assert real.members[name].required == member.required, (place, name)
        inner, outer = small.resolve(member.type), catalog.resolve(real.members[name].type)
        assert type(inner) is type(outer), (place, name)
        if isinstance(inner, Object) and isinstance(outer, Object):
            compare_shapes(small, inner, catalog, outer, f"{place}.{name}")
    for word in ours.variants:
        variant, counterpart = small.variant(ours, word), catalog.variant(real, word)
        assert variant is not None
        assert counterpart is not None, (place, word)
        compare_shapes(small, variant, catalog, counterpart, f"{place}({word})")


def test_the_json_schema_of_a_real_qemu() -> None:
    schema = load_json_schema(find_host_emulator())
    jsonschema.Draft202012Validator.check_schema(schema)
    references: set[str] = set()
    json.dumps(schema, default=str)
    collect_references(schema, references)
    assert references <= {f"#/$defs/{name}".replace("<", "%3C").replace(">", "%3E") for name in schema["$defs"]}


def collect_references(value: Any, references: set[str]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            references.add(value["$ref"])
        for inner in value.values():
            collect_references(inner, references)
    elif isinstance(value, list):
        for inner in value:
            collect_references(inner, references)


def test_a_type_that_ends_qemu_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that is QEMU's last costs that answer only."""
    real_ask = introspections._Questioner.ask

    async def ask(self: Any, command: str, **arguments: Any) -> Any:
        if arguments.get("typename") == "e1000":
            await real_ask(self, "quit")
            while True:
                await real_ask(self, "query-status")
        return await real_ask(self, command, **arguments)

    monkeypatch.setattr(introspections._Questioner, "ask", ask)
    found = asyncio.run(introspections.introspect(find_host_emulator()))
    assert found.devices["e1000"] == {}
    assert "QEMU went away" in found.unasked["e1000"]
    assert "romfile" in found.devices["rtl8139"]
    monkeypatch.setattr(introspections, "DEATH_LIMIT", -1)
    with pytest.raises(GuestDiedError):
        asyncio.run(introspections.introspect(find_host_emulator()))


def boot(definition: MachineDefinition, directory: Path, by_qmp: Catalog | None) -> tuple[bytes, set[int]]:
    """Boot to the end and return the console and the lengths of the frames.

    The guest's clock does not wait for QEMU's own servers: on a busy machine it asks them again, and prints more dots.
    """

    async def run() -> bytes:
        async with (
            asyncio.timeout(LIMIT_S),
            start_direct_guest(find_host_emulator(), definition, directory, configure_by_qmp=by_qmp) as guest,
        ):
            await guest.resume()
            return await read_to_the_end(guest)

    async def read_to_the_end(guest: Guest) -> bytes:
        seen = b""
        while b"No bootable device." not in seen:
            seen += await guest.console.read()
        return seen

    console, _, _ = asyncio.run(run()).partition(b"No bootable device.")
    with (directory / "wire.pcap").open("rb") as stream:
        return re.sub(rb"\.+", b".", console), {len(frame) for _, frame in dpkt.pcap.Reader(stream)}


@pytest.mark.parametrize(("machine", "model"), [("pc", "e1000"), ("pc", "virtio-net-pci"), ("q35", "e1000e")])
def test_configured_by_qmp_the_boot_is_the_same(
    machine: str, model: str, tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bytes, set[int]]] = []
    for name, by_qmp in (("command-line", None), ("qmp", catalog)):
        directory = tmp_path / name
        directory.mkdir()
        (directory / "disk").write_bytes(bytes(1 << 20))
        definition = MachineDefinition(
            machine_type=machine, machine_options={"graphics": False}, accelerator=make_virtual_clock()
        ).adding(
            make_user_netdev(tftp=str(tmp_path), bootfile="missing"),
            *make_capture(directory / "wire.pcap", directory / "sent.pcap"),
            make_nic(model, "net0", bootindex=1),
            *make_disk(directory / "disk", bootindex=2),
        )
        definition = add_root_ports(definition, catalog)
        seen.append(boot(definition, directory, by_qmp))
    assert seen[0] == seen[1]
    assert len(seen[0][1]) > 3


def test_what_qmp_can_take_and_what_not(tmp_path: Path, catalog: Catalog) -> None:
    definition = MachineDefinition(machine_type="q35").adding(
        make_user_netdev(),
        *make_capture(tmp_path / "w", tmp_path / "s"),
        make_nic("e1000e", "net0"),
        *make_disk(tmp_path / "a"),
        *make_disk(tmp_path / "b", id="disk1", driver="virtio-blk-pci"),
    )
    cold, hot = split_for_qmp(add_root_ports(definition, catalog), catalog)
    assert [device.type for device in cold.of_kind(Device)] == ["pcie-root-port", "ide-hd", "pcie-root-port"]
    assert [device.type for device in hot.of_kind(Device)] == ["e1000e", "virtio-blk-pci"]
    assert [node.id for node in cold.of_kind(BlockNode)] == ["disk0-file", "disk0-raw"]
    assert [node.id for node in hot.of_kind(BlockNode)] == ["disk1-file", "disk1-raw"]
    assert [item.id for item in hot.of_kind(QomObject)] == ["dump0", "dump0-sent"]
    assert cold.of_kind(Netdev) == ()
    pc = MachineDefinition().adding(make_user_netdev(), make_nic("e1000", "net0"))
    assert add_root_ports(pc, catalog) is pc
