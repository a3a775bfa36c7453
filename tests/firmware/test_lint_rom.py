"""Every rule for one ROM: a ROM that it accepts, and ROMs about which it says no, with message, severity and place."""

from dataclasses import dataclass, replace

import pytest

from firmware.lint.check import all_rules, lint_rom
from firmware.lint.finding import Severity
from firmware.lint.rule import ROM_RULES
from firmware.lint.subject import examine_rom
from firmware.nic import NIC_MODELS
from tests.firmware.rom_bytes import PNP_OFFSET, UNDI_OFFSET, Bios, Efi, Pe, make_combined_rom

NAME = "efi-e1000.rom"
GOOD = make_combined_rom()
SMALL_PE = Pe().build()


def with_bytes(content: bytes, offset: int, value: bytes) -> bytes:
    return content[:offset] + value + content[offset + len(value) :]


@dataclass(frozen=True)
class No:
    """A ROM about which `rule` says no."""

    rule: str
    content: bytes
    message: str
    severity: str
    offset: int | None
    file: str = "pxe-e1000.rom"


NOES = [
    No("rom-signature", b"", "0 bytes are left, the header has 28", "error", None),
    No("rom-signature", GOOD[:20], "20 bytes are left, the header has 28", "error", 0),
    No("rom-signature", b"MZ" + GOOD[2:], "signature is 4d 5a, expected 55 aa", "error", 0),
    No("rom-length", Bios(header_units=0).build(), "the header says that the image has 0 bytes", "error", 2),
    No("rom-length", Bios(header_units=9).build(), "the header says that the image has 4608 bytes, 1024", "error", 2),
    No("rom-length", Bios(pcir_units=0).build(), "the PCI Data Structure says that the image has 0", "error", 0x2C),
    No("rom-length", Bios(pcir_units=9).build(), "the PCI Data Structure says that the image has 4608", "error", 0x2C),
    No("rom-length", Efi(header_units=300).build(), "the header says that the image has 153600 bytes", "error", 2),
    No("length-agreement", Bios(header_units=1).build(), "says 512 bytes, the PCI Data Structure 1024", "error", 2),
    No(
        "length-agreement",
        Bios(header_units=3, indicator=0).build() + Efi().build(),
        "the header says 1536 bytes, the PCI Data Structure 1024",
        "error",
        2,
    ),
    No("image-checksum", with_bytes(Bios().build(), 0x300, b"\x05"), "sum to 0x05, expected 0; 0x", "error", 6),
    No("entry-point", Bios(entry=b"\xe9\xff\x7f").build(), "leads to 0x8005, the image ends at 0x400", "error", 3),
    No("entry-point", Bios(entry=b"\xeb\xf0\x00").build(), "the jump leads to 0xfff5", "error", 3),
    No(
        "rom-padding",
        Bios().build() + b"\xff" * 100 + b"left" + b"\xff" * 408,
        "512 bytes that are not padding follow",
        "warning",
        0x464,
    ),
    No("rom-padding", Bios().build() + b"\xff", "the file has 1025 bytes, not a multiple of 512", "warning", None),
    No("last-image", Bios(indicator=0).build(), "the last image is not marked as the last", "warning", 0x31),
    No("last-image", Bios().build() + Efi().build(), "another one follows at 0x400 that firmware", "error", 0x31),
    No("images-expected", Efi().build(), "no BIOS image: guests with SeaBIOS cannot boot", "error", None, NAME),
    No("images-expected", Bios().build(), "no EFI image: guests with OVMF get no driver", "warning", None, NAME),
    No("code-type", Bios(code_type=1).build(), "code type is 1, expected 0 (BIOS) or 3 (EFI)", "warning", 0x30),
    No("code-type", Efi(indicator=0).build() + Bios().build(), "a BIOS image is number 2", "warning", None),
    No("pcir-present", Bios(pcir_signature=b"PCIX").build(), "signature is b'PCIX', expected b'PCIR'", "error", 0x18),
    No("pcir-present", with_bytes(Bios().build(), 0x18, b"\0\0"), "its pointer in the header is 0", "error", 0x18),
    No("pcir-alignment", Bios(pcir_offset=0x1E2).build(), "is at 0x1e2 of its image, not a mul", "warning", 0x1E2),
    No(
        "pcir-alignment",
        Bios(pcir_offset=0x1E2, indicator=0).build() + Efi().build(),
        "is at 0x1e2 of its image",
        "error",
        0x1E2,
    ),
    No("pcir-structure", Bios(pcir_length=0x18).build(), "its length is 24, revision 3 has 28", "warning", 0x26),
    No(
        "pcir-structure",
        Bios(units=4, pcir_offset=0x600, pcir_units=1, device_ids=()).build(),
        "is at 0x600, behind the 512 bytes that it says its image has",
        "error",
        0x600,
    ),
    No("pcir-structure", Bios(run_time_units=9).build(), "maximum run-time length is 9 units", "warning", 0x32),
    No("pci-class", Bios(class_code=b"\x02\0\0").build(), "the bytes are the wrong way round", "note", 0x29),
    No("pci-class", Bios(class_code=b"\0\0\0").build(), "bytes are 00 00 00, expected 00 00 02", "note", 0x29),
    No(
        "pci-ids",
        Bios(device_id=0x1041, vendor_id=0x1AF4, device_ids=()).build(),
        "PCI IDs are 1af4:1041, virtio-net-pci is 1af4:1000: works as QEMU's default ROM, whose IDs QEMU patches; "
        "SeaBIOS skips it with romfile= and libvirt, except for virtio-net-pci-non-transitional",
        "warning",
        0x20,
        "pxe-virtio.rom",
    ),
    No(
        "pci-ids",
        Efi(indicator=0).build() + Bios(device_id=0x1234, device_ids=()).build(),
        "QEMU patches the first image only, so SeaBIOS skips this one",
        "warning",
        None,
    ),
    No(
        "pci-ids",
        Bios(indicator=0).build() + Efi(device_id=0).build(),
        "EFI image: PCI IDs are 8086:0000, e1000 is 8086:100e; EDK2 does not compare them",
        "note",
        0x420,
        NAME,
    ),
    No("device-list", Bios(device_ids=(0x1234,)).build(), "has 1234, not the image's own 100e", "warning", 0x1A0),
    No("device-list", Bios().build()[:0x1A0] + b"\x01" * 0x260, "no end mark before the image ends", "error", 0x1A0),
    No("pnp-present", Bios(pnp_signature=b"$XYZ").build(), 'no "$PnP" at 0x40, where the header', "error", 0x1A),
    No("pnp-present", Bios(pnp_offset=0).build(), "no PnP expansion header: its pointer is 0", "error", 0x1A),
    No("pnp-structure", Bios(pnp_next=PNP_OFFSET).build(), "the chain returns to this header", "error", 0x40),
    No("pnp-structure", Bios(pnp_next=0x3F8).build(), "8 bytes of the image are left", "error", 0x3F8),
    No("pnp-checksum", with_bytes(Bios().build(), 0x49, b"\x01"), "here would make it 0", "warning", 0x49),
    No("pnp-checksum", Bios(pnp_length_units=0).build(), "its length is 0 bytes, expected 32", "warning", 0x45),
    No("bev", Bios(bev=0).build(), "no Bootstrap Entry Vector: the BIOS has nothing to boot", "error", 0x5A),
    No("bev", Bios(bev=0x400).build(), "BEV is 0x400, the image ends at 0x400", "error", 0x5A),
    No("bev", Bios(header_units=1, bev=0x200).build(), "BEV is 0x200, the image ends at 0x200", "error", 0x5A),
    No("bev", Bios(bcv=0x7000).build(), "BCV is 0x7000, the image ends at 0x400", "error", 0x56),
    No("pnp-strings", Bios(product_offset=0x3FF).build()[:-1] + b"x", "no NUL within 1024 bytes", "error", 0x3FF),
    No("pnp-strings", Bios(product_offset=0x7FF).build(), "outside the image, which ends at 0x400", "error", None),
    No("pnp-strings", Bios(product_offset=0).build(), "no product string", "warning", 0x50),
    No("pnp-device-type", Bios(device_type=b"\0\0\x02").build(), "device type is 00 00 02", "note", 0x52),
    No("undi-present", Bios(undi_offset=0).build(), "no UNDI ROM ID structure where the word", "warning", 0x16),
    No("undi-checksum", with_bytes(Bios().build(), UNDI_OFFSET + 5, b"\0"), "its bytes sum to 0x", "warning", 0x89),
    No("undi-checksum", Bios(undi_length=4).build(), "its length is 4 bytes, expected 22", "warning", 0x88),
    No("undi-version", Bios(undi_version=b"\0\x09\x01").build(), "UNDI version is 1.9.0, expected", "warning", 0x8B),
    No("undi-version", Bios(undi_version=b"\x02\x01\0").build(), "UNDI version is 0.1.2", "warning", 0x8B),
    No("undi-entry", Bios(loader=0x400).build(), "the loader is at 0x400, the image's code is betw", "error", 0x8E),
    No("undi-entry", Bios(loader=0x1B).build(), "the loader is at 0x1b, the image's code is between", "error", 0x8E),
    No("undi-entry", Bios(loader=UNDI_OFFSET).build(), "the loader is at 0x84, inside this structure", "error", 0x8E),
    No("undi-entry", Bios(loader=UNDI_OFFSET + 21).build(), "is at 0x99, inside this structure", "error", 0x8E),
    No("undi-entry", Bios(bus_type=b"EISA").build(), "bus type is b'EISA', expected b'PCIR'", "warning", 0x96),
    No("undi-entry", with_bytes(Bios().build(), 0x90, b"\0\0"), "stack, data or code length is 0", "warning", 0x90),
    No("ipxe-header", with_bytes(Bios().build(), 0xA1, b"\0"), "its bytes sum to 0x", "warning", 0xA1),
    No("ipxe-header", with_bytes(Bios().build(), 0xA2, b"\x09"), "it shrinks to 9 units", "warning", 0xA2),
    No("efi-header", Efi(signature=0xBAD).build(), "code type is 3 (EFI), and EFI signature is 0x00000bad", "error", 4),
    No("efi-header", Efi(image_offset=0x20).build(), "begins at 0x20, inside the headers, which end", "error", 0x16),
    No("efi-unpack", Efi(packed=b"\xff" * 99).build(), "its packed length is 4294967295 bytes", "error", 0x38),
    No("efi-unpack", Efi(packed=bytes(4) + b"\xff\xff\xff\x7f").build(), "it says that it unpacks to", "error", 0x3C),
    No("efi-unpack", Efi(compression=2).build(), "compression type 2 is unknown", "error", 0xC),
    No("efi-machine", Efi(machine=0x14C).build(), "the header says 0x014c (I386), the PE image 0x8664", "error", 0xA),
    No("efi-machine", Efi(Pe(machine=0x14C).build(), machine=0x14C).build(), "no image of this ROM", "warning", 0xA),
    No("efi-subsystem", Efi(Pe(subsystem=10).build(), subsystem=10).build(), "subsystem is 10, expected", "error", 8),
    No("efi-subsystem", Efi(subsystem=12).build(), "the header says 12, the PE image 11", "error", 8),
    No("pe-image", Efi(b"ZM" + SMALL_PE[2:]).build(), "unpacked offset 0x0: begins with 5a 4d", "error", 0),
    No("pe-image", Efi(Pe(entry_address=0x9000).build()).build(), "the entry 0x9000 is in no section", "error", 0),
    No("pe-image", Efi(SMALL_PE[:0x300]).build(), "section .text ends at 0x600, the PE image at 0x300", "error", 0),
    No("efi-ipxe-stack", Efi(Pe(code=b"iPXE driver".ljust(512)).build()).build(), "no script interp", "note", 0),
    No("efi-ipxe-stack", Efi(Pe(code=b"iPXE #!ipxe".ljust(512)).build()).build(), "only a boot can tell", "note", 0),
]


