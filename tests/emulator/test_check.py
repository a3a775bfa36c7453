"""Checking machine definitions: every wrong one with its exact messages, before anything starts."""

import json
import tomllib
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from bootrig.document.errors import DocumentError
from bootrig.emulator.definition.check import check_definition
from bootrig.emulator.definition.definition import DiskSlot, MachineDefinition, NicSlot, make_virtual_clock
from bootrig.emulator.definition.file import encode_definition, load_definition
from bootrig.emulator.definition.json_schema import make_json_schema
from bootrig.emulator.definition.parts import (
    make_capture,
    make_disk,
    make_nic,
    make_tap_netdev,
    make_user_netdev,
)
from bootrig.emulator.schema.shapes import Catalog
from tests.emulator.small_qemu import small_catalog
from tests.emulator.wrong_definitions import GOOD, WRONG

# Faults that JSON Schema cannot express: names that refer to each other, accelerators that go together.
BEYOND_SCHEMA = {
    "unused-netdev",
    "unused-chardev",
    "unused-blockdev",
    "duplicate-ids",
    "the-rigs-own-chardev",
    "dangling-references",
    "used-twice",
    "slots",
    "disk-driver",
    "a-nic-on-the-rigs-lan",
    "processor-properties",
    "accelerator",
}


def problems_of(text: str, directory: Path, catalog: Catalog) -> list[str]:
    """Return the messages for a definition, with their key paths."""
    path = directory / "guest.toml"
    path.write_text(text)
    try:
        load_definition(path, catalog)
    except DocumentError as error:
        return [f"{problem.key_path}: {problem.message}" for problem in error.problems]
    return []


def expected_messages(name: str, catalog: Catalog) -> list[str]:
    version = catalog.introspection.version_text.partition(" ")[0]
    return [message.replace("{version}", version) for message in WRONG[name][1]]


def test_a_right_definition(tmp_path: Path) -> None:
    assert problems_of(GOOD, tmp_path, small_catalog()) == []


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_definition(name: str, tmp_path: Path) -> None:
    catalog = small_catalog()
    assert sorted(problems_of(WRONG[name][0], tmp_path, catalog)) == sorted(expected_messages(name, catalog))


@pytest.mark.parametrize("name", sorted(WRONG))
def test_the_json_schema_says_the_same(name: str) -> None:
    validator = jsonschema.Draft202012Validator(make_json_schema(small_catalog()))
    assert validator.is_valid(tomllib.loads(WRONG[name][0])) == (name in BEYOND_SCHEMA)


def test_the_json_schema_is_one_and_takes_the_right_definition() -> None:
    schema = make_json_schema(small_catalog())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "bootrig machine definition for QEMU 7.2.22 (small)"
    jsonschema.Draft202012Validator(schema).validate(tomllib.loads(GOOD))


def test_values_made_in_python_are_right(tmp_path: Path) -> None:
    definition = MachineDefinition(machine_options={"graphics": False}, accelerator=make_virtual_clock()).adding(
        make_tap_netdev(7),
        *make_capture(tmp_path / "wire.pcap", tmp_path / "sent.pcap"),
        make_nic("e1000", "net0", bootindex=1),
        *make_disk(tmp_path / "disk"),
    )
    assert check_definition(definition, small_catalog()) == ()
    assert (
        check_definition(definition.adding(make_user_netdev(id="idle")), small_catalog())[0].key_path == "netdev[1].id"
    )


def test_definitions_round_trip_through_json(tmp_path: Path) -> None:
    path = tmp_path / "guest.toml"
    path.write_text(GOOD)
    definition = load_definition(path)
    copy = tmp_path / "guest.json"
    copy.write_text(json.dumps(encode_definition(definition)))
    assert load_definition(copy, small_catalog()) == definition
    recorded = MachineDefinition().adding(make_user_netdev(), make_nic("e1000", "net0"))
    copy.write_text(json.dumps(encode_definition(recorded)))
    assert load_definition(copy) == recorded


SLOTS = """
summary = "mine"
[machine]
uuid = "00112233-4455-6677-8899-aabbccddeeff"
[nic]
addr = "0x3"
[disk]
driver = "virtio-blk-pci"
bootindex = 7
serial = "x"
"""


def test_slots_and_identity_are_read_and_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "guest.toml"
    path.write_text(SLOTS)
    definition = load_definition(path, small_catalog())
    assert definition.nic == NicSlot(None, {"addr": "0x3"})
    assert definition.disk == DiskSlot("virtio-blk-pci", 7, {"serial": "x"})
    assert (definition.summary, definition.uuid) == ("mine", "00112233-4455-6677-8899-aabbccddeeff")
    copy = tmp_path / "guest.json"
    copy.write_text(json.dumps(encode_definition(definition)))
    assert load_definition(copy) == definition
    jsonschema.Draft202012Validator(make_json_schema(small_catalog())).validate(tomllib.loads(SLOTS))


def test_a_file_without_slots_has_those_of_always(tmp_path: Path) -> None:
    path = tmp_path / "guest.toml"
    path.write_text("")
    definition = load_definition(path)
    assert (definition.nic, definition.disk) == (NicSlot(1, {}), DiskSlot("ide-hd", 2, {}))
    assert definition.uuid == "6d1f0a52-93c4-4b1e-8a07-b005c0ffee12"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[machine]\nuuid = "1"\n', 'machine.uuid: found a string "1", expected a UUID in lower case'),
        ('[nic]\nbootindex = "1"\n', 'nic.bootindex: found a string "1", expected an integer'),
        ("[disk]\nbootindex = -1\n", "disk.bootindex: found -1, expected at least 0"),
        ("[disk]\ndriver = 1\n", "disk.driver: found an integer 1, expected a string"),
    ],
)
def test_slots_that_are_wrong(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "guest.toml"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load_definition(path)
    assert str(caught.value) == f"guest.toml has 1 problem:\n  {path}: {problem}"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("guest.json", "{", "is not JSON: Expecting property name"),
        ("guest.json", "[]", "is not an object"),
        ("guest.toml", "[", "is not TOML"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DocumentError, match=message):
        load_definition(path)
    path.unlink()
    with pytest.raises(DocumentError, match="cannot be read: No such file or directory"):
        load_definition(path)
