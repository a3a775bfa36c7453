"""Which cells are booted at a second clock, so that waits can be told from work, and for which other cells these speak.

Where a stage takes as much longer with the candidate in one cell as in another one with the same ROM, guest and
firmware, the same code makes the difference: the work that two clocks tell of the one is that of the other. With
another NIC that is so where the stage also takes as long on either side.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bootrig.compare.pairing import CellPair, PairedCell, Pairing
from bootrig.trace.reading.attempts import WantedBoot
from bootrig.trace.reading.stages import Split, Stage, StageTime, measure_stages, split_stages

# A stage takes another time where it is so much longer on one side, and as much longer in two cells within it.
ALIKE_S = 0.25
# Packets are stamped where they leave QEMU: those of virtio-net-pci up to 10 ms after the guest has sent them, on a
# loaded host. Over many blocks of a file that adds up.
BLOCK_S = 0.02

Works = Mapping[Stage, tuple[float | None, float | None]]


def find_noise_s(*times: StageTime) -> float:
    """Return what the blocks of files add to the noise of a stage."""
    return BLOCK_S * max(time.blocks for time in times)


@dataclass(frozen=True, slots=True, eq=False)
class _TimedCell:
    """A cell that can be split, and how long the stages took that both of its boots have: baseline, candidate."""

    cell: PairedCell
    times: Mapping[Stage, tuple[StageTime, StageTime]]

    @property
    def pair(self) -> CellPair:
        return self.cell.judged

    def iter_open(self) -> Iterator[Stage]:
        """Yield the stages that take another time on one side, and of which no boots tell why."""
        for stage, (first, second) in self.times.items():
            differs = abs(second.guest_s - first.guest_s) > ALIKE_S + find_noise_s(first, second)
            if differs and self.pair.second is None and stage not in self.pair.lent:
                yield stage

    @property
    def nic_model(self) -> str:
        return self.pair.key.nic_model

    def tells_of(self, other: "_TimedCell", stage: Stage) -> bool:
        """Whether a stage differs as much in another cell, between the same packets, and is there not less noisy.

        With another NIC each side has to take as long, too.
        """
        if stage not in self.times or stage not in other.times:
            return False
        mine, others = self.times[stage], other.times[stage]
        if [time.packets for time in mine] != [time.packets for time in others]:
            return False
        off_s = [theirs.guest_s - own.guest_s for own, theirs in zip(mine, others, strict=True)]
        compared: list[float] = [off_s[1] - off_s[0], *(off_s if self.nic_model != other.nic_model else ())]
        noise_s = find_noise_s(*others)
        return find_noise_s(*mine) <= noise_s and max(abs(one_s) for one_s in compared) <= ALIKE_S + noise_s


def _time(cell: PairedCell) -> _TimedCell:
    first, second = (measure_stages(trace) for trace in cell.judged.sides)
    return _TimedCell(cell, {stage: (first[stage], second[stage]) for stage in first if stage in second})


def _group(pairing: Pairing) -> Iterable[list[_TimedCell]]:
    """Return the cells that can be split, by what they have in common, whatever the NIC."""
    places: dict[tuple[str, ...], list[_TimedCell]] = {}
    for cell in pairing.paired:
        if cell.can_be_split:
            places.setdefault(cell.place, []).append(_time(cell))
    return places.values()


def share_works(pairing: Pairing) -> Pairing:
    """Return the cells with the work of those whose boots at the second clock tell of them."""
    lent = {one.pair.key: works for cells in _group(pairing) for one, works in _lend(cells) if one.pair.second is None}
    return replace(
        pairing,
        paired=tuple(
            replace(cell, judged=replace(cell.judged, lent=lent[cell.judged.key])) if cell.judged.key in lent else cell
            for cell in pairing.paired
        ),
    )


def _lend(cells: Sequence[_TimedCell]) -> Iterator[tuple[_TimedCell, Works]]:
    """Yield each cell with the work of the first one that tells of it, stage by stage, with its own NIC if possible."""
    lenders = [(one, _find_works(one.pair)) for one in cells if one.pair.second is not None]
    for cell in cells:
        works: dict[Stage, tuple[float | None, float | None]] = {}
        for lender, told in sorted(lenders, key=lambda one: one[0].nic_model != cell.nic_model):
            works |= {stage: told[stage] for stage in told.keys() - works.keys() if lender.tells_of(cell, stage)}
        yield cell, works


def _find_works(pair: CellPair) -> Works:
    """Return the instructions of baseline and candidate in each stage that all of their boots have."""
    first, second = (split_stages(*clocks) for clocks in zip(pair.sides, pair.second or (), strict=True))
    return {stage: (_find_work(first[stage]), _find_work(second[stage])) for stage in first if stage in second}


def _find_work(split: Split | None) -> float | None:
    return None if split is None else split.work_instructions


def find_untimed(pairing: Pairing) -> tuple[PairedCell, ...]:
    """Return the cells in which some stage takes another time, and no boots tell whether it waits longer or works."""
    return tuple(one.cell for cells in _group(pairing) for one in cells if any(one.iter_open()))


def find_second_clocks(pairing: Pairing) -> list[WantedBoot]:
    """Return the boots that tell waits from work: of one cell for each NIC, and of those of which none tells.

    The one is the cheapest of those that passed with a NIC, machine, platform firmware and emulator; by a program that
    came over the network where there is one, for such boots have all stages.
    """
    return [boot for cells in _group(pairing) for boot in _want(cells) if boot.key not in pairing.broken]


def _want(cells: Sequence[_TimedCell]) -> Iterator[WantedBoot]:
    asked: list[_TimedCell] = []
    ordered = sorted(cells, key=lambda one: _find_cost(one.cell))
    told = {one.nic_model for one in cells if one.pair.second}
    for one in ordered:
        if one.nic_model not in told and one.pair.both_passed and one.cell.want_second():
            asked.append(one)
            told.add(one.nic_model)
    for one in ordered:
        is_open = any(not any(other.tells_of(one, stage) for other in asked) for stage in one.iter_open())
        if one not in asked and is_open and one.cell.want_second():
            asked.append(one)
    for one in asked:
        yield from one.cell.want_second()


def _find_cost(cell: PairedCell) -> tuple[bool, float]:
    """Return the place of a cell among those that tell of others: whole boots first, then those of the least time."""
    traces = cell.judged.sides
    is_whole = all(trace.find_milestone("nbp-entered") for trace in traces)
    return not is_whole, sum(max((event.guest_s for event in trace.wire), default=0.0) for trace in traces)
