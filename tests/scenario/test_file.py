"""Scenarios from TOML: what is read, and one file for each way to be wrong."""

from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.network.servers.personality import BootFields
from bootrig.network.services.content.path import HostFile
from bootrig.network.services.files import ServedFile
from bootrig.recipe.path import UnknownRecipeError
from bootrig.scenario.file import (
    encode_scenario,
    iter_scenarios,
    lay_over,
    load_scenario_family,
    load_scenarios,
    parse_scenario,
)
from bootrig.scenario.scenario import (
    ConsoleMark,
    ConsoleStep,
    KnownOutcome,
    Scenario,
    ScenarioClock,
    ScenarioDeadline,
)
from bootrig.trace.reading.milestones import WIRE_MILESTONES
from bootrig.trace.trace import Expectation, OutcomeStatus
from firmware.nic import NIC_MODELS
from firmware.probe.registry import REPORT_MILESTONES
from tests.scenario.files import GOOD, write

WHOLE = """\
summary = "everything"
why = "a site that has it"
suites = ["wide", { name = "narrow", machines = ["q35"] }]
by = "rom"
over = "disk"
allow = ["dhcp-nak"]
kind = "console"
machines = ["pc", "q35"]
optional_machines = ["other"]
platform_firmware = ["seabios", "built:mine"]
nic_models = ["e1000", "rtl8139"]
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

[clock]
shift = 6
ovmf_shift = 4

[lan]
segments = ["lan0"]
address = "10.0.2.1/24"

[[known]]
roms = ["gpxe-*"]
outcome = "failed"
milestone = "dhcp-ack"
because = "it gives up"

[deadline]
guest_s = 1.5
wall_s = 2
"""


def load_one(directory: Path, text: str) -> Scenario:
    (scenario,) = load_scenarios(write(directory, text))
    return scenario


def test_everything_is_read(tmp_path: Path) -> None:
    scenario = load_one(tmp_path, WHOLE)
    assert (scenario.name, scenario.summary, scenario.why) == ("mine", "everything", "a site that has it")
    assert scenario.kind == "console"
    assert scenario.suites == {"wide": scenario.guest.machines, "narrow": ("q35",)}
    assert scenario.clock == ScenarioClock(6, 4, only_real=True)
    assert scenario.deadline == ScenarioDeadline(1.5, 2.0)
    guest = scenario.guest
    assert (guest.machines, guest.optional_machines, guest.disk) == (("pc", "q35"), ("other",), True)
    assert (guest.platform_firmware, guest.nic_models) == (("seabios", "built:mine"), ("e1000", "rtl8139"))


def test_what_is_expected_is_read(tmp_path: Path) -> None:
    expected = load_one(tmp_path, WHOLE).expectation
    assert (expected.report, expected.by, expected.over) == ("disk", "rom", "disk")
    assert expected.milestones == ("dhcp-ack", "greeting", "banner")
    assert (expected.ends, expected.allow) == (("giving up",), ("dhcp-nak",))
    assert expected.console == (ConsoleMark("greeting", "hello @nonce@"),)
    assert expected.steps == (ConsoleStep("prompt> ", "\x02", "banner", 0.5), ConsoleStep("done", "", "", 0.0))
    assert expected.known == (KnownOutcome(("gpxe-*",), OutcomeStatus.FAILED, "dhcp-ack", "it gives up"),)


def test_a_trace_holds_what_was_expected(tmp_path: Path) -> None:
    assert load_one(tmp_path, WHOLE).expect({9, 4}) == Expectation(
        report="disk",
        by="rom",
        over="disk",
        milestones=("dhcp-ack", "greeting", "banner"),
        sums=(4, 9),
        allow=("dhcp-nak",),
    )


def test_services_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    scenario = load_one(tmp_path, WHOLE)
    assert list(scenario.services) == ["dhcp", "tftp", "http"]
    dhcp = scenario.services["dhcp"]
    assert (dhcp.boot_file, dhcp.next_server) == ("a/b.0", None)
    assert (dhcp.fields, dhcp.router_advertisements) == (BootFields.FILE_OPTION, False)
    assert tuple(scenario.iter_files()) == (
        ServedFile("a/b.0", "probe", 4096),
        ServedFile("text", "text", "nonce @nonce@"),
        ServedFile("core.0", "grub", ("tftp", "normal")),
        ServedFile("file", "path", HostFile(Path("/etc/hostname"), "hostname")),
    )
    assert tuple(scenario.iter_grub_images()) == (("core.0", ("tftp", "normal")),)


