"""Scenarios from TOML: what is read, and one file for each way to be wrong."""

from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.network.servers.personality import BootFields
from bootrig.recipe.errors import UnknownRecipeError
from bootrig.scenario.scenario import (
    ConsoleMark,
    ConsoleStep,
    ContentKind,
    ScenarioKind,
    ServedFile,
    encode_scenario,
    iter_scenarios,
    lay_over,
    load_scenario_family,
    load_scenarios,
    parse_scenario,
)
from bootrig.trace.reading.milestones import WIRE_MILESTONES
from firmware.nic import NIC_MODELS
from firmware.probe.registry import REPORT_MILESTONES

GOOD = """\
summary = "x"
report = "nbp"
[dhcp]
[deadline]
guest_s = 90
wall_s = 120
"""
WHOLE = """\
summary = "everything"
kind = "console"
machines = ["pc", "q35"]
optional_machines = ["other"]
platform_firmware = ["seabios", "built:mine"]
nic_models = ["e1000", "rtl8139"]
memory_mib = 512
report = "disk"
milestones = ["dhcp-ack", "greeting", "banner"]
disk = true
ends = ["giving up"]

[dhcp]
boot_file = "a/b.0"
next_server = false
fields = "file-option"
router_advertisements = false

[tftp."a/b.0"]
content = "probe"
length = 4096

[tftp.text]
content = "text"
text = "nonce @nonce@"

[http."core.0"]
content = "grub"
modules = ["tftp", "normal"]

[http."file"]
content = "path"
path = "/etc/hostname"
package = "hostname"

[[console]]
milestone = "greeting"
pattern = "hello @nonce@"

[[step]]
expect = "prompt> "
send = "\\u0002"
milestone = "banner"
repeat_s = 0.5

[[step]]
expect = "done"

[deadline]
guest_s = 1.5
wall_s = 2
"""


def write(directory: Path, text: str, name: str = "mine") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text)
    return path


def test_everything_is_read(tmp_path: Path) -> None:
    (scenario,) = load_scenarios(write(tmp_path, WHOLE))
    assert scenario.name == "mine"
    assert scenario.kind is ScenarioKind.CONSOLE
    assert scenario.in_real_time
    assert (scenario.machines, scenario.optional_machines) == (("pc", "q35"), ("other",))
    assert (scenario.platform_firmware, scenario.nic_models) == (("seabios", "built:mine"), ("e1000", "rtl8139"))
    assert (scenario.memory_mib, scenario.report, scenario.disk, scenario.ends) == (512, "disk", True, ("giving up",))
    assert scenario.milestones == ("dhcp-ack", "greeting", "banner")
    assert (scenario.dhcp.boot_file, scenario.dhcp.next_server) == ("a/b.0", False)
    assert (scenario.dhcp.fields, scenario.dhcp.router_advertisements) == (BootFields.FILE_OPTION, False)
    assert scenario.tftp == (
        ServedFile("a/b.0", ContentKind.PROBE, length=4096),
        ServedFile("text", ContentKind.TEXT, text="nonce @nonce@"),
    )
    assert scenario.http == (
        ServedFile("core.0", ContentKind.GRUB, modules=("tftp", "normal")),
        ServedFile("file", ContentKind.PATH, path="/etc/hostname", package="hostname"),
    )
    assert scenario.console == (ConsoleMark("greeting", "hello @nonce@"),)
    assert scenario.steps == (ConsoleStep("prompt> ", "\x02", "banner", 0.5), ConsoleStep("done", "", "", 0.0))
    assert (scenario.guest_s, scenario.wall_s) == (1.5, 2.0)


