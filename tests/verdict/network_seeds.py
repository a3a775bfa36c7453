"""Seeded faults in networks: servers that do not do what the scenario says break the rig, and no ROM is blamed."""

import os
from dataclasses import dataclass
from pathlib import Path

from bootrig.compare.verdict import Answer
from bootrig.errors import ExitStatus
from bootrig.process import require_tool
from bootrig.recipe.path import VARIABLE
from tests.verdict.guest_seeds import write_recipe
from tests.verdict.seed import Expected, Place, Seed, break_, regression
from tests.verdict.world import World

NAME = "seeded-network"
PXE = """
report = "nbp"
milestones = ["dhcp-ack", "tftp-complete"]
[dhcp]
boot_file = "nbp.0"
next_server = {next_server}
[tftp."nbp.0"]
content = "probe"
[deadline]
guest_s = 90
wall_s = 120
"""
BY_NAME = """
report = "nbp"
by = "script"
over = "http"
milestones = ["dhcp-ack"]
[dhcp]
boot_file = "boot.ipxe"
[tftp."boot.ipxe"]
content = "text"
text = "#!ipxe\\nchain http://server.bootrig.test/nbp.0\\n"
[http]
families = [{families}]
[http."nbp.0"]
content = "probe"
[deadline]
guest_s = 90
wall_s = 120
"""
MAC = """
report = "nbp"
by = "script"
over = "tftp"
milestones = ["dhcp-ack"]
[dhcp]
boot_file = "boot.ipxe"
[tftp."boot.ipxe"]
content = "text"
text = "#!ipxe\\nifclose net0\\nset net0/mac {mac}\\ndhcp net0\\nchain tftp://10.0.2.1/nbp.0\\n"
[tftp."nbp.0"]
content = "probe"
[deadline]
guest_s = 90
wall_s = 120
"""
DEVICE_MAC, FOREIGN_MAC = "52:54:00:12:34:56", "52:54:00:65:43:21"

# dnsmasq as the candidate's cell of the first NIC gets it; every other cell gets the real one
PROGRAM = """#!/bin/sh
file=${{2#--conf-file=}}
case $file in
*/candidate/*+{nic_model}+*) ;;
*) exec {real} "$@" ;;
esac
{script}
"""
# it is ready, as far as its log says, once it has been stopped or killed
READY = """{real} "$@" 2>"$file.log" &
until grep -q 'started, version' "$file.log"; do sleep 0.02; done
kill -{signal} $!
cat "$file.log" >&2
wait $!
"""


@dataclass(frozen=True, slots=True)
class ScenarioFault:
    """Scenarios of one name that differ.

    Attributes:
        baseline: the file of the right one, without its first line.
        candidate: that of the faulty one.
        rom_set: the name of the ROM set in both.
    """

    baseline: str
    candidate: str
    rom_set: str = "ipxe-debian-12"

    def make_worlds(self, place: Place, directory: Path) -> tuple[World, World]:
        """Write a directory of recipes for each side."""
        baseline, candidate = (
            World(self.rom_set, {VARIABLE: str(write_recipe(directory / side, "scenarios", place.scenario, text))})
            for side, text in (
                ("right", f'summary = "as it is meant"\n{self.baseline}'),
                ("faulty", f'summary = "with a fault"\n{self.candidate}'),
            )
        )
        return baseline, candidate


@dataclass(frozen=True, slots=True)
class ServerFault:
    """A dnsmasq that is not what it is meant to be, in one cell of the candidate.

    Attributes:
        script: what is done in place of starting it, in the shell's language; its configuration is `$file`.
        rom_set: the name of the ROM set in both.
    """

    script: str
    rom_set: str = "ipxe-debian-12"

    def make_worlds(self, place: Place, directory: Path) -> tuple[World, World]:
        """Write a program that takes the place of dnsmasq."""
        real = require_tool("dnsmasq")
        program = directory / "bin" / "dnsmasq"
        program.parent.mkdir()
        script = self.script.replace("{real}", str(real))
        program.write_text(PROGRAM.format(real=real, nic_model=place.nic_models[0], script=script))
        program.chmod(0o755)
        world = World(self.rom_set, {"PATH": f"{program.parent}:{os.environ['PATH']}"})
        return world, world


def edit(expression: str) -> ServerFault:
    """Return a server whose configuration was edited by sed."""
    return ServerFault(f'sed -i \'{expression}\' "$file"\nexec {{real}} "$@"')


SEEDS = (
    Seed(
        "another next server than the scenario's",
        edit(r"s/,,10\.0\.2\.1$/,,10.0.2.9/"),
        break_("next_server means 10.0.2.1"),
        is_cheap=True,
    ),
    Seed("a dead server", ServerFault(READY.replace("{signal}", "KILL")), break_("dnsmasq")),
    Seed(
        "a hung server",
        ServerFault(READY.replace("{signal}", "STOP")),
        break_("dnsmasq was stopped"),
        is_cheap=True,
    ),
    Seed(
        "a silent server",
        edit("s/^dhcp-host=.*/dhcp-ignore=tag:!known/"),
        break_("dhcp"),
    ),
    Seed(
        "a slow server",
        edit("$a dhcp-reply-delay=1"),
        Expected(Answer.COMPATIBLE, ExitStatus.GOOD),
    ),
    Seed(
        "a next server that is not there",
        ScenarioFault(PXE.format(next_server="true"), PXE.format(next_server='"10.0.2.9"')),
        regression(),
        Place(("e1000",), NAME),
    ),
    Seed(
        "an AAAA record without a service",
        ScenarioFault(
            BY_NAME.format(families='"ip4", "ip6"'), BY_NAME.format(families='"ip4"'), rom_set="ipxe-debian-13"
        ),
        regression(),
        Place(("e1000",), NAME),
    ),
    Seed(
        "a MAC address that is not the device's",
        ScenarioFault(MAC.format(mac=DEVICE_MAC), MAC.format(mac=FOREIGN_MAC)),
        regression("mac"),
        Place(("e1000",), NAME),
    ),
)
