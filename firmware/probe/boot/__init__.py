"""The probe that shows that a boot reached its program: an NBP and boot sector for BIOS, an application for UEFI."""

from firmware.probe.boot.report import REPORT, parse_records
from firmware.probe.probe import Probe, ProbeBuild

PROBE = Probe(
    package=__name__,
    builds=(
        ProbeBuild("bios", source="bios.S", bits=32, emulation="elf_i386", address=0x7C00),
        ProbeBuild("efi", source="efi.S", bits=64, emulation="elf_x86_64", address=0),
    ),
    milestones={"nbp": "nbp-entered", "efi": "nbp-entered", "disk": "disk-booted"},
    pattern=REPORT,
    parse_records=parse_records,
)
