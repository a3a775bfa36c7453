"""Guests that can come no further end before their deadline and are failed boots whose services live: exit status 1."""

import pytest

from bootrig.trace.trace import Trace
from tests.cli.command import find_run_directory, load_traces, run_command

pytestmark = [pytest.mark.rig, pytest.mark.timeout(600)]
SCENARIO = """\
summary = "a program that comes no further"
report = "nbp"
milestones = ["dhcp-ack", "tftp-complete"]
[dhcp]
boot_file = "nbp.0"
[tftp."nbp.0"]
content = "hex"
hex = "{}"
[deadline]
guest_s = 500
wall_s = 400
"""
# What each program does, its bytes, and what is said of it.
PROGRAMS = {
    "resets": ("ea0000ffff", "the guest reset itself 4 times"),  # jmp 0xffff:0
    "halts": ("faf4", "the processor is halted and takes no interrupts"),  # cli; hlt
    "off": ("ba0406b80020eff4", "the guest powered itself off"),  # out PIIX4's PM control, 0x2000: S5
    # puts `jmp $` at 0:0x4f0 and goes there
    "crashes": (
        "31c08ed8c706f004ebfeeaf0040000",
        "the guest has crashed: its processor runs in the interrupt vectors",
    ),
}


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    """The traces of boots in virtual time, by the name of the program."""
    directory = tmp_path_factory.mktemp("ends")
    recipes = directory / "recipes" / "scenarios"
    recipes.mkdir(parents=True)
    words = ["run", "ipxe-debian-12", "--nic", "e1000", "--machine", "pc", "--runs", "runs"]
    for name, (program, _) in PROGRAMS.items():
        (recipes / f"{name}.toml").write_text(SCENARIO.format(program))
        words += ["--scenario", name]
    ended = run_command(directory, *words, environment={"BOOTRIG_RECIPES": str(recipes.parent)})
    assert ended.status == 1
    found = load_traces(find_run_directory(directory / "runs"))
    return {trace.key.scenario: trace for trace in found if trace.clock.is_virtual}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_it_ends_before_its_deadline_and_says_why(name: str, traces: dict[str, Trace]) -> None:
    trace = traces[name]
    assert trace.ended_by == PROGRAMS[name][1]
    assert [service.alive for service in trace.services] == [True] * len(trace.services)
