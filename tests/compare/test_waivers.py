"""Differences that somebody accepts."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.compare import Answer, Policy, Waiver, compare_traces, load_waivers
from bootrig.compare.waivers import FieldPatterns
from bootrig.document.errors import DocumentError
from bootrig.trace.names import CellKey, parse_difference_pattern
from tests.compare.factory import Boot, difference, trace
from tests.compare.loop import compare_again

WIDE = trace(Boot(bar_length=1 << 19))
TODAY = datetime.date(2030, 6, 1)
WAIVERS = """\
[[waiver]]
rule = "rom-bar"
nic = ["e1000", "virtio-*"]
reason = "migration starts from empty hosts"
expires = 2030-12-31

[[waiver]]
rule = "dhcp-*"
subject = "user class"
scenario = ["nbp-sizes[16k]", "pxe-*"]
machine = ["pc"]
platform_firmware = ["seabios"]
emulator = ["host"]
reason = "the server knows both"

[[waiver]]
id = "coverage@*:vmxnet3"
reason = "no guest has it"
"""


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "waivers.toml"
    path.write_text(content)
    return path


def test_a_file_of_waivers_reads(tmp_path: Path) -> None:
    first, second, third = load_waivers(write(tmp_path, WAIVERS))
    assert first == Waiver(
        "rom-bar",
        "migration starts from empty hosts",
        FieldPatterns("rom-bar", ((), ("e1000", "virtio-*"), (), (), ())),
        expires=datetime.date(2030, 12, 31),
    )
    cell = (("nbp-sizes[16k]", "pxe-*"), (), ("pc",), ("seabios",), ("host",))
    assert second.patterns == FieldPatterns("dhcp-*", cell, "user class")
    assert third == Waiver("coverage@*:vmxnet3", "no guest has it", parse_difference_pattern("coverage@*:vmxnet3"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "waiver: missing; expected an array"),
        ('[[waiver]]\nrule = "outcome"\n', "waiver[0].reason: missing; expected a reason in words"),
        (
            '[[waiver]]\nrule = "outcome"\nreason = " "\n',
            'waiver[0].reason: found a string " ", expected a reason in words',
        ),
        (
            '[[waiver]]\nrule = "outcom"\nreason = "r"\n',
            'waiver[0].rule: found "outcom", expected the name of a rule or a pattern; did you mean "outcome"?',
        ),
        (
            '[[waiver]]\nrule = "outcome"\nreason = "r"\nexpires = "tomorrow"\n',
            "waiver[0].expires: found 'tomorrow', expected a date: 2031-01-01",
        ),
        (
            '[[waiver]]\nrule = "outcome"\nreason = "r"\nscenarios = ["x"]\n',
            "waiver[0].scenarios: unknown key",
        ),
        (
            '[[waiver]]\nrule = "outcome"\nreason = "r"\nplatform-firmware = ["seabios"]\n',
            'waiver[0].platform-firmware: unknown key; did you mean "platform_firmware"?',
        ),
        (
            '[[waiver]]\nid = "outcome"\nreason = "r"\n',
            'waiver[0].id: "outcome" does not name a difference: expected RULE@CELL or RULE@CELL:SUBJECT',
        ),
        (
            '[[waiver]]\nid = "outcom@pxe-tftp"\nreason = "r"\n',
            'waiver[0].id: found "outcom", expected the name of a rule or a pattern; did you mean "outcome"?',
        ),
        (
            '[[waiver]]\nid = "outcome@pxe-tftp"\nreason = "r"\nnic = ["e1000"]\n',
            "waiver[0].nic: id says it already",
        ),
        (
            '[[waiver]]\nid = "outcome@pxe-tftp"\nreason = "r"\nrule = "outcome"\n',
            "waiver[0].rule: id says it already",
        ),
    ],
)
def test_what_is_wrong_with_waivers_is_told(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load_waivers(write(tmp_path, content))
    assert message in str(caught.value)


KEY = CellKey("pxe-tftp", "e1000", "pc", "seabios")


def waiver_of(rule: str, subject: str = "*", reason: str = "r", **cell: tuple[str, ...]) -> Waiver:
    parts = ("scenario", "nic", "machine", "platform_firmware", "emulator")
    return Waiver(rule, reason, FieldPatterns(rule, tuple(cell.get(part, ()) for part in parts), subject))


def waiver_by(name: str) -> Waiver:
    return Waiver(name, "r", parse_difference_pattern(name))


@pytest.mark.parametrize(
    ("waiver", "accepted"),
    [
        (waiver_of("dhcp-user-class"), True),
        (waiver_of("dhcp-*", "user *"), True),
        (waiver_of("dhcp-*", "vendor *"), False),
        (waiver_of("outcome"), False),
        (waiver_of("*", nic=("e1000*",)), True),
        (waiver_of("*", nic=("virtio-*",)), False),
        (waiver_of("*", scenario=("grub", "pxe-*")), True),
        (waiver_of("*", machine=("q35",)), False),
        (waiver_of("*", platform_firmware=("ovmf",)), False),
        (waiver_of("*", emulator=("qemu-10",)), False),
        (waiver_by("dhcp-user-class@pxe-tftp/e1000/pc/seabios/host:user class"), True),
        (waiver_by("dhcp-*@pxe-*"), True),
        (waiver_by("dhcp-*@*"), True),
        (waiver_by("dhcp-*@*/*/pc:user *"), True),
        (waiver_by("dhcp-*@*/*/q35"), False),
        (waiver_by("dhcp-*@*:vendor *"), False),
        (waiver_by("outcome@*"), False),
    ],
)
def test_a_waiver_is_about_what_its_patterns_match(waiver: Waiver, accepted: bool) -> None:
    assert waiver.accepts(difference(key=KEY)) is accepted


@pytest.mark.parametrize(
    "waiver", [waiver_of("*", scenario=("nbp-sizes[16k]",)), waiver_by("*@nbp-sizes[16k]")], ids=["fields", "id"]
)
def test_brackets_of_a_variant_are_not_a_pattern(waiver: Waiver) -> None:
    assert waiver.accepts(difference(key=CellKey("nbp-sizes[16k]", "e1000", "pc", "seabios")))
    assert not waiver.accepts(difference(key=CellKey("nbp-sizes1", "e1000", "pc", "seabios")))


def test_a_difference_of_no_cell_matches_only_waivers_without_cells() -> None:
    lost = difference(rule="coverage", key=None, subject="vmxnet3")
    assert waiver_of("*").accepts(lost)
    assert waiver_of("coverage", "vmxnet3").accepts(lost)
    assert waiver_by("coverage@*:vmxnet3").accepts(lost)
    assert waiver_by("coverage@*").accepts(lost)
    assert not waiver_by("coverage@*:e1000").accepts(lost)
    assert not waiver_by("coverage@*/*").accepts(lost)
    assert not waiver_of("*", machine=("*",)).accepts(lost)


def test_a_waived_regression_does_not_count_but_is_still_shown() -> None:
    waiver = waiver_of("rom-bar", reason="no migration")
    verdict = compare_traces([trace(Boot())], [WIDE], Policy(waivers=(waiver,)), today=TODAY)
    assert verdict.answer is Answer.COMPATIBLE
    assert not verdict.identical
    assert [entry.waiver for entry in verdict.differences] == ["no migration"]
    assert verdict.cells[0].state.value == "same"


def test_a_lost_nic_can_be_waived() -> None:
    first = [trace(Boot()), trace(Boot(nic="vmxnet3"))]
    assert compare_traces(first, first[:1], today=TODAY).answer is Answer.NOT_COMPATIBLE
    for waiver in (waiver_of("coverage"), waiver_by("coverage@*:vmxnet3")):
        assert compare_traces(first, first[:1], Policy(waivers=(waiver,)), today=TODAY).answer is Answer.COMPATIBLE


def test_an_expired_waiver_accepts_nothing_and_is_told() -> None:
    waiver = replace(waiver_of("rom-bar", reason="no migration"), expires=datetime.date(2030, 5, 31))
    verdict = compare_again([trace(Boot())], [WIDE], Policy(waivers=(waiver,)), today=TODAY)
    assert verdict.answer is Answer.NOT_COMPATIBLE
    assert verdict.notes == ('the waiver of rom-bar ("no migration") expired on 2030-05-31',)


def test_an_expired_waiver_is_not_told_where_another_holds() -> None:
    expired = replace(waiver_of("rom-bar", reason="old"), expires=datetime.date(2030, 5, 31))
    waivers = [expired, waiver_of("rom-*", reason="new")]
    verdict = compare_traces([trace(Boot())], [WIDE], Policy(waivers=tuple(waivers)), today=TODAY)
    assert [entry.waiver for entry in verdict.differences] == ["new"]
    assert verdict.notes == ()


@pytest.mark.parametrize("day", [datetime.date(2030, 6, 1), datetime.date(2030, 6, 2), None])
def test_up_to_its_last_day_a_waiver_holds(day: datetime.date | None) -> None:
    waiver = replace(waiver_of("rom-bar"), expires=day)
    verdict = compare_traces([trace(Boot())], [WIDE], Policy(waivers=(waiver,)), today=TODAY)
    assert verdict.answer is Answer.COMPATIBLE


def test_a_waiver_needs_patterns_for_all_parts_of_a_cell() -> None:
    with pytest.raises(ValueError, match="zip"):
        FieldPatterns("*", ((), ())).matches(difference(key=KEY))


def test_a_waiver_that_matches_nothing_can_be_removed() -> None:
    waiver = waiver_of("outcome", reason="flaky")
    verdict = compare_traces([trace(Boot())], [trace(Boot())], Policy(waivers=(waiver,)), today=TODAY)
    assert verdict.notes == ('the waiver of outcome ("flaky") matched no difference: remove it',)
    assert verdict.identical
