"""The rules for ROM sets, and lint of the sets that exist."""

from collections.abc import Callable

import pytest

from firmware.lint.check import all_rules, lint_set
from firmware.lint.finding import Finding, Severity
from firmware.lint.rule import SET_RULES, LintOptions, rom_rule
from firmware.lint.subject import SetSubject, examine_rom, examine_set
from firmware.nic import NIC_MODELS
from firmware.romset import RomSet
from tests.conventions.tracked import ROOT
from tests.firmware.rom_bytes import Bios, Efi, Pe

FULL_IPXE = Pe(code=b"iPXE #!ipxe".ljust(512)).build()


def make_files(prefix: str = "efi", *, length: int = 0, pe: bytes | None = None) -> dict[str, bytes]:
    """Return a right ROM for every NIC model, padded to `length`."""
    files = {}
    for model in NIC_MODELS.values():
        vendor, device = model.pci_ids
        bios = Bios(vendor_id=vendor, device_id=device, device_ids=(device,), indicator=0x80 if prefix == "pxe" else 0)
        efi = b"" if prefix == "pxe" else Efi(pe, vendor_id=vendor, device_id=device).build()
        files[f"{prefix}-{model.rom_stem}.rom"] = (bios.build() + efi).ljust(length, b"\xff")
    return files


def examine(name: str, files: dict[str, bytes]) -> SetSubject:
    return examine_set(RomSet.of_files(name, files))


def findings_of(rule: str, findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.rule == rule]


def test_a_right_set_has_no_findings() -> None:
    mine = examine("mine", make_files())
    assert lint_set(mine) == ()
    assert lint_set(mine, LintOptions(maximum_bar_length=4096, baseline=examine("theirs", make_files()))) == ()


def test_every_nic_model_must_be_covered() -> None:
    files = make_files()
    del files["efi-vmxnet3.rom"]
    (finding,) = lint_set(examine("mine", files))
    assert finding == Finding(
        "nic-covered",
        Severity.WARNING,
        "no ROM for vmxnet3: neither efi-vmxnet3.rom nor pxe-vmxnet3.rom",
        "mine",
    )


def test_names_must_be_those_that_qemu_looks_for() -> None:
    files = make_files()
    files["efi-e100.rom"] = files["efi-e1000.rom"]
    files["ipxe.rom"] = files["efi-e1000.rom"]
    findings = lint_set(examine("mine", files))
    assert [(finding.rule, finding.file, finding.message) for finding in findings] == [
        ("rom-name", "efi-e100.rom", "no device looks for a ROM of this name; did you mean efi-e1000.rom?"),
        ("rom-name", "ipxe.rom", "no device looks for a ROM of this name"),
    ]


def test_a_bar_must_not_be_larger_than_allowed() -> None:
    files = make_files()
    files["efi-e1000.rom"] = files["efi-e1000.rom"].ljust(262144 + 512, b"\xff")
    options = LintOptions(maximum_bar_length=256 * 1024)
    (finding,) = lint_set(examine("mine", files), options)
    assert (finding.rule, finding.severity, finding.file) == ("max-bar", Severity.ERROR, "efi-e1000.rom")
    assert finding.message == "262656 bytes make a ROM BAR of 512 KiB, at most 256 KiB is allowed"


def test_a_bar_must_be_as_long_as_the_baselines() -> None:
    baseline = examine("theirs", make_files("pxe"))
    findings = lint_set(examine("mine", make_files(length=5000)), LintOptions(baseline=baseline))
    crossings = findings_of("bar-against-baseline", findings)
    assert len(crossings) == 2 * 7 + 1
    assert all(finding.severity == Severity.ERROR for finding in crossings)
    assert crossings[0].message == (
        "as efi-e1000.rom (current machine types) it makes a ROM BAR of 8 KiB (5000 bytes), "
        "in theirs 1 KiB (pxe-e1000.rom, 1024 bytes): migration between the two fails"
    )
    assert "as pxe-e1000.rom (machine types up to pc-1.4)" in crossings[1].message
    assert [
        finding.message for finding in crossings if "eepro100" in finding.message and "all machine" in finding.message
    ]


def test_nics_of_the_baseline_must_stay() -> None:
    files = make_files()
    del files["efi-virtio.rom"]
    options = LintOptions(baseline=examine("theirs", make_files()))
    (finding,) = findings_of("nic-against-baseline", lint_set(examine("mine", files), options))
    assert finding.message == "theirs has a ROM for virtio, this set has none"


def test_uefi_guests_must_keep_what_they_had() -> None:
    options = LintOptions(baseline=examine("theirs", make_files(pe=FULL_IPXE)))
    without = findings_of("efi-against-baseline", lint_set(examine("mine", make_files("pxe")), options))
    assert len(without) == 8
    assert without[0].message == "no EFI image, theirs has one"
    driver_only = findings_of("efi-against-baseline", lint_set(examine("mine", make_files()), options))
    assert len(driver_only) == 8
    assert driver_only[0].message == "the EFI image has no script interpreter, the one in theirs has"
    (same,) = {finding.rule for finding in lint_set(examine("mine", make_files(pe=FULL_IPXE)), options)}
    assert same == "efi-ipxe-stack"


def test_the_set_rules_tested_here_are_all() -> None:
    assert set(SET_RULES) == {
        "nic-covered",
        "rom-name",
        "max-bar",
        "bar-against-baseline",
        "nic-against-baseline",
        "efi-against-baseline",
        "run-time-size-against-baseline",
        "ipxe-header-against-baseline",
        "device-list-against-baseline",
        "strings-against-baseline",
    }


