"""One comparison with something of everything, like Debian 12 against Debian 13."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from msgspec import structs

from bootrig.compare import Outcomes, Policy, Verdict, Waiver, judge_failures
from bootrig.compare.waivers import FieldPatterns
from bootrig.trace.reading.attempts import WantedBoot
from bootrig.trace.trace import EmulatorEvidence, Trace
from tests.compare.factory import DISCOVER, KIB, NICS, REAL, SCENARIOS, Boot, http_request, trace
from tests.compare.loop import compare_again, compare_and_boot

VARIANTS = ("nbp-sizes[512]", "nbp-sizes[2k]", "nbp-sizes[16k]", "nbp-sizes[100k]")
LEGACY = [(scenario, nic, "pc", "seabios") for scenario, nic in product((*SCENARIOS, *VARIANTS), NICS)]
UEFI = [(scenario, nic, "q35", "ovmf") for scenario, nic in product(("efi-script", "efi-tftp"), NICS)]

BASELINE = {"rom_set": "ipxe-debian-12", "version": "1.0.0+git-20190125.36a4c85-5.1"}
CANDIDATE = {
    "rom_set": "ipxe-debian-13",
    "version": "1.21.1+git20250501.dad20602",
    "features": "VLAN DNS HTTP HTTPS TFTP PXE bzImage Menu",
    "file_length": 256 * KIB,
    "options": {**DISCOVER, 55: "010306070c0f111a2a2b3c42438081"},
}


def _boot(place: tuple[str, str, str, str], settings: dict[str, object]) -> Boot:
    scenario, nic, machine, firmware = place
    boot = replace(Boot(scenario=scenario, nic=nic, machine=machine, firmware=firmware), **settings)  # type: ignore[arg-type]
    if scenario == "script":
        agent = f"iPXE/{settings['version']}"
        boot = replace(boot, http=[http_request({"User-Agent": agent})])
    return boot


def _baseline_boot(place: tuple[str, str, str, str]) -> Boot:
    boot = _boot(place, BASELINE)
    if place[0] == "no-ra":
        number = NICS.index(place[1])
        return replace(boot, request_s=16.5 + number / 10, last_byte_s=17.5 + number / 10, nbp_s=18.5)
    if place[0] == "nbp-sizes[100k]" and place[1] == "rtl8139":
        return replace(boot, passed=False, milestone="tftp-request", reason="Connection timed out", nbp_s=None)
    return boot


def _candidate_boot(place: tuple[str, str, str, str]) -> Boot:
    boot = _boot(place, CANDIDATE)
    if place[0] == "efi-script":
        reason = "the console says: BdsDxe: failed to load"
        return replace(boot, passed=False, milestone="tftp-complete", reason=reason, nbp_s=None, clock=REAL)
    if place[0] == "nbp-sizes[100k]" and place[1] == "rtl8139":
        return replace(boot, passed=False, milestone="tftp-request", reason="Connection timed out", nbp_s=None)
    if place[0] == "pxelinux" and place[1] == "ne2k_pci":
        return replace(boot, disturbed=3)
    return boot


def baseline_traces() -> list[Trace]:
    return [trace(_baseline_boot(place)) for place in (*LEGACY, *UEFI) if place[1] != "vmxnet3"]


def candidate_traces() -> list[Trace]:
    return [trace(_candidate_boot(place)) for place in (*LEGACY, *UEFI)]


def make_outcomes(traces: Sequence[Trace]) -> Outcomes:
    """Return the outcomes of a run that booted nothing again."""
    return Outcomes(tuple(traces), judge_failures(traces))


def verdict() -> Verdict:
    """Return the verdict after everything that is wanted was booted."""
    waiver = Waiver("features", "nobody boots by iSCSI here", FieldPatterns("features", subject="feature iSCSI"))
    makers = {"baseline": _baseline_boot, "candidate": _candidate_boot}
    boots = [
        replace(makers[side](place), side=side)
        for side in makers
        for place in (*LEGACY, *UEFI)
        if side == "candidate" or place[1] != "vmxnet3"
    ]

    def answer(wanted: WantedBoot) -> Boot:
        key = wanted.key
        return makers[wanted.side]((key.scenario, key.nic_model, key.machine, key.platform_firmware))

    return compare_and_boot(boots, answer, policy=Policy(waivers=(waiver,)))[0]


DEFAULT_PLACES = [
    *LEGACY,
    *((f"more-{number}", nic, "pc", "seabios") for number, nic in product(range(7), NICS)),
    *(("pxe-tftp", nic, "q35-4g", "seabios") for nic in NICS),
    *(
        (scenario, nic, machine, "ovmf")
        for machine, scenario, nic in product(("q35", "q35-virt"), ("efi-script", "efi-tftp"), NICS[1:])
    ),
    *(("efi-tftp", nic, "q35-4g", "ovmf") for nic in NICS[1:]),
]


def default_verdict() -> Verdict:
    """Return a verdict as large as a default comparison's, in which much is worse."""
    reason = "http-request was not reached: the console says 'failed to load Boot0001', which goes on for long"
    lost: dict[str, object] = {"passed": False, "milestone": "dhcp-ack", "reason": reason, "nbp_s": None}
    candidates: list[Boot] = []
    for place in DEFAULT_PLACES:
        boot = _boot(place, {**CANDIDATE, "features": "VLAN DNS HTTPS TFTP PXE", "prompt": "Press Ctrl-B to stop"})
        scenario, nic, machine, _ = place
        if scenario in ("efi-script", "no-boot-file", "grub") or (machine, nic) == ("q35-4g", "vmxnet3"):
            boot = replace(boot, **{**lost, "reason": f"{reason}: {nic}"})  # type: ignore[arg-type]
        candidates.append(boot)
    sides = [_boot(place, BASELINE) for place in DEFAULT_PLACES], candidates
    emulator = EmulatorEvidence(version="7.2.22")
    first, second = (
        [structs.replace(trace(replace(boot, clock=REAL)), emulator=emulator) for boot in boots] for boots in sides
    )
    return compare_again(first, second)
