"""What a campaign tries, in which order, and what it keeps: with a function in place of the pool."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bootrig.cell.errors import CellError
from bootrig.cell.specification import CellSpecification
from bootrig.errors import INPUT_WORDS
from bootrig.schedule.campaign import BROKEN_LIMIT, Campaign, Listener
from bootrig.schedule.executors.executor import CellResult
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.schedule.results import KeptResults
from bootrig.trace.names import CellKey
from bootrig.trace.reading.attempts import REAL_TIME, Reason, WantedBoot
from bootrig.trace.trace import Clock, ClockKind, Disturbance, Trace
from tests.compare.factory import VIRTUAL, Boot, trace
from tests.schedule.sample import make_equipment, make_side

Answer = Callable[[CellSpecification], Trace | CellError]


def pass_all(specification: CellSpecification) -> Trace:
    """Answer as a boot that passed."""
    key = specification.key
    found = trace(Boot(scenario=key.scenario, nic=key.nic_model, machine=key.machine, firmware=key.platform_firmware))
    return replace(
        found,
        side=specification.side,
        clock=specification.clock,
        first_clock=specification.first_clock,
        attempt=str(specification.attempt),
    )


def disturb(times: int) -> Answer:
    """Answer as a cell whose boots are disturbed so often."""
    boots = 0

    def answer(specification: CellSpecification) -> Trace:
        nonlocal boots
        boots += 1
        found = pass_all(specification)
        disturbed = (Disturbance(3, "tftp-data"),) * (boots <= times)
        return replace(found, outcome=replace(found.outcome, disturbed=disturbed))

    return answer


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
        self.batches: list[tuple[Reason, int]] = []
        self.finished = 0

    def batch_added(self, reason: Reason, more: int) -> None:
        self.batches.append((reason, more))

    def cell_started(self, specification: CellSpecification) -> None:
        self.started.append((specification.side, specification.key.nic_model, str(specification.attempt)))

    def cell_finished(self, result: CellResult) -> None:
        self.finished += 1


class NothingKept(KeptResults):
    """Keeps nothing: the boots of these tests leave no files."""

    def find(self, wanted: Sequence[tuple[CellSpecification, int]]) -> Sequence[Trace]:
        return ()

    def keep(self, specification: CellSpecification, place: int, *, is_clone: bool = False) -> None:
        pass


def make_campaign(
    directory: Path,
    answer: Answer,
    *,
    is_virtual: bool = True,
    kept: KeptResults | None = None,
    **filters: tuple[str, ...],
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
    equipment = make_equipment(is_virtual=is_virtual)
    return Campaign(run_cells, equipment, directory, sides, planned, listener, kept or NothingKept()), listener


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


def test_scenarios_without_sense_in_virtual_time_run_in_real_time_at_once(tmp_path: Path) -> None:
    campaign, listener = make_campaign(tmp_path, pass_all, scenarios=("prompt", "pxe-tftp"), nic_models=("rtl8139",))
    campaign.run()
    assert {attempt for _, _, attempt in listener.started} == {"shift7", "real"}
    assert [found.key.scenario for found in campaign.traces() if found.attempt == "real"] == ["prompt"]


def test_where_clocks_are_real_everything_is(tmp_path: Path) -> None:
    campaign, listener = make_campaign(
        tmp_path, pass_all, is_virtual=False, scenarios=("pxe-tftp", "prompt"), nic_models=("e1000",)
    )
    campaign.run()
    assert [attempt for _, _, attempt in listener.started] == ["real"] * 4


@pytest.mark.parametrize(
    ("times", "attempts", "batches"),
    [
        (0, ["shift7"], []),
        (1, ["shift7", "shift7.2"], [(Reason.DISTURBED, 1)]),
        (2, ["shift7", "shift7.2", "shift7.3"], [(Reason.DISTURBED, 1)] * 2),
        (3, ["shift7", "shift7.2", "shift7.3", "shift5"], [(Reason.DISTURBED, 1)] * 3),
        (4, ["shift7", "shift7.2", "shift7.3", "shift5", "real"], [(Reason.DISTURBED, 1)] * 4),
        (9, ["shift7", "shift7.2", "shift7.3", "shift5", "real"], [(Reason.DISTURBED, 1)] * 4),
    ],
)
def test_a_disturbed_cell_is_booted_three_times_then_at_a_slower_clock_then_in_real_time(
    times: int, attempts: list[str], batches: list[tuple[Reason, int]], tmp_path: Path
) -> None:
    campaign, listener = make_campaign(tmp_path, disturb(times), scenarios=("pxe-tftp",), nic_models=("rtl8139",))
    campaign.run()
    assert [attempt for _, _, attempt in listener.started] == attempts
    assert listener.batches == batches


KEY = CellKey("pxe-tftp", "e1000", "pc", "seabios")


def test_what_is_wanted_is_booted_under_the_next_number(tmp_path: Path) -> None:
    campaign, listener = make_campaign(tmp_path, pass_all, scenarios=("pxe-tftp",), nic_models=("e1000", "rtl8139"))
    campaign.run()
    listener.started.clear()
    wanted = [
        WantedBoot("candidate", KEY, REAL_TIME, Reason.REAL_TIME),
        WantedBoot("baseline", KEY, VIRTUAL, Reason.SECOND_LOOK),
        WantedBoot("baseline", KEY, Clock(ClockKind.VIRTUAL, 5), Reason.SECOND_CLOCK),
        WantedBoot("candidate", KEY, REAL_TIME, Reason.SECOND_CLOCK),
    ]
    assert campaign.boot(wanted) == 3
    assert set(listener.started) == {
        ("baseline", "e1000", "shift5"),
        ("baseline", "e1000", "shift7.2"),
        ("candidate", "e1000", "real"),
    }
    assert listener.batches == [(Reason.SECOND_CLOCK, 1), (Reason.SECOND_LOOK, 1), (Reason.REAL_TIME, 1)]
    assert campaign.boot(wanted[:1]) == 1
    assert [found.attempt for found in campaign.traces("candidate")] == ["shift7", "real", "real.2"]
    assert campaign.boot([]) == 0


def test_a_cell_whose_rig_broke_is_not_booted_again_on_that_side(tmp_path: Path) -> None:
    def answer(specification: CellSpecification) -> Trace | CellError:
        return break_all(specification) if specification.side == "candidate" else pass_all(specification)

    campaign, listener = make_campaign(tmp_path, answer, scenarios=("pxe-tftp",), nic_models=("e1000",))
    campaign.run()
    assert list(campaign.errors) == [("candidate", KEY)]
    wanted = [WantedBoot(side, KEY, REAL_TIME, Reason.REAL_TIME) for side in ("baseline", "candidate")]
    assert campaign.boot(wanted) == 1
    assert listener.started[-1] == ("baseline", "e1000", "real")


@pytest.mark.parametrize(
    ("load", "firmware", "scenario", "attempt"),
    [
        (99.0, "ovmf", "efi-tftp", "shift5"),
        (0.0, "ovmf", "efi-tftp", "shift7"),
        (99.0, "seabios", "pxe-tftp", "shift7"),
        (99.0, "seabios", "prompt", "real"),
    ],
)
def test_under_load_ovmf_starts_slower(load: float, firmware: str, scenario: str, attempt: str, tmp_path: Path) -> None:
    cells = plan_cells(Filters(scenarios=(scenario,), nic_models=("e1000",), platform_firmware=(firmware,)))
    equipment = dataclasses.replace(make_equipment(), load=load)
    assert equipment.choose_first_clock(cells[0]).attempt == attempt


def test_a_scenario_knows_how_its_boots_end(tmp_path: Path) -> None:
    campaign, _ = make_campaign(tmp_path, pass_all, scenarios=("pxe-tftp",), nic_models=("e1000",))
    campaign.run()
    assert not campaign.knows(campaign.traces()[0])


def test_a_campaign_in_which_everything_breaks_ends(tmp_path: Path) -> None:
    campaign, listener = make_campaign(tmp_path, break_all, scenarios=("nbp-sizes",), nic_models=("e1000", "rtl8139"))
    with pytest.raises(CellError, match=r"^5 boots broke and none did not, the rest was not tried") as caught:
        campaign.run()
    last = list(campaign.errors.values())[-1]
    assert str(caught.value).endswith(f"; the last: {last}")
    assert (caught.value.directory, caught.value.remedy) == (last.directory, last.remedy)
    assert len(campaign.errors) == BROKEN_LIMIT == listener.finished
    assert campaign.traces() == ()


def test_a_campaign_in_which_something_worked_goes_on(tmp_path: Path) -> None:
    worked: list[CellSpecification] = []

    def answer(specification: CellSpecification) -> Trace | CellError:
        worked.append(specification)
        return break_all(specification) if len(worked) > 1 else pass_all(specification)

    campaign, listener = make_campaign(tmp_path, answer, scenarios=("nbp-sizes",), nic_models=("e1000", "rtl8139"))
    campaign.run()
    assert (len(campaign.traces()), len(campaign.errors)) == (1, listener.finished - 1)
    assert listener.finished > BROKEN_LIMIT + 1


def test_wrong_input_of_many_cells_does_not_keep_the_others_from_being_tried(tmp_path: Path) -> None:
    def answer(specification: CellSpecification) -> Trace | CellError:
        is_wrong = specification.key.scenario != "pxe-tftp"
        return CellError(f"{INPUT_WORDS}: mine: no") if is_wrong else pass_all(specification)

    campaign, listener = make_campaign(tmp_path, answer, scenarios=("nbp-sizes", "pxe-tftp"), nic_models=("e1000",))
    campaign.run()
    assert len(campaign.errors) == listener.finished - 2 > BROKEN_LIMIT
    assert len(campaign.traces()) == 2


def test_a_few_broken_cells_do_not_end_it(tmp_path: Path) -> None:
    def answer(specification: CellSpecification) -> Trace | CellError:
        return break_all(specification) if specification.key.scenario == "grub" else pass_all(specification)

    campaign, _ = make_campaign(tmp_path, answer, scenarios=("grub", "pxe-tftp"), nic_models=("e1000",))
    campaign.run()
    assert len(campaign.errors) == 2
    assert len(campaign.traces()) == 2
