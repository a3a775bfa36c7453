"""What a recording says of itself."""

from collections.abc import Iterable, Sequence

from bootrig.compare.linting import find_named
from bootrig.record.recording import Heading
from bootrig.record.run import Run
from bootrig.schedule.boot_key import digest_scenario
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.sides import Side


def describe_recording(
    side: Side, run: Run, cells: Iterable[tuple[Side, PlannedCell]], suites: Sequence[str]
) -> Heading:
    """Return the heading of the recording of a side, by what its run says of it."""
    scenarios = {cell.key.scenario: cell.scenario for _, cell in cells}
    return Heading(
        name=side.given if "/" not in side.given else side.rom_set.name,
        origin=dict(side.rom_set.origin),
        roms=run.sides[0].roms,
        emulators=run.emulators,
        platform_firmware=run.platform_firmware,
        suites=tuple(suites),
        scenarios={name: digest_scenario(scenario) for name, scenario in scenarios.items()},
        recorded=run.started[:10],
        bootrig=run.bootrig,
        lint=find_named(side.rom_set),
    )
