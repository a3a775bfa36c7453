"""What bootrig does, as functions over requests: compare, run, rerun, record, boot, judge.

The commands and the pytest plugin are thin layers over this package. Progress is told to a `Listener`; nothing here
prints. What is wrong with a request is an `InputError`, a broken rig a `RigError`; how boots ended, and the verdict,
are values.
"""

from bootrig.api.bisect import Bisected, BisectListener, SourceRange, Trial, bisect_commits, bisect_sides
from bootrig.api.bisection import Step
from bootrig.api.matrix import compare, list_cells, record, run
from bootrig.api.requests import FILTERS, BootRequest, Matrix
from bootrig.api.rerun import Rerun, rerun, rerun_one
from bootrig.api.results import CompareResult, RecordResult, RunResult
from bootrig.api.single import OpenedConsole, boot, open_console
from bootrig.compare import Policy, load_policy
from bootrig.emulator.definition.launch import Launch
from bootrig.record.judgement import judge
from bootrig.record.merging import merge_runs
from bootrig.record.run import find_run
from bootrig.schedule.campaign import Listener
from bootrig.schedule.plan import Filters
from bootrig.schedule.shard import Shard

__all__ = [
    "FILTERS",
    "BisectListener",
    "Bisected",
    "BootRequest",
    "CompareResult",
    "Filters",
    "Launch",
    "Listener",
    "Matrix",
    "OpenedConsole",
    "Policy",
    "RecordResult",
    "Rerun",
    "RunResult",
    "Shard",
    "SourceRange",
    "Step",
    "Trial",
    "bisect_commits",
    "bisect_sides",
    "boot",
    "compare",
    "find_run",
    "judge",
    "list_cells",
    "load_policy",
    "merge_runs",
    "open_console",
    "record",
    "rerun",
    "rerun_one",
    "run",
]
