"""Differences that somebody accepts."""

import datetime
from pathlib import Path

import pytest

from bootrig.compare import Waiver, compare_traces, load_waivers
from bootrig.document.errors import DocumentError
from bootrig.trace.trace import CellKey
from tests.compare.factory import Boot, difference, trace

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
platform-firmware = ["seabios"]
emulator = ["host"]
reason = "the server knows both"
"""


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "waivers.toml"
    path.write_text(content)
    return path


def test_a_file_of_waivers_reads(tmp_path: Path) -> None:
    first, second = load_waivers(write(tmp_path, WAIVERS))
    assert first == Waiver(
        "rom-bar",
        "migration starts from empty hosts",
        nic_models=("e1000", "virtio-*"),
        expires=datetime.date(2030, 12, 31),
    )
    assert second.scenarios == ("nbp-sizes[16k]", "pxe-*")


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
    ],
)
def test_what_is_wrong_with_waivers_is_told(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load_waivers(write(tmp_path, content))
    assert message in str(caught.value)


KEY = CellKey("pxe-tftp", "e1000", "pc", "seabios")


@pytest.mark.parametrize(
    ("waiver", "accepted"),
    [
        (Waiver("dhcp-user-class", "r"), True),
        (Waiver("dhcp-*", "r", subject="user *"), True),
        (Waiver("dhcp-*", "r", subject="vendor *"), False),
        (Waiver("outcome", "r"), False),
        (Waiver("*", "r", nic_models=("e1000*",)), True),
        (Waiver("*", "r", nic_models=("virtio-*",)), False),
        (Waiver("*", "r", scenarios=("grub", "pxe-*")), True),
        (Waiver("*", "r", machines=("q35",)), False),
        (Waiver("*", "r", platform_firmwares=("ovmf",)), False),
        (Waiver("*", "r", emulators=("qemu-10",)), False),
    ],
)
def test_a_waiver_is_about_what_its_patterns_meet(waiver: Waiver, accepted: bool) -> None:
    assert waiver.accepts(difference(key=KEY)) is accepted


def test_brackets_of_a_variant_are_no_pattern() -> None:
    assert Waiver("*", "r", scenarios=("nbp-sizes[16k]",)).accepts(
        difference(key=CellKey("nbp-sizes[16k]", "e1000", "pc", "seabios"))
    )


def test_a_difference_of_no_cell_meets_only_waivers_without_cells() -> None:
    assert Waiver("*", "r").accepts(difference(key=None))
    assert not Waiver("*", "r", machines=("*",)).accepts(difference(key=None))


def test_a_waived_regression_does_not_count_but_stays_to_be_seen() -> None:
    verdict = compare_traces(
        [trace(Boot())], [trace(Boot(bar_length=1 << 19))], [Waiver("rom-bar", "no migration")], today=TODAY
    )
    assert verdict.compatible
    assert not verdict.identical
    assert [entry.waiver for entry in verdict.differences] == ["no migration"]
    assert verdict.cells[0].state.value == "same"


def test_an_expired_waiver_accepts_nothing_and_is_told() -> None:
    waiver = Waiver("rom-bar", "no migration", expires=datetime.date(2030, 5, 31))
    verdict = compare_traces([trace(Boot())], [trace(Boot(bar_length=1 << 19))], [waiver], today=TODAY)
    assert not verdict.compatible
    assert verdict.notes == ('the waiver of rom-bar ("no migration") expired on 2030-05-31',)


def test_on_its_last_day_a_waiver_holds() -> None:
    waiver = Waiver("rom-bar", "no migration", expires=TODAY)
    verdict = compare_traces([trace(Boot())], [trace(Boot(bar_length=1 << 19))], [waiver], today=TODAY)
    assert verdict.compatible


def test_a_waiver_that_meets_nothing_can_go() -> None:
    verdict = compare_traces([trace(Boot())], [trace(Boot())], [Waiver("outcome", "flaky")], today=TODAY)
    assert verdict.notes == ('the waiver of outcome ("flaky") met no difference: it can go',)
    assert verdict.identical
