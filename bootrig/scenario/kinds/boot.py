"""A boot that its ROM drives alone, until a probe reports."""

from bootrig.document.toml import TableReader
from bootrig.scenario.kinds.kind import Kind
from bootrig.scenario.kinds.stage import Stage
from bootrig.scenario.scenario import Scenario
from firmware.probe.registry import REPORT_MILESTONES


class BootKind(Kind):
    """`kind = "boot"`, the default."""

    begins_alone = True

    def check(self, scenario: Scenario, root: TableReader) -> None:
        """Note a missing report, and steps that nobody takes."""
        if not scenario.expectation.report:
            known = ", ".join(REPORT_MILESTONES)
            root.add_problem("report", f"missing; a boot needs the kind of the probe that has to report: {known}")
        if scenario.expectation.steps:
            root.add_problem("step", 'nobody is at the console of such a boot; steps are for kind = "console"')

    async def drive(self, stage: Stage) -> None:
        """Wait for the report."""
        await stage.start_guest()
        await stage.await_milestone(REPORT_MILESTONES[stage.scenario.expectation.report])


KIND = BootKind()