@pytest.mark.parametrize("no", NOES, ids=lambda no: f"{no.rule}: {no.message[:30]}")
def test_the_rule_says_no(no: No) -> None:
    findings = [finding for finding in lint_rom(examine_rom(no.file, no.content)) if finding.rule == no.rule]
    matching = [finding for finding in findings if no.message in finding.message]
    assert matching, findings
    assert matching[0].severity == no.severity
    assert matching[0].file == no.file
    if no.offset is not None:
        assert matching[0].offset == no.offset
        assert 0 < matching[0].length <= len(no.content)


def test_a_loader_right_before_or_behind_its_structure_is_right() -> None:
    for loader in (0x1C, UNDI_OFFSET - 1, UNDI_OFFSET + 22, 0x3FF):
        assert lint_rom(examine_rom("pxe-e1000.rom", Bios(loader=loader).build())) == ()


def test_padding_of_both_kinds_is_right() -> None:
    padding = b"\0" * 12 + b"\xff" * 500
    assert lint_rom(examine_rom("x.rom", Bios().build() + padding)) == lint_rom(examine_rom("x.rom", Bios().build()))


def test_a_right_rom_has_no_findings() -> None:
    assert lint_rom(examine_rom(NAME, GOOD)) == ()
    assert lint_rom(examine_rom(NAME, GOOD + b"\xff" * 1024)) == ()
    assert lint_rom(examine_rom("pxe-e1000.rom", Bios().build())) == ()


