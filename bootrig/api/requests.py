"""What is asked for: a matrix of cells, a single boot; who is told how it goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bootrig.cache import choose_default_freshness
from bootrig.emulator.definition.launch import AcceleratorWish, Launch, choose_default_accelerator, require_possible
from bootrig.errors import InputError
from bootrig.schedule.executors.choice import require_cluster
from bootrig.schedule.plan import Filters, PlannedCell, plan_cells
from bootrig.schedule.shard import Shard
from bootrig.schedule.stack import Stack, require_filters, vary_cells
from bootrig.trace.names import CellKey

FILTERS = {
    "nic": "nic_models",
    "scenario": "scenarios",
    "machine": "machines",
    "platform_firmware": "platform_firmware",
    "emulator": "emulators",
    "suite": "suites",
}
"""The fields of `Filters` by the words that users have for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How guests are booted.

    Attributes:
        is_virtual: whether guests' clocks count instructions at first; None for yes unless KVM is asked for.
        accelerator: `auto`, `tcg` or `kvm`; `$BOOTRIG_ACCELERATOR` by default.
        launch: how guests are started.
        runs: where run directories are made; None for `bootrig-runs` in the working directory.
        argv: the command's words, for the record.
    """

    is_virtual: bool | None = None
    accelerator: str = field(default_factory=choose_default_accelerator)
    launch: Launch = field(default_factory=Launch)
    runs: Path | None = None
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Request):
    """Which cells are booted: what the filters leave, of that those in `only`, of that one `shard`.

    At most `parallelism` run at a time (None for one a processor).
    What makes a run or a comparison end badly is seen in real time in one cell of each cause, or `confirm_everywhere`;
    by which accelerator `confirm_by` says: `auto` for KVM where it is proven, `tcg` or `kvm`.
    Boots that the cache knows are booted again where all are to be fresh; by default where `$BOOTRIG_FRESH` is set.
    Each cell is booted `repeat` times, to see whether its boots end alike.
    Boots that begin alike begin once, unless all have to be cold. Cells run here, or `on` the workers of a scheduler,
    `dask://HOST:PORT`; then `parallelism` is by default what the workers have place for.
    """

    filters: Filters = field(default_factory=Filters)
    only: frozenset[CellKey] | None = None
    shard: Shard | None = None
    parallelism: int | None = None
    confirm_everywhere: bool = False
    confirm_by: str = AcceleratorWish.AUTO
    is_fresh: bool = field(default_factory=choose_default_freshness)
    is_cold: bool = False
    repeat: int = 1
    on: str | None = None

    def plan(self, stacks: Sequence[Stack] = ()) -> tuple[PlannedCell, ...]:
        """Return the cells that are asked for of sides that set `stacks`.

        Raises:
            DocumentError: a scenario does not exist or is wrong.
            InputError: a filter names what does not exist or a side sets, or nothing is left.
        """
        require_filters(self.filters.emulators, self.filters.platform_firmware, stacks)
        planned = vary_cells(plan_cells(self.filters), stacks)
        if self.only is not None:
            planned = tuple(cell for cell in planned if cell.key in self.only)
        return planned if self.shard is None else self.shard.select(planned)

    def require_sound(self) -> None:
        """Make sure that what is asked for is possible.

        Raises:
            InputError: it is not.
        """
        require_possible(self.launch)
        if self.parallelism is not None and self.parallelism < 1:
            raise InputError(f"-j {self.parallelism}: at least one cell has to run")
        if self.repeat < 1:
            raise InputError(f"--repeat {self.repeat}: a cell has to be booted at least once")
        if self.on is not None:
            require_cluster(self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootRequest(Request):
    """One boot: of a ROM set as users name it, by default with the scenario's first guest and platform firmware.

    Somebody sits at the console where it is `interactive`: then time is real.
    """

    rom_set: str
    scenario: str = "pxe-tftp"
    nic_model: str = "e1000"
    machine: str | None = None
    platform_firmware: str | None = None
    emulator: str = "host"
    interactive: bool = False
