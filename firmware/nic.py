"""The NIC models of QEMU that have a default option ROM, with their PCI IDs and the name of that ROM.

Witness: QEMU 7.2's `info pci` and the `romfile` property of each device on the machine types `pc` and `q35`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class NicModel:
    """One NIC model of QEMU.

    Attributes:
        qom_type: its QOM type, which is what `-device` takes.
        rom_stem: the middle of its default ROM's name: `e1000` in `efi-e1000.rom`.
        vendor_id: PCI vendor ID of the emulated device.
        device_id: PCI device ID of the emulated device.
        rom_prefix: prefix of the default ROM's name on current machine types; machine types up to pc-1.4 use `pxe`.
    """

    qom_type: str
    rom_stem: str
    vendor_id: int
    device_id: int
    rom_prefix: str = "efi"

    @property
    def default_rom(self) -> str:
        """The file that QEMU looks for in its data directories on current machine types."""
        return f"{self.rom_prefix}-{self.rom_stem}.rom"

    @property
    def pci_ids(self) -> tuple[int, int]:
        """Vendor and device ID."""
        return self.vendor_id, self.device_id


def _eepro100(qom_type: str, device_id: int) -> NicModel:
    # QEMU never renamed the default ROM of this family: it is pxe-eepro100.rom on every machine type.
    return NicModel(qom_type, "eepro100", 0x8086, device_id, rom_prefix="pxe")


def _by_type(*models: NicModel) -> Mapping[str, NicModel]:
    return MappingProxyType({model.qom_type: model for model in models})


NIC_MODELS: Mapping[str, NicModel] = _by_type(
    NicModel("e1000", "e1000", 0x8086, 0x100E),
    NicModel("e1000e", "e1000e", 0x8086, 0x10D3),
    _eepro100("i82559er", 0x1209),
    NicModel("ne2k_pci", "ne2k_pci", 0x10EC, 0x8029),
    NicModel("pcnet", "pcnet", 0x1022, 0x2000),
    NicModel("rtl8139", "rtl8139", 0x10EC, 0x8139),
    NicModel("virtio-net-pci", "virtio", 0x1AF4, 0x1000),
    NicModel("vmxnet3", "vmxnet3", 0x15AD, 0x07B0),
)
"""One NIC model for each default ROM, by QOM type: what a matrix of boots iterates over."""

NIC_VARIANTS: Mapping[str, NicModel] = _by_type(
    NicModel("e1000-82544gc", "e1000", 0x8086, 0x100C),
    NicModel("e1000-82545em", "e1000", 0x8086, 0x100F),
    _eepro100("i82550", 0x1209),
    _eepro100("i82551", 0x1209),
    _eepro100("i82557a", 0x1229),
    _eepro100("i82557b", 0x1229),
    _eepro100("i82557c", 0x1229),
    _eepro100("i82558a", 0x1229),
    _eepro100("i82558b", 0x1229),
    _eepro100("i82559a", 0x1229),
    _eepro100("i82559b", 0x1229),
    _eepro100("i82559c", 0x1229),
    _eepro100("i82562", 0x1209),
    _eepro100("i82801", 0x2449),
    NicModel("virtio-net-pci-transitional", "virtio", 0x1AF4, 0x1000),
    NicModel("virtio-net-pci-non-transitional", "virtio", 0x1AF4, 0x1041),
)
"""The other NIC models that use one of these ROMs, by QOM type."""

# What upstream's build calls the ROM for QEMU's ne2k_pci: 1050:0940 is the Winbond chip of that driver.
_OTHER_IDS: Mapping[tuple[int, int], str] = MappingProxyType({(0x1050, 0x0940): "ne2k_pci"})

ROM_STEMS: tuple[str, ...] = tuple(model.rom_stem for model in NIC_MODELS.values())
"""The middle of each default ROM's name, in the order of `NIC_MODELS`."""


def find_nic_model(qom_type: str) -> NicModel | None:
    """Return the NIC model of `qom_type`, None where QEMU has no default ROM for it."""
    return NIC_MODELS.get(qom_type) or NIC_VARIANTS.get(qom_type)


def find_rom_stem(vendor_id: int, device_id: int) -> str | None:
    """Return the stem of the ROM that a NIC with these PCI IDs uses, None where QEMU has no such NIC."""
    ids = vendor_id, device_id
    found = (model.rom_stem for model in (*NIC_MODELS.values(), *NIC_VARIANTS.values()) if model.pci_ids == ids)
    return next(found, _OTHER_IDS.get(ids))


def find_models_of_rom(rom_stem: str) -> tuple[NicModel, ...]:
    """Return every NIC model that uses the ROM `rom_stem`, the usual one first."""
    models = (*NIC_MODELS.values(), *NIC_VARIANTS.values())
    return tuple(model for model in models if model.rom_stem == rom_stem)
