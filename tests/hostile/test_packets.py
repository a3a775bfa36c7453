"""Programs that flood the network are failed boots: they end in time, and the rig stays small."""

from pathlib import Path

import pytest

from tests.cell.boots import boot_once
from tests.hostile.bounds import require_small
from tests.hostile.packets import FLOODS

pytestmark = [pytest.mark.rig, pytest.mark.timeout(600)]
SCENARIO = """\
summary = "a program that floods the network"
report = "nbp"
milestones = ["dhcp-ack", "tftp-complete"]
[dhcp]
boot_file = "nbp.0"
[tftp."nbp.0"]
content = "hex"
hex = "{}"
[deadline]
guest_s = 90
wall_s = 150
"""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "tcp-gaps" else pytest.mark.slow) for name in FLOODS],
)
def test_a_flood(name: str, tmp_path: Path) -> None:
    scenarios = tmp_path / "recipes" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "flood.toml").write_text(SCENARIO.format(FLOODS[name].build().hex()))
    words = ("ipxe-debian-12", "--nic", "e1000", "--machine", "pc", "--scenario", "flood", "--time", "virtual")
    boots = boot_once(tmp_path, "boot", *words, environment={"BOOTRIG_RECIPES": str(scenarios.parent)})
    assert boots.ended.status == 1, boots.ended
    (trace,) = boots.traces
    # a halted guest's clock may reach the deadline before anybody has looked at its processor
    assert trace.ended_by.endswith((FLOODS[name].ended_by, "s of guest time passed"))
    require_small(trace, boots.run_directory)
