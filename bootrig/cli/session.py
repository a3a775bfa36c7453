"""What `run` and `compare` do alike: plan, make ready, boot every cell with progress, keep what was seen."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bootrig.cli.matrix_options import read_filters, read_jobs, read_launch, read_time_mode
from bootrig.errors import InputError, RigError
from bootrig.report.console import open_console
from bootrig.report.progress import Progress
from bootrig.scenario.errors import CellError
from bootrig.schedule.campaign import Campaign, Side, make_equipment, make_side
from bootrig.schedule.plan import plan_cells
from bootrig.schedule.pool import start_pool
from bootrig.workdir import make_run_directory
from firmware.nic import NIC_MODELS

NIC_ORDER = tuple(NIC_MODELS)


@dataclass(frozen=True, slots=True)
class MatrixSession:
    """A run that is under way.

    Attributes:
        campaign: boots the cells and keeps the traces.
        sides: the ROM sets.
        run_directory: where everything is kept.
        progress: shows how far it is.
    """

    campaign: Campaign
    sides: tuple[Side, ...]
    run_directory: Path
    progress: Progress


@contextmanager
def start_session(
    arguments: argparse.Namespace, rom_sets: Sequence[str], labels: Sequence[str], name: str
) -> Iterator[MatrixSession]:
    """Make everything ready for the cells of `rom_sets`; processes end with the `with`.

    Raises:
        InputError: a recipe or a filter is wrong.
        RigError: something that the cells need is missing.
    """
    jobs = read_jobs(arguments)
    planned = plan_cells(read_filters(arguments))
    equipment = make_equipment(planned, read_time_mode(arguments), arguments.accelerator, read_launch(arguments))
    run_directory = make_run_directory(arguments.runs, name)
    sides = tuple(make_side(rom_set, run_directory, label) for rom_set, label in zip(rom_sets, labels, strict=True))
    with start_pool(jobs, run_directory) as pool:
        campaign = Campaign(pool, equipment, run_directory, sides, planned)
        total = campaign.count_cells()
        if total == 0:
            raise InputError(
                f"no ROM of {', '.join(rom_sets)} fits the NIC models asked for", remedy="bootrig roms show NAME"
            )
        with Progress(total, open_console(stderr=True)) as progress:
            campaign.listen(
                on_batch=progress.begin,
                on_start=lambda cell: progress.cell_started(cell.rom_set, cell.key),
                on_finish=lambda result: progress.cell_finished(
                    result.specification.rom_set,
                    result.specification.key,
                    result.trace.outcome if result.trace else None,
                ),
            )
            try:
                yield MatrixSession(campaign, sides, run_directory, progress)
            except KeyboardInterrupt:
                progress.note(f"What was seen until now: {run_directory}")
                raise


def require_unbroken(errors: Sequence[CellError]) -> None:
    """Refuse to judge where cells broke.

    Raises:
        RigError: some did; the first one is told whole.
    """
    if errors:
        raise RigError(
            f"the rig broke in {len(errors)} cell{'s' if len(errors) > 1 else ''}, the first: {errors[0]}\n"
            f"its run directory: {errors[0].directory}",
            remedy=errors[0].remedy,
        )
