"""What keeps a cell's NIC and disk out of a guest."""

from pathlib import Path
from typing import Any

import pytest

from bootrig.cell.machine import make_definition
from bootrig.cell.slots import OWN_IDS, iter_slot_faults
from bootrig.document.toml import Document
from bootrig.emulator.definition.file import read_definition
from tests.cell.test_machine import make_cell
from tests.emulator.small_qemu import small_catalog


def faults(guest: dict[str, Any], *nic_models: str, has_disk: bool = True) -> list[str]:
    definition = read_definition(Document(Path("guest.toml"), guest).root)
    models = nic_models or ("e1000",)
    return [
        str(fault) for fault in iter_slot_faults(definition, small_catalog(), models, {"seabios"}, has_disk=has_disk)
    ]


@pytest.mark.parametrize(
    "guest",
    [
        {},
        {"nic": {}, "disk": {}},
        {"nic": {"addr": "0x3", "rombar": 0, "bootindex": 7}, "disk": {"driver": "virtio-blk-pci"}},
        {"device": [{"driver": "rtl8139", "bootindex": 3}, {"driver": "rtl8139", "id": "second"}]},
        {"nic": {}, "device": [{"driver": "rtl8139", "bootindex": 1}]},
    ],
)
def test_a_guest_into_which_a_cell_s_parts_fit(guest: dict[str, Any]) -> None:
    assert faults(guest) == []


def test_a_key_of_the_nic_is_judged_by_the_models_that_are_tried() -> None:
    nic = {"mitigation": True, "bootindx": 1, "rombar": "off"}
    assert faults({"nic": nic}, "e1000", "rtl8139") == [
        'nic.bootindx: e1000 of QEMU 7.2.22 has no such property; did you mean "bootindex"?',
        'nic.rombar: found a string "off", expected an integer',
        'nic.mitigation: rtl8139 of QEMU 7.2.22 has no such property; did you mean "multifunction"?',
    ]
    assert faults({"nic": {"mitigation": True}}, "e1000", "not-in-this-qemu") == []


def test_a_place_in_the_boot_order_is_taken_once() -> None:
    device = {"driver": "rtl8139", "bootindex": 1}
    assert faults({"device": [device]}) == ["device[0].bootindex: duplicate: 1 is that of the cell's NIC, by [nic]"]
    second = {"device": [{**device, "bootindex": 2}, {**device, "bootindex": 2}]}
    of_disk = "duplicate: 2 is that of the scenario's disk, by [disk]"
    assert faults(second) == [f"device[{index}].bootindex: {of_disk}" for index in (0, 1)]
    assert faults(second, has_disk=False) == ["device[1].bootindex: duplicate: 2 is that of device[0]"]
    both = {"nic": {"bootindex": 5}, "disk": {"bootindex": 5}}
    assert faults(both) == ["disk.bootindex: duplicate: 5 is that of the cell's NIC, by [nic]"]
    assert faults(both, has_disk=False) == []


def test_what_a_cell_decides_is_not_passed_over() -> None:
    guest = {
        "machine": {"platform_firmware": "ovmf"},
        "accelerator": {"options": {"thread": "single"}},
        "clock": {"base": "2001-01-01T00:00:00"},
    }
    assert faults(guest) == [
        "accelerator: the cell decides it: --accelerator, and the scenario's clock",
        "clock: every cell begins at the same date",
        "machine.platform_firmware: the scenario decides it, and boots with seabios",
    ]
    assert faults({"machine": {"platform_firmware": "seabios"}, "accelerator": {"kind": "tcg"}}) == []


def test_ids_of_what_a_cell_adds() -> None:
    guest = {"netdev": [{"type": "hubport", "id": "net0", "hubid": 1}], "device": [{"driver": "e1000", "id": "nic0"}]}
    assert faults(guest) == [
        'netdev[0].id: "net0" is what a cell adds; expected another id',
        'device[0].id: "nic0" is what a cell adds; expected another id',
    ]


def test_every_part_that_a_cell_adds_has_such_an_id() -> None:
    parts = make_definition(make_cell(), 5, Path("/disk")).definition.parts
    assert all(part.id in OWN_IDS[part.table] for part in parts)
