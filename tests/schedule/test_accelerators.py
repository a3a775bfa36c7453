"""Which boots run under KVM on a host that has a working one, and what comes of a KVM that breaks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.cell.errors import CellError
from bootrig.cell.specification import CellSpecification
from bootrig.emulator.accelerator import AcceleratorProof
from bootrig.emulator.definition.launch import Launch, settle_pace
from bootrig.schedule import equipment as equipping
from bootrig.schedule.campaign import Campaign, CellResult, Listener
from bootrig.schedule.equipment import make_equipment
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.trace.reading.attempts import REAL_TIME, Reason, WantedBoot
from tests.schedule import sample
from tests.schedule.test_campaign import NothingKept, pass_all


@pytest.mark.parametrize(
    ("works", "is_virtual", "accelerator", "confirm_by", "scenario", "first", "later"),
    [
        # nothing asked for: virtual in any case, KVM where it is proven confirms
        (True, None, "auto", "auto", "pxe-tftp", "shift7", "kvm"),
        (False, None, "auto", "auto", "pxe-tftp", "shift7", "real"),
        (True, None, "auto", "auto", "prompt", "kvm", "kvm"),
        (False, None, "auto", "auto", "prompt", "real", "real"),
        # how confirmations are made says nothing of a scenario that is real by itself
        (True, None, "auto", "tcg", "pxe-tftp", "shift7", "real"),
        (True, None, "tcg", "kvm", "pxe-tftp", "shift7", "kvm"),
        (True, None, "tcg", "kvm", "prompt", "real", "real"),
        (True, None, "tcg", "auto", "pxe-tftp", "shift7", "real"),
        # KVM as an axis
        (True, None, "kvm", "auto", "pxe-tftp", "kvm", "kvm"),
        (True, False, "kvm", "auto", "pxe-tftp", "kvm", "kvm"),
        # real time
        (True, False, "auto", "auto", "pxe-tftp", "kvm", "kvm"),
        (False, False, "auto", "auto", "pxe-tftp", "real", "real"),
        (True, False, "tcg", "auto", "pxe-tftp", "real", "real"),
        (True, False, "auto", "tcg", "pxe-tftp", "real", "real"),
        (True, True, "auto", "auto", "pxe-tftp", "shift7", "kvm"),
    ],
)
def test_the_clock_of_a_boot_says_its_accelerator(
    works: bool,
    is_virtual: bool | None,
    accelerator: str,
    confirm_by: str,
    scenario: str,
    first: str,
    later: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "bootrig.emulator.accelerator.prove_kvm", lambda _emulator: AcceleratorProof(works=works, reason="")
    )
    for name in ("find_platform_firmware", "_load_guest", "ask_rom_files"):
        monkeypatch.setattr(equipping, name, lambda *_words: {})
    monkeypatch.setattr(equipping, "find_emulator", lambda _name: sample.NO_QEMU)
    monkeypatch.setattr(equipping, "assemble_probe", lambda _kind: b"")
    monkeypatch.setattr(equipping, "find_programs", lambda _names: ())
    cell = plan_cells(Filters(("e1000",), (scenario,)))[0]
    made = make_equipment([cell], pace=settle_pace(is_virtual, accelerator, confirm_by), launch=Launch())
    assert made.choose_first_clock(cell).attempt == first
    assert made.find_clock(cell, REAL_TIME).attempt == later
    assert made.choose_first_clock(cell).accelerator == ("kvm" if first == "kvm" else "tcg")
    assert made.find_clock(cell, REAL_TIME).accelerator == ("kvm" if later == "kvm" else "tcg")


class _Told(Listener):
    def __init__(self) -> None:
        self.words: list[str] = []

    def kvm_left(self, why: str) -> None:
        self.words.append(why)


def _make_campaign(directory: Path, *, is_virtual: bool, is_kvm_asked: bool) -> tuple[Campaign, _Told, list[str]]:
    """Return a campaign on a host whose KVM was proven and breaks every guest."""
    by_kvm = {"host": "kvm"}
    equipment = replace(
        sample.make_equipment(is_virtual=is_virtual),
        accelerators=by_kvm,
        confirmers=by_kvm,
        is_kvm_asked=is_kvm_asked,
    )
    booted: list[str] = []

    def run_cells(
        specifications: Sequence[CellSpecification], *, on_start: Callable[[CellSpecification], None]
    ) -> Iterator[CellResult]:
        for specification in specifications:
            on_start(specification)
            booted.append(f"{specification.side} {specification.attempt}")
            if specification.clock.accelerator == "kvm":
                specification.directory.mkdir(parents=True)
                yield CellResult(specification, None, CellError("QEMU halted the guest under kvm: internal-error"))
            else:
                yield CellResult(specification, pass_all(specification), None)

    listener = _Told()
    sides = [sample.make_side(directory, label) for label in ("baseline", "candidate")]
    planned = plan_cells(Filters(("e1000",), ("pxe-tftp",)))
    return Campaign(run_cells, equipment, directory, sides, planned, listener, NothingKept()), listener, booted


@pytest.mark.parametrize("is_virtual", [True, False])
def test_a_kvm_that_breaks_guests_is_left_and_told_once(is_virtual: bool, tmp_path: Path) -> None:
    campaign, listener, booted = _make_campaign(tmp_path, is_virtual=is_virtual, is_kvm_asked=False)
    campaign.run()
    if is_virtual:
        assert booted == ["baseline shift7", "candidate shift7"]
        booted.clear()
        key = campaign.traces()[0].key
        for _ in range(2):
            campaign.boot([WantedBoot(s, key, REAL_TIME, Reason.REAL_TIME) for s in ("baseline", "candidate")])
    assert booted[:4] == ["baseline kvm", "candidate kvm", "baseline real", "candidate real"]
    assert booted[4:] == (["baseline real.2", "candidate real.2"] if is_virtual else [])
    assert listener.words == ["QEMU halted the guest under kvm: internal-error"]
    assert campaign.errors == {}
    assert list(tmp_path.rglob("kvm")) == []


def test_a_kvm_that_was_asked_for_is_not_left(tmp_path: Path) -> None:
    campaign, listener, booted = _make_campaign(tmp_path, is_virtual=False, is_kvm_asked=True)
    campaign.run()
    assert booted == ["baseline kvm", "candidate kvm"]
    assert listener.words == []
    assert len(campaign.errors) == 2