def test_what_is_left_out_has_a_usual_value(tmp_path: Path) -> None:
    (scenario,) = load_scenarios(write(tmp_path, GOOD))
    assert scenario.kind is ScenarioKind.BOOT
    assert not scenario.in_real_time
    assert (scenario.machines, scenario.platform_firmware) == (("pc",), ("seabios",))
    assert scenario.nic_models == tuple(NIC_MODELS)
    assert scenario.memory_mib is None
    assert scenario.dhcp.boot_file is None
    assert scenario.dhcp.next_server
    assert scenario.dhcp.router_advertisements
    assert scenario.dhcp.personality.boot_file_name is None
    assert (scenario.tftp, scenario.http, scenario.disk, scenario.console) == ((), (), False, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace('summary = "x"\n', ""), "summary: missing; expected a string"),
        (GOOD.replace('"x"', "3"), "summary: found an integer 3, expected a string"),
        (GOOD + "[dchp]\n", "dchp: unknown key"),
        ("memory_mb = 1\n" + GOOD, 'memory_mb: unknown key; did you mean "memory_mib"?'),
        ("memory_mib = 0\n" + GOOD, "memory_mib: found 0, expected at least 1"),
        ('kind = "bot"\n' + GOOD, 'kind: found "bot", expected one of boot, console; did you mean "boot"?'),
        ('machines = "pc"\n' + GOOD, 'machines: found a string "pc", expected an array, each element a string'),
        ("machines = [1]\n" + GOOD, "machines[0]: found an integer 1, expected a string"),
        (
            'platform_firmware = ["seabois"]\n' + GOOD,
            'platform_firmware[0]: found "seabois", expected one of seabios, ovmf; did you mean "seabios"?',
        ),
        (
            'nic_models = ["e1000", "e1002"]\n' + GOOD,
            f"nic_models: [1] 'e1002' is none of {', '.join(NIC_MODELS)}",
        ),
        (
            GOOD.replace('report = "nbp"\n', ""),
            "report: missing; a boot needs the kind of the probe that has to report: nbp, disk or efi",
        ),
        (
            GOOD.replace('"nbp"', '"npb"'),
            'report: found "npb", expected one of nbp, efi, disk; did you mean "nbp"?',
        ),
        (
            GOOD.replace('"nbp"', '"disk"'),
            'disk: a guest whose disk has to report ("report") needs one: disk = true',
        ),
        ('disk = "yes"\n' + GOOD, 'disk: found a string "yes", expected a boolean'),
        (
            'kind = "console"\n' + GOOD.replace('report = "nbp"\n', ""),
            "step: missing; a console scenario needs at least one step",
        ),
        (
            'milestones = ["dhcp-ack", "tftp-complet"]\n' + GOOD,
            'milestones[1]: found "tftp-complet", expected one of dhcp-discover, dhcp-offer, dhcp-request, dhcp-ack, '
            "tftp-request, tftp-complete, tftp-error, http-request, http-complete, nbp-entered, disk-booted; "
            'did you mean "tftp-complete"?',
        ),
        (
            GOOD.replace("[dhcp]", '[dhcp]\nfields = "heder"'),
            'dhcp.fields: found "heder", expected one of header, options, both, file-option; did you mean "header"?',
        ),
        (
            GOOD.replace("[dhcp]", '[dhcp]\nboot_file = "a,b"'),
            "dhcp: boot file name 'a,b' cannot be given to dnsmasq: use printable ASCII without comma, quote, "
            "backslash, # or outer blanks",
        ),
        (GOOD.replace("[dhcp]\n", ""), "dhcp: missing; expected a table"),
        (GOOD.replace("wall_s = 120", "wall_s = 0.5"), "deadline.wall_s: found 0.5, expected at least 1"),
        (GOOD.replace("guest_s = 90\n", ""), "deadline.guest_s: missing; expected a number"),
        (GOOD + "[tftp]\nx = 1\n", "tftp.x: found an integer 1, expected a table"),
        (
            GOOD + '[tftp."nbp.0"]\ncontent = "prob"\n',
            'tftp."nbp.0".content: found "prob", expected one of probe, sector, text, path, grub; '
            'did you mean "probe"?',
        ),
        (
            GOOD + '[tftp."nbp.0"]\ncontent = "probe"\nlength = 511\n',
            'tftp."nbp.0".length: found 511, expected at least 512',
        ),
        (
            GOOD + '[http."a"]\ncontent = "text"\ntext = "x"\nlength = 600\n',
            'http."a".length: content of the kind text has a length of its own',
        ),
        (
            GOOD + '[tftp."a"]\ncontent = "text"\n',
            'tftp."a".text: missing; content of the kind text needs it',
        ),
        (
            GOOD + '[tftp."a"]\ncontent = "path"\n',
            'tftp."a".path: missing; content of the kind path needs it',
        ),
        (
            GOOD + '[tftp."a"]\ncontent = "grub"\n',
            'tftp."a".modules: missing; content of the kind grub needs it',
        ),
        (GOOD + '[tftp."../a"]\ncontent = "probe"\n', 'tftp."../a": leads out of the server\'s root'),
        (GOOD + '[http."/etc/a"]\ncontent = "probe"\n', 'http."/etc/a": leads out of the server\'s root'),
        (GOOD + '[http.""]\ncontent = "probe"\n', 'http."": leads out of the server\'s root'),
        (GOOD + '[[console]]\npattern = "x"\n', "console[0].milestone: missing; expected a string"),
        (
            GOOD + '[[console]]\nmilestone = "m"\npattern = "a("\n',
            'console[0].pattern: found "a(", which is no regular expression: missing ), unterminated subpattern at '
            "position 1",
        ),
        (
            GOOD + '[[step]]\nexpect = "*"\n',
            'step[0].expect: found "*", which is no regular expression: nothing to repeat at position 0',
        ),
        (GOOD + '[[step]]\nexpect = "a"\nrepeat_s = -1\n', "step[0].repeat_s: found -1, expected at least 0"),
        ("variant = 1\n" + GOOD, "variant: expected a table of tables"),
        ("variant.a = 1\n" + GOOD, "variant: expected a table of tables"),
    ],
)
def test_a_file_that_is_wrong(text: str, problem: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DocumentError) as caught:
        load_scenarios(path)
    assert str(caught.value) == f"mine.toml has 1 problem:\n  {path}: {problem}"


