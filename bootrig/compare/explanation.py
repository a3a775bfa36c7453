"""Which findings of lint are the reason for what boots showed."""

from collections.abc import Collection, Mapping

from bootrig.compare.difference import Difference
from bootrig.trace.names import VARIED, CellKey
from firmware.nic import find_nic_model
from firmware.romset import DEFAULT_ROM_NAME

# Rules of lint about what a platform firmware needs of a ROM to find, load and run it, or to run all of it.
ANY_IMAGE = frozenset({
    *("rom-signature", "rom-length", "length-agreement", "pcir-present", "pcir-structure"),
    *("pci-ids", "device-list", "last-image", "images-expected", "code-type"),
})  # fmt: skip
EFI_IMAGE = frozenset({
    *("efi-header", "efi-unpack", "efi-machine", "efi-subsystem", "pe-image"),
    *("efi-ipxe-stack", "efi-against-baseline"),
})  # fmt: skip
BIOS_IMAGE = frozenset({
    *("image-checksum", "entry-point", "packed-block", "pnp-present", "pnp-structure", "pnp-checksum"),
    *("bev", "undi-entry"),
})  # fmt: skip
# What a rule of comparison sees that lint sees in the ROM's bytes.
SAME: Mapping[str, frozenset[str]] = {"rom-bar": frozenset({"bar-against-baseline"})}


def explains(finding: Difference, rule: str, cells: Collection[CellKey]) -> bool:
    """Whether a difference of the rule `lint` is a reason for what `rule` found in `cells`.

    It is where lint's rule is about the image that the platform firmware of each cell runs, or about the same thing,
    and the ROM of each cell's NIC is among those with the finding.
    """
    name = finding.finding.subject.partition(":")[0]
    matches = [DEFAULT_ROM_NAME.fullmatch(file) for file in str(finding.finding.candidate).split(", ")]
    stems = {match["stem"] for match in matches if match}
    return bool(cells) and all(name in _find_rules(rule, key) and _find_stem(key) in stems for key in cells)


def _find_rules(rule: str, key: CellKey) -> frozenset[str]:
    if key.platform_firmware == VARIED:  # its name does not say which image runs
        return SAME.get(rule, ANY_IMAGE)
    images = EFI_IMAGE if "ovmf" in key.platform_firmware else BIOS_IMAGE
    return SAME.get(rule, ANY_IMAGE | images)


def _find_stem(key: CellKey) -> str | None:
    model = find_nic_model(key.nic_model)
    return None if model is None else model.rom_stem
