"""The table of NIC models."""

from firmware.nic import NIC_MODELS, NIC_VARIANTS, ROM_STEMS, find_models_of_rom, find_nic_model, find_rom_stem


def test_order_and_names() -> None:
    assert list(NIC_MODELS) == [
        "e1000",
        "e1000e",
        "i82559er",
        "ne2k_pci",
        "pcnet",
        "rtl8139",
        "virtio-net-pci",
        "vmxnet3",
    ]
    assert ROM_STEMS == ("e1000", "e1000e", "eepro100", "ne2k_pci", "pcnet", "rtl8139", "virtio", "vmxnet3")
    assert NIC_MODELS["virtio-net-pci"].default_rom == "efi-virtio.rom"
    assert NIC_MODELS["i82559er"].default_rom == "pxe-eepro100.rom"
    assert NIC_MODELS["e1000e"].pci_ids == (0x8086, 0x10D3)


def test_find() -> None:
    assert find_nic_model("virtio-net-pci-non-transitional") is NIC_VARIANTS["virtio-net-pci-non-transitional"]
    assert find_nic_model("tulip") is None
    models = find_models_of_rom("virtio")
    assert models[0].qom_type == "virtio-net-pci"
    assert {model.device_id for model in models} == {0x1000, 0x1041}
    assert find_models_of_rom("e100") == ()


def test_the_rom_of_pci_ids() -> None:
    known = {(0x8086, 0x100E): "e1000", (0x8086, 0x1209): "eepro100", (0x1AF4, 0x1041): "virtio"}
    assert {ids: find_rom_stem(*ids) for ids in known} == known
    assert find_rom_stem(0x1050, 0x0940) == "ne2k_pci"
    assert find_rom_stem(0x10EC, 0x8168) is None