def test_a_single_file_is_not_asked_what_a_set_lacks() -> None:
    rom = examine_rom("elsewhere/e1000.rom", make_files()["efi-e1000.rom"], nic_model=NIC_MODELS["e1000"])
    baseline = examine("theirs", make_files(length=5000))
    findings = lint_set(SetSubject("e1000.rom", (rom,), is_whole=False), LintOptions(baseline=baseline))
    assert {finding.rule for finding in findings} == {"bar-against-baseline"}
    assert {finding.rule for finding in lint_set(SetSubject("mine", (rom,)))} == {"nic-covered", "rom-name"}


def test_a_rom_that_is_named_by_pci_ids_is_that_of_its_nic_and_keeps_its_name() -> None:
    roms = examine_set(RomSet.of_files("mine", {"8086100e.rom": Bios().build()}), place="out")
    (rom,) = roms.roms
    assert (rom.file, rom.stem, rom.prefix) == ("out/8086100e.rom", "e1000", "pxe")
    findings = lint_set(roms)
    assert not [finding for finding in findings if finding.rule == "rom-name"]
    assert not [finding for finding in findings if finding.rule == "nic-covered" and "e1000:" in finding.message]


def test_every_file_of_the_rules_has_rules() -> None:
    files = {path.stem for path in (ROOT / "firmware/lint/rules").glob("[a-z]*.py")}
    assert {rule.check.__module__.rpartition(".")[2] for rule in all_rules().values()} == files


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two rules are called rom-signature"):
        rom_rule("rom-signature", Severity.NOTE)(lambda rom: [])


def test_the_step_from_gpxe_to_debian_13_crosses_bar_buckets(real_rom_set: Callable[[str], RomSet]) -> None:
    options = LintOptions(baseline=examine_set(real_rom_set("gpxe-qemu-0.14")))
    findings = lint_set(examine_set(real_rom_set("ipxe-debian-13")), options)
    crossings = {finding.file for finding in findings_of("bar-against-baseline", findings)}
    assert crossings == {
        "efi-e1000.rom",
        "pxe-eepro100.rom",
        *(f"{prefix}-{stem}.rom" for prefix in ("efi", "pxe") for stem in ("ne2k_pci", "pcnet", "rtl8139", "virtio")),
    }


def test_the_step_from_gpxe_to_the_ipxe_of_2011_crosses_none(real_rom_set: Callable[[str], RomSet]) -> None:
    options = LintOptions(baseline=examine_set(real_rom_set("gpxe-qemu-0.14")))
    findings = lint_set(examine_set(real_rom_set("ipxe-qemu-0.15")), options)
    severities = {finding.severity for finding in findings}
    assert Severity.WARNING in severities
    assert Severity.ERROR not in severities
    assert not findings_of("bar-against-baseline", findings)


# What FACTS of the field say, and nothing else: (rule, stems).
MISMATCHES = {"eepro100", "ne2k_pci", "virtio"}
ONLY_A_DRIVER = "the driver has no script interpreter: it is iPXE's NIC driver alone"
DEBIAN_STACKS = {"ipxe-debian-12": False, "ipxe-debian-13": True, "ipxe-debian-sid": True}


@pytest.mark.parametrize("name", DEBIAN_STACKS)
def test_debian_sets_have_the_known_id_mismatches_and_nothing_false(
    name: str, real_rom_set: Callable[[str], RomSet]
) -> None:
    findings = lint_set(examine_set(real_rom_set(name)))
    warnings = [finding for finding in findings if finding.severity != Severity.NOTE]
    assert {(finding.rule, finding.severity) for finding in warnings} == {("pci-ids", Severity.WARNING)}
    assert {finding.file for finding in warnings} == {
        f"{prefix}-{stem}.rom" for prefix in ("efi", "pxe") for stem in MISMATCHES
    }
    notes = {finding.rule for finding in findings if finding.severity == Severity.NOTE}
    assert notes == {"pci-ids", "efi-ipxe-stack"}
    stacks = {finding.message == ONLY_A_DRIVER for finding in findings if finding.rule == "efi-ipxe-stack"}
    assert stacks == {DEBIAN_STACKS[name]}


QEMU_FINDINGS = {
    "gpxe-qemu-0.14": {("pci-ids", "warning"), ("pci-class", "note"), ("nic-covered", "warning")},
    "ipxe-qemu-0.15": {
        ("pci-ids", "warning"),
        ("pci-class", "note"),
        ("nic-covered", "warning"),
        ("undi-checksum", "warning"),
    },
    "ipxe-qemu-8": {
        ("pci-ids", "warning"),
        ("pci-ids", "note"),
        ("pci-class", "note"),
        ("efi-ipxe-stack", "note"),
    },
}


@pytest.mark.parametrize("name", QEMU_FINDINGS)
def test_what_is_wrong_with_qemus_own_sets(name: str, real_rom_set: Callable[[str], RomSet]) -> None:
    findings = lint_set(examine_set(real_rom_set(name)))
    assert {(finding.rule, finding.severity.value) for finding in findings} == QEMU_FINDINGS[name]
    warned = {finding.file for finding in findings if (finding.rule, finding.severity) == ("pci-ids", "warning")}
    assert {file[4:] for file in warned} == {"ne2k_pci.rom"}