def test_what_is_left_out_has_a_usual_value(tmp_path: Path) -> None:
    scenario = load_one(tmp_path, GOOD)
    assert (scenario.kind, scenario.why) == ("boot", "")
    assert scenario.suites == {"default": ("pc",)}
    assert scenario.clock == ScenarioClock(7, 7, only_real=False)
    assert (scenario.guest.machines, scenario.guest.platform_firmware) == (("pc",), ("seabios",))
    assert (scenario.guest.nic_models, scenario.guest.disk) == (tuple(NIC_MODELS), False)
    assert tuple(scenario.iter_files()) == ()
    assert scenario.expectation.console == ()


def test_dhcp_and_tftp_are_started_without_a_table(tmp_path: Path) -> None:
    scenario = load_one(tmp_path, GOOD.replace("[dhcp]\n", ""))
    assert list(scenario.services) == ["dhcp", "tftp"]
    assert scenario.services["dhcp"].boot_file is None


def test_ovmf_s_shift_is_the_scenario_s_unless_it_says_so(tmp_path: Path) -> None:
    clock = load_one(tmp_path, GOOD + "[clock]\nshift = 5\n").clock
    assert (clock.find_shift("seabios"), clock.find_shift("ovmf")) == (5, 5)
    clock = load_one(tmp_path, GOOD + '[clock]\novmf_shift = 4\nonly = "real"\n').clock
    assert (clock.find_shift("seabios"), clock.find_shift("ovmf"), clock.only_real) == (7, 4, True)


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
    assert [next(scenario.iter_files()).content for scenario in (small, routed)] == [1024, None]
    assert (small.services["dhcp"].fields, routed.services["dhcp"].fields) == (BootFields.HEADER, BootFields.BOTH)
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


def test_an_empty_array_removes() -> None:
    assert lay_over({"a": {"x": 1, "y": [1]}, "b": 2}, {"a": {"y": []}, "b": [], "c": []}) == {"a": {"x": 1}}


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


def test_scenarios_may_be_in_folders_whose_names_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "scenarios" / "dhcp"
    folder.mkdir(parents=True)
    write(folder, GOOD, "another")
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    assert load_scenario_family("another")[0].name == "another"
    write(folder.parent, GOOD, "another")
    with pytest.raises(DocumentError, match=r"another\.toml and .*another\.toml have one name$"):
        load_scenario_family("another")


@pytest.mark.parametrize("name", ["two words", "a@b", "a[b"])
def test_a_name_that_cells_cannot_have(name: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"cannot be a name: no part of one holds /, @ or white space$"):
        load_scenarios(write(tmp_path, GOOD, name))


@pytest.mark.parametrize("scenario", list(iter_scenarios()), ids=lambda scenario: scenario.name)
def test_a_shipped_scenario_survives_json(scenario: Scenario) -> None:
    assert parse_scenario(encode_scenario(scenario)) == scenario


def test_everything_survives_json(tmp_path: Path) -> None:
    scenario = load_one(tmp_path, WHOLE)
    assert parse_scenario(encode_scenario(scenario)) == scenario


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, "name: missing; expected a string"),
        ({"name": "a", "document": 1}, "document: found an integer 1, expected a table"),
        ({"name": "a", "document": {}}, "summary: missing; expected a string"),
        ({"name": "a", "document": {}, "more": 1}, "more: unknown key"),
    ],
)
def test_what_is_not_a_scenario(value: dict[str, object], problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_scenario(value, Path("cell.json"))
    assert f"cell.json: {problem}" in str(caught.value)


def test_the_digest_is_of_what_is_tried(tmp_path: Path) -> None:
    whole = load_one(tmp_path, WHOLE)
    for told, other in (
        ('"everything"', '"something"'),
        ("a site that has it", "nobody"),
        ('"wide"', '"wider"'),
        ("it gives up", "nobody knows"),
    ):
        assert load_one(tmp_path, WHOLE.replace(told, other)).digest == whole.digest
    for told, other in (("length = 4096", "length = 4097"), ("shift = 6", "shift = 5"), ('"dhcp-nak"', '"tcp"')):
        assert load_one(tmp_path, WHOLE.replace(told, other)).digest != whole.digest


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
        expected = scenario.expectation
        own = {mark.milestone for mark in expected.console} | {step.milestone for step in expected.steps}
        assert set(expected.milestones) <= {*WIRE_MILESTONES, *REPORT_MILESTONES.values(), *own}
