"""`bootrig rules` and `bootrig explain`: what is looked at, in words."""

import json

import pytest

from bootrig.cli.main import main
from bootrig.compare.registry import TOPICS
from bootrig.compare.rules import RULES
from firmware.lint.check import all_rules


def call(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_every_rule_is_listed_with_what_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    lines = call(capsys, "rules").splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(RULES)
    assert max(map(len, lines)) <= 100
    assert any(line.startswith("banner  ") and "call itself by the same name?" in line for line in lines)


def test_every_topic_is_listed_with_the_rules_that_look_at_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = call(capsys, "rules", "--topics").splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(TOPICS)
    assert "user-class     dhcp-user-class, network-client" in lines
    assert "pxe-api        no rule yet" in lines


def test_json_has_what_rules_declare(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(call(capsys, "rules", "--json"))
    assert document["format"] == "bootrig-rules/1"
    told = {rule["name"]: rule for rule in document["rules"]}
    assert list(told) == list(RULES)
    assert (told["start-time"]["needs"], told["outcome"]["needs_own_cell"]) == ("look", True)


@pytest.mark.parametrize("name", [*RULES, *all_rules()])
def test_every_rule_can_be_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = call(capsys, "explain", name)
    assert out.startswith(f"{name}: a rule of {'compare' if name in RULES else 'lint'}")
    assert len(out.splitlines()) >= 3


def test_the_id_of_a_difference_names_its_rule(capsys: pytest.CaptureFixture[str]) -> None:
    out = call(capsys, "explain", "dhcp-user-class@pxe-tftp/e1000/pc/seabios/host", "efi-ipxe-stack")
    assert "\n  topics:        dhcp-options, user-class    (`relies_on` of a policy)\n" in out
    assert "\n\nefi-ipxe-stack: a rule of lint (note)\n" in out


def test_a_rule_that_there_is_not_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "dhcp-userclass"]) == 2
    assert 'there is no rule "dhcp-userclass"; did you mean "dhcp-user-class"?' in capsys.readouterr().err
