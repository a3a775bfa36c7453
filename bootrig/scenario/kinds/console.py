"""A boot in which somebody sits at the console: a dialogue, then the report of a probe if one is expected."""

import asyncio

from bootrig.document.toml import TableReader
from bootrig.scenario.kinds.kind import Kind
from bootrig.scenario.kinds.stage import Stage
from bootrig.scenario.scenario import ConsoleStep, Scenario
from firmware.probe.registry import REPORT_MILESTONES


class ConsoleKind(Kind):
    """`kind = "console"`."""

    is_real_only = True

    def check(self, scenario: Scenario, root: TableReader) -> None:
        """Note a missing dialogue."""
        if not scenario.expectation.steps:
            root.add_problem("step", "missing; a console scenario needs at least one step")

    async def drive(self, stage: Stage) -> None:
        """Lead the dialogue."""
        await stage.start_guest()
        before: ConsoleStep | None = None
        for step in stage.scenario.expectation.steps:
            again = asyncio.ensure_future(_repeat(stage, before))
            try:
                shown = await stage.await_text(step.expect)
            finally:
                again.cancel()
            if step.milestone:
                stage.note_milestone(step.milestone, shown)
            stage.type_text(step.send)
            before = step
        report = stage.scenario.expectation.report
        if report:
            await stage.await_milestone(REPORT_MILESTONES[report])


async def _repeat(stage: Stage, step: ConsoleStep | None) -> None:
    """Type what a step sends again and again, where it says so; does not return then."""
    while step is not None and step.repeat_s:
        await asyncio.sleep(step.repeat_s)
        stage.type_text(step.send)


KIND = ConsoleKind()
