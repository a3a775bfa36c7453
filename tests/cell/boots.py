"""Real boots that many tests look at: run once by the command, whichever test and worker asks first."""

import fcntl
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootrig.scenario.file import load_scenario_family
from bootrig.trace.reading.attempts import settle_traces
from bootrig.trace.trace import OutcomeStatus, Trace
from tests.cli.command import Ended, find_run_directory, load_traces, start_command

# Tests that look at these boots have 900 s; a loaded machine may need most of it.
LIMIT_S = 840.0


@dataclass(frozen=True, slots=True)
class Boots:
    """One run of the command, and what its cells saw.

    Attributes:
        ended: how the command ended.
        run_directory: where everything is that it saw.
        traces: of all boots.
    """

    ended: Ended
    run_directory: Path
    traces: tuple[Trace, ...]

    def find(self, scenario: str, nic_model: str = "e1000", rom_set: str = "ipxe-debian-12") -> Trace:
        """Return the trace that counts for a cell on the scenario's first guest."""
        machine = load_scenario_family(scenario)[0].guest.machines[0]
        wanted = (scenario, nic_model, machine, rom_set)
        found = [
            trace
            for trace in self.traces
            if (trace.key.scenario, trace.key.nic_model, trace.key.machine, trace.rom_set) == wanted
        ]
        (counted,) = settle_traces(found)
        return counted

    @property
    def passed(self) -> tuple[Trace, ...]:
        """The traces of boots that passed."""
        return tuple(trace for trace in self.traces if trace.outcome.status is OutcomeStatus.PASSED)


def boot_once(
    directory: Path, *words: str, environment: Mapping[str, str] | None = None, before: tuple[str, ...] = ()
) -> Boots:
    """Run the command with `words` unless that has been done in `directory`, which workers share.

    Args:
        directory: named after what is run; it keeps the run and how it ended.
        words: the verb and its arguments.
        environment: what the command has beside this process's environment.
        before: the words that start it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    told = directory / "ended.json"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            if (directory / "runs").exists():
                pytest.fail(f"the command did not end when it was run for another test; see {directory}")
            with start_command(directory, *words, "--runs", "runs", environment=environment, before=before) as command:
                ended = command.wait(LIMIT_S)
            told.write_text(json.dumps([ended.status, ended.out, ended.err]))
    run_directory = find_run_directory(directory / "runs")
    return Boots(Ended(*json.loads(told.read_text())), run_directory, tuple(load_traces(run_directory)))
