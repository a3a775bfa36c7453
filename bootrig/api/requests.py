"""What is asked for: a matrix of cells, a single boot; who is told how it goes."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from bootrig.emulator.definition.launch import Launch, require_possible
from bootrig.errors import InputError
from bootrig.schedule.plan import Filters


def count_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Which cells are booted, and how.

    Attributes:
        filters: what of the matrix is tried.
        parallelism: cells at a time; None for one a processor.
        is_virtual: whether guests' clocks count instructions; None for yes where the accelerator allows it.
        accelerator: `auto`, `tcg` or `kvm`.
        launch: how guests are started.
        runs: where run directories are made; None for `bootrig-runs` in the working directory.
        argv: the command's words, for the record.
    """

    filters: Filters = field(default_factory=Filters)
    parallelism: int | None = None
    is_virtual: bool | None = None
    accelerator: str = "auto"
    launch: Launch = field(default_factory=Launch)
    runs: Path | None = None
    argv: tuple[str, ...] = ()

    def require_sound(self) -> int:
        """Return how many cells run at a time.

        Raises:
            InputError: what is asked for is not possible.
        """
        require_possible(self.launch)
        if self.parallelism is None:
            return count_processors()
        if self.parallelism < 1:
            raise InputError(f"-j {self.parallelism}: at least one cell has to run")
        return self.parallelism


@dataclass(frozen=True, slots=True, kw_only=True)
class BootRequest:
    """One boot.

    Attributes:
        rom_set: the ROM set, as users name it.
        scenario: the scenario.
        nic_model: the NIC model.
        machine: the guest; None for the scenario's first.
        platform_firmware: None for the scenario's first.
        emulator: the emulator.
        interactive: whether somebody sits at the console: then time is real.
        is_virtual: whether the guest's clock counts instructions; None for yes where the accelerator allows it.
        accelerator: `auto`, `tcg` or `kvm`.
        launch: how the guest is started.
        runs: where run directories are made.
        argv: the command's words, for the record.
    """

    rom_set: str
    scenario: str = "pxe-tftp"
    nic_model: str = "e1000"
    machine: str | None = None
    platform_firmware: str | None = None
    emulator: str = "host"
    interactive: bool = False
    is_virtual: bool | None = None
    accelerator: str = "auto"
    launch: Launch = field(default_factory=Launch)
    runs: Path | None = None
    argv: tuple[str, ...] = ()