def test_faults_that_no_field_makes_are_tested_elsewhere() -> None:
    assert ROM_RULES.keys() - {no.rule for no in NOES} == {"packed-block"}


def test_every_rule_is_documented() -> None:
    for rule in all_rules().values():
        assert rule.summary.endswith("."), rule.name
        assert rule.name in ROM_RULES or rule.paragraph or "baseline" in rule.name
    for name in ROM_RULES:
        assert ROM_RULES[name].paragraph, name


def test_the_nic_model_can_be_named() -> None:
    content = Bios(vendor_id=0x15AD, device_id=0x07B0, device_ids=()).build()
    assert lint_rom(examine_rom("mine.rom", content)) == ()
    assert lint_rom(examine_rom("mine.rom", content, nic_model=NIC_MODELS["vmxnet3"])) == ()
    (finding,) = lint_rom(examine_rom("mine.rom", content, nic_model=NIC_MODELS["e1000"]))
    assert finding.rule == "pci-ids"


def test_the_images_wanted_can_be_named() -> None:
    both = frozenset({"bios", "efi"})
    (finding,) = lint_rom(examine_rom("pxe-e1000.rom", Bios().build(), expected=both))
    assert finding.rule == "images-expected"
    assert lint_rom(examine_rom(NAME, Bios().build(), expected=frozenset({"bios"}))) == ()


def test_an_additional_ia32_image_is_no_fault() -> None:
    ia32 = Efi(Pe(machine=0x14C).build(), machine=0x14C, indicator=0)
    content = Bios(indicator=0).build() + ia32.build() + Efi().build()
    assert lint_rom(examine_rom(NAME, content)) == ()


def test_faults_do_not_hide_each_other() -> None:
    broken = replace(Bios(), bev=0x7000, product_offset=0, class_code=b"\0\0\0", checksums=False, indicator=0)
    content = broken.build() + Efi(compression=7, device_id=1).build()
    findings = lint_rom(examine_rom(NAME, content))
    assert {"bev", "pnp-strings", "pci-class", "image-checksum", "efi-unpack", "pci-ids"} <= {
        finding.rule for finding in findings
    }
    offsets = [finding.offset or 0 for finding in findings]
    assert offsets == sorted(offsets)


def test_noise_is_one_error() -> None:
    noise = bytes(range(256)) * (16 * 1024 * 1024 // 256)
    (finding,) = lint_rom(examine_rom(NAME, noise))
    assert (finding.rule, finding.severity) == ("rom-signature", Severity.ERROR)
