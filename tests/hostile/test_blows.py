"""A part of a run is killed or stopped at some moment: it ends, says what broke, loses no trace, leaves nothing."""

import json
import stat
from pathlib import Path

import pytest

from bootrig.jsonfile import load_json
from bootrig.record.judgement import judge
from bootrig.record.run import find_run
from bootrig.trace.trace import Trace
from tests.cli.command import Command, start_command
from tests.hostile.blows import Blow, choose_blow, strike
from tests.leaks import find_leaks, take_snapshot

pytestmark = [pytest.mark.rig, pytest.mark.timeout(600)]
COUNT, SAMPLE = 200, 10
GRACE_S = 2.0
NIC_MODELS = ("e1000", "virtio-net-pci", "rtl8139", "ne2k_pci")
SCENARIO = """\
summary = "a boot with short deadlines"
report = "nbp"
milestones = ["dhcp-ack", "tftp-complete"]
[dhcp]
boot_file = "nbp.0"
[tftp."nbp.0"]
content = "probe"
[deadline]
guest_s = 90
wall_s = 45  # a third of it in virtual time
"""


def read_traces(command: Command) -> dict[Path, bytes]:
    """Return the traces that are there."""
    return {path: path.read_bytes() for path in command.runs.glob("*/cells/**/trace.json")}


def require_readable(runs: Path, kept: dict[Path, bytes]) -> None:
    """Check that no trace is lost or damaged, nothing is half-written, no named pipe is left, and `judge` reads it."""
    for path, content in kept.items():
        assert path.read_bytes() == content
    for path in runs.glob("*/cells/**/trace.json"):
        load_json(path, Trace)
    left = [path for path in runs.rglob("*") if path.name.startswith(".") and path.name != ".bootrig"]
    assert left == []
    assert [path for path in runs.rglob("*") if stat.S_ISFIFO(path.lstat().st_mode)] == []
    for path in runs.glob("*/run.json"):
        run = find_run(str(path.parent))
        judge(run, run)


@pytest.mark.parametrize(
    "blow",
    [
        pytest.param(blow, id=f"{number}-{blow}", marks=() if number < SAMPLE else pytest.mark.slow)
        for number, blow in enumerate(map(choose_blow, range(COUNT)))
    ],
)
def test_a_blow(blow: Blow, tmp_path: Path, own_directories: Path) -> None:
    scenarios = tmp_path / "recipes" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "short.toml").write_text(SCENARIO)
    words = ["run", "ipxe-debian-12", "--scenario", "short", "--machine", "pc", "-j", "2", "--json", "outcomes.json"]
    for nic_model in NIC_MODELS:
        words += ["--nic", nic_model]
    before = take_snapshot(own_directories, tmp_path)
    environment = {"BOOTRIG_RECIPES": str(scenarios.parent)}
    with start_command(tmp_path, *words, "--runs", "runs", environment=environment) as command:
        struck = strike(command, blow)
        kept = read_traces(command)
        ended = command.wait()
    assert find_leaks(before, own_directories, tmp_path, GRACE_S) == []
    print(f"struck {struck or 'nothing'}, exit status {ended.status}")
    assert ended.status in (blow.statuses if struck else {0}), ended
    assert "Traceback" not in ended.err + ended.out
    require_readable(command.runs, kept)
    outcomes = tmp_path / "outcomes.json"
    if ended.status == 3 and not outcomes.exists():
        # before it has forked any cell nothing was seen that could be told
        assert struck == "zygote"
        assert "\nbootrig: the process that forks the cells " in ended.err
    elif ended.status in (0, 3):
        told = json.loads(outcomes.read_text())
        assert len(told["cells"]) + len(told["broken"]) == len(NIC_MODELS)
        assert {cell["state"] for cell in told["cells"]} <= {"passed"}
        assert bool(told["broken"]) is (ended.status == 3)
