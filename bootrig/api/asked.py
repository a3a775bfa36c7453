"""What a session boots: sides, named by the user or those of an earlier run, and cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bootrig.api.recorded import RecordedSide, serve_cells
from bootrig.api.requests import Matrix
from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.record.recording import Recording
from bootrig.romset.obtain import require_rom_sets
from bootrig.schedule.equipment import Equipment
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.results import KeptResults
from bootrig.schedule.sides import label_sides, obtain_sides
from bootrig.schedule.stack import Stack, require_portable, resolve_stack
from firmware.romset import RomSet

SIDES = ("baseline", "candidate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a session boots.

    Attributes:
        names: the sides that are booted, as the user gave them.
        labels: the sides' labels, of which no two are the same.
        stacks: what the sides set beside their ROMs.
        planned: the cells.
        obtain: returns the sides' ROM sets.
        guests: definitions of guests, by name, that are to be those of an earlier run.
        require: raises an InputError where this machine has something else than it takes, before anything is made.
        kept: boots that need not be made again; None for those of the cache.
        repeats: the name of the run that is repeated, empty for none.
        recorded: the sides that are not booted.
        notes: what is not compared.
    """

    names: Sequence[str]
    labels: Sequence[str]
    stacks: Sequence[Stack]
    planned: Sequence[PlannedCell]
    obtain: Callable[[], Sequence[RomSet]]
    guests: Mapping[str, MachineDefinition] = field(default_factory=dict)
    require: Callable[[Equipment], None] = lambda _equipment: None
    kept: KeptResults | None = None
    repeats: str = ""
    recorded: Sequence[RecordedSide] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_comparison(self) -> bool:
        """Whether one side is held against the other."""
        return tuple(self.labels) == SIDES


def ask_by_names(
    names: Sequence[str],
    matrix: Matrix,
    labels: Sequence[str] = (),
    recordings: Mapping[str, Recording] | None = None,
) -> Asked:
    """Return what users name: sides, and the cells of a matrix. Without `labels` they are made of the names.

    Sides of which there are `recordings`, by their labels, are not booted.

    Raises:
        InputError: the request is wrong.
    """
    matrix.require_sound()
    given = dict(zip(labels or label_sides(names), names, strict=True))
    planned = matrix.plan(tuple(map(resolve_stack, names)))
    recorded: tuple[RecordedSide, ...] = ()
    notes: tuple[str, ...] = ()
    if recordings:
        recorded, planned, notes = serve_cells(recordings, given, planned)
        given = {label: name for label, name in given.items() if label not in recordings}
    booted = tuple(given.values())
    stacks = tuple(map(resolve_stack, booted))
    require_rom_sets(booted)
    if matrix.on is not None:
        require_portable(stacks)
    return Asked(
        names=booted,
        labels=tuple(given),
        stacks=stacks,
        planned=planned,
        obtain=partial(obtain_sides, booted),
        recorded=recorded,
        notes=notes,
    )