def test_a_problem_of_a_variant_has_its_place_in_the_variant(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "[variant.a.deadline]\nguest_s = 0\n")
    with pytest.raises(DocumentError) as caught:
        load_scenarios(path)
    assert str(caught.value) == f"mine.toml has 1 problem:\n  {path}: deadline.guest_s: found 0, expected at least 1"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"mine\.toml cannot be read: No such file or directory"):
        load_scenarios(tmp_path / "mine.toml")


def test_variants_are_scenarios_of_their_own(tmp_path: Path) -> None:
    text = (
        GOOD + '[tftp."a"]\ncontent = "probe"\n[variant.1k.tftp."a"]\nlength = 1024\n[variant.ra.dhcp]\nfields="both"'
    )
    small, routed = load_scenarios(write(tmp_path, text))
    assert (small.name, routed.name) == ("mine[1k]", "mine[ra]")
    assert (small.tftp[0].length, routed.tftp[0].length) == (1024, None)
    assert (small.dhcp.fields, routed.dhcp.fields) == (BootFields.HEADER, BootFields.BOTH)
    assert small.summary == routed.summary == "x"


def test_tables_are_merged_and_everything_else_is_replaced() -> None:
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}
    assert lay_over(base, {"a": {"y": [3]}, "b": {"w": 2}, "c": 5, "d": 6}) == {
        "a": {"x": 1, "y": [3]},
        "b": {"w": 2},
        "c": 5,
        "d": 6,
    }
    assert base == {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}
    assert lay_over(base, {}) == base


def test_a_family_stands_for_its_variants() -> None:
    family = load_scenario_family("script")
    assert [scenario.name for scenario in family] == ["script[ipxe]", "script[gpxe]"]
    assert load_scenario_family("script[gpxe]") == family[1:]
    assert load_scenario_family("script[other]") == ()


def test_an_unknown_scenario_has_a_suggestion() -> None:
    with pytest.raises(UnknownRecipeError, match=r'there is no recipe "scrpt" in .*; did you mean "script"\?'):
        load_scenario_family("scrpt")


def test_a_user_s_own_scenario_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "scenarios"
    own.mkdir()
    write(own, GOOD.replace('"x"', '"mine"'), "pxe-tftp")
    write(own, GOOD, "another")
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    assert load_scenario_family("pxe-tftp")[0].summary == "mine"
    names = [scenario.name for scenario in iter_scenarios()]
    assert "another" in names
    assert "grub" in names


@pytest.mark.parametrize("scenario", list(iter_scenarios()), ids=lambda scenario: scenario.name)
def test_a_shipped_scenario_survives_json(scenario: object) -> None:
    assert parse_scenario(encode_scenario(scenario)) == scenario  # type: ignore[arg-type]


def test_everything_survives_json(tmp_path: Path) -> None:
    (scenario,) = load_scenarios(write(tmp_path, WHOLE))
    assert parse_scenario(encode_scenario(scenario)) == scenario


def test_the_shipped_scenarios_are_those_that_are_promised() -> None:
    families = {scenario.name.partition("[")[0] for scenario in iter_scenarios()}
    assert families >= {
        "pxe-tftp",
        "pxe-tftp-options",
        "pxelinux",
        "grub",
        "script",
        "no-boot-file",
        "tftp-missing",
        "no-ra",
        "nbp-sizes",
        "efi-tftp",
        "efi-script",
    }
    for scenario in iter_scenarios():
        own = {mark.milestone for mark in scenario.console} | {step.milestone for step in scenario.steps}
        assert set(scenario.milestones) <= {*WIRE_MILESTONES, *REPORT_MILESTONES.values(), *own}
