"""What a campaign tries, in which order, and what it keeps: with a function in place of the pool."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bootrig.cell.errors import CellError
from bootrig.cell.specification import CellSpecification
from bootrig.schedule.campaign import BROKEN_LIMIT, Campaign, CellResult, Listener
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Trace
from tests.compare.factory import Boot, trace
from tests.schedule.sample import make_equipment, make_side

Answer = Callable[[CellSpecification], Trace | CellError]


def pass_all(specification: CellSpecification) -> Trace:
    """Answer as a boot that passed."""
    key = specification.key
    found = trace(Boot(scenario=key.scenario, nic=key.nic_model, machine=key.machine, firmware=key.platform_firmware))
    return replace(found, side=specification.side, clock=specification.clock, attempt=specification.attempt)


def break_all(specification: CellSpecification) -> CellError:
    """Answer as a broken rig."""
    where = f"{specification.side}/{specification.key}"
    return CellError(
        f"no space for {where}", label=str(specification.key), directory=f"/{where}", remedy=f"free some for {where}"
    )


class Kept(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, str]] = []
        self.batches: list[tuple[str, int]] = []
        self.finished = 0

    def batch_added(self, title: str, more: int) -> None:
        self.batches.append((title, more))

    def cell_started(self, specification: CellSpecification) -> None:
        self.started.append((specification.side, specification.key.nic_model, specification.attempt))

    def cell_finished(self, result: CellResult) -> None:
        self.finished += 1


def make_campaign(
    directory: Path, answer: Answer, *, is_virtual: bool = True, **filters: tuple[str, ...]
) -> tuple[Campaign, Kept]:
    def run_cells(
        specifications: Sequence[CellSpecification], *, on_start: Callable[[CellSpecification], None]
    ) -> Iterator[CellResult]:
        for specification in specifications:
            on_start(specification)
            found = answer(specification)
            broken = isinstance(found, CellError)
            yield CellResult(specification, None if broken else found, found if broken else None)

    listener = Kept()
    sides = [make_side(directory, "baseline"), make_side(directory, "candidate", ("e1000",))]
    planned = plan_cells(Filters(**filters))
    equipment = make_equipment(directory, is_virtual=is_virtual)
    return Campaign(run_cells, equipment, directory, sides, planned, listener), listener


def test_only_cells_for_which_there_is_a_rom_are_tried(tmp_path: Path) -> None:
    nics = ("e1000", "rtl8139", "vmxnet3")
    campaign, listener = make_campaign(tmp_path, pass_all, scenarios=("pxe-tftp",), nic_models=nics)
    campaign.run()
    assert listener.started == [
        ("baseline", "e1000", "shift7"),
        ("candidate", "e1000", "shift7"),
        ("baseline", "rtl8139", "shift7"),
    ]
    assert listener.finished == 3
    assert [found.key.nic_model for found in campaign.traces("baseline")] == ["e1000", "rtl8139"]
    assert len(campaign.traces()) == 3
    assert campaign.confirmed == frozenset()


def test_scenarios_without_sense_in_virtual_time_run_in_real_time_at_once(tmp_path: Path) -> None:
    campaign, listener = make_campaign(tmp_path, pass_all, scenarios=("prompt", "pxe-tftp"), nic_models=("rtl8139",))
    campaign.run()
    assert [attempt for _, _, attempt in listener.started] == ["shift7", "real"]
    assert {key.scenario for key in campaign.confirmed} == {"prompt"}


def test_where_clocks_are_real_everything_is(tmp_path: Path) -> None:
    campaign, listener = make_campaign(
        tmp_path, pass_all, is_virtual=False, scenarios=("pxe-tftp", "prompt"), nic_models=("e1000",)
    )
    campaign.run()
    assert [attempt for _, _, attempt in listener.started] == ["real"] * 4


def test_confirming_boots_both_sides_once_more_and_never_twice(tmp_path: Path) -> None:
    campaign, listener = make_campaign(tmp_path, pass_all, scenarios=("pxe-tftp",), nic_models=("e1000", "rtl8139"))
    campaign.run()
    listener.started.clear()
    keys = {CellKey("pxe-tftp", "e1000", "pc", "seabios"), CellKey("never", "planned", "pc", "seabios")}
    campaign.confirm(keys)
    assert listener.started == [("baseline", "e1000", "real"), ("candidate", "e1000", "real")]
    assert listener.batches == [("confirming in real time", 2)]
    campaign.confirm(keys)
    assert len(listener.started) == 2
    assert [found.attempt for found in campaign.traces("candidate")] == ["shift7", "real"]


def test_a_campaign_in_which_cells_break_again_and_again_ends(tmp_path: Path) -> None:
    campaign, listener = make_campaign(tmp_path, break_all, scenarios=("nbp-sizes",), nic_models=("e1000", "rtl8139"))
    with pytest.raises(CellError, match=r"^5 cells broke, the rest was not tried; the last: nbp-sizes") as caught:
        campaign.run()
    last = campaign.errors[-1]
    assert str(caught.value).endswith(f"; the last: {last}")
    assert (caught.value.directory, caught.value.remedy) == (last.directory, last.remedy)
    assert last.directory not in {error.directory for error in campaign.errors[:-1]}
    assert len(campaign.errors) == BROKEN_LIMIT == listener.finished
    assert campaign.traces() == ()
    with pytest.raises(CellError, match=r"^6 cells broke"):
        campaign.confirm({CellKey("nbp-sizes[2k]", "e1000", "pc", "seabios")})


def test_a_few_broken_cells_do_not_end_it(tmp_path: Path) -> None:
    def answer(specification: CellSpecification) -> Trace | CellError:
        return break_all(specification) if specification.key.scenario == "grub" else pass_all(specification)

    campaign, _ = make_campaign(tmp_path, answer, scenarios=("grub", "pxe-tftp"), nic_models=("e1000",))
    campaign.run()
    assert len(campaign.errors) == 2
    assert len(campaign.traces()) == 2
