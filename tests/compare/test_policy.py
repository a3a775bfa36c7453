"""What a site relies on: it makes changes regressions, before waivers are applied."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootrig.compare import STRICT, Answer, FailOn, Policy, Severity, Tolerance, Verdict, compare_traces, load_policy
from bootrig.compare.finding import Finding
from bootrig.compare.pairing import CellPair, Pairing
from bootrig.compare.registry import _RULES, TOPICS, Rule
from bootrig.document.errors import DocumentError
from tests.compare.factory import DISCOVER, Boot, difference, trace

TODAY = datetime.date(2030, 6, 1)
POLICY = """\
relies_on = ["user-class", "script-magic"]
fail_on = "change"

[tolerance]
wait_s = 2

[[waiver]]
id = "start-time@pxe-tftp/*/pc"
reason = "the new entropy gathering"
"""
OTHER_CLASS = Boot(options={**DISCOVER, 77: b"gPXE!".hex(), 12: "61"})


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(content)
    return path


def judged(policy: Policy) -> Verdict:
    return compare_traces([trace(Boot(options={**DISCOVER, 12: "62"}))], [trace(OTHER_CLASS)], policy, today=TODAY)


def rules_of(verdict: Verdict, severity: Severity) -> set[str]:
    return {entry.rule for entry in verdict.of_severity(severity)}


def test_a_policy_reads(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, POLICY))
    assert (policy.relies_on, policy.fail_on, policy.strict) == ({"user-class", "script-magic"}, FailOn.CHANGE, False)
    assert [waiver.name for waiver in policy.waivers] == ["start-time@pxe-tftp/*/pc"]
    assert policy.tolerance == Tolerance(wait_s=2.0)
    assert load_policy(write(tmp_path, "")) == Policy()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'relies_on = ["tftp", "user-clas"]\n',
            'relies_on[1]: found "user-clas", expected a topic; did you mean "user-class"? (there are user-class, ven',
        ),
        ('relies_on = "tftp"\n', "relies_on: found a string"),
        (
            'fail_on = "changes"\n',
            'fail_on: found "changes", expected one of regression, change; did you mean "change"?',
        ),
        ('rely_on = ["tftp"]\n', 'rely_on: unknown key; did you mean "relies_on"?'),
        ("[tolerance]\nwork_share = -1\n", "tolerance.work_share: found -1, expected at least 0.05"),
        ("[tolerance]\nwait = 1\n", 'tolerance.wait: unknown key; did you mean "wait_s"?'),
        ('[[waiver]]\nid = "outcome@*"\n', "waiver[0].reason: missing; expected a reason in words"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        load_policy(write(tmp_path, content))
    assert message in str(caught.value)


def test_without_a_policy_a_change_is_a_change() -> None:
    verdict = judged(Policy())
    assert rules_of(verdict, Severity.CHANGE) == {"network-client", "dhcp-user-class", "dhcp-options"}
    assert verdict.answer is Answer.COMPATIBLE_WITH_CHANGES


def test_changes_that_a_site_relies_on_are_regressions_and_say_why() -> None:
    verdict = judged(Policy(relies_on=frozenset({"user-class"})))
    assert verdict.answer is Answer.NOT_COMPATIBLE
    assert rules_of(verdict, Severity.REGRESSION) == {"network-client", "dhcp-user-class"}
    assert rules_of(verdict, Severity.CHANGE) == {"dhcp-options"}
    assert {entry.policy for entry in verdict.regressions} == {"the policy relies on user-class"}


def test_a_strict_policy_makes_every_change_a_regression() -> None:
    verdict = judged(STRICT)
    assert rules_of(verdict, Severity.CHANGE) == set()
    assert {entry.policy for entry in verdict.regressions} == {"the policy is strict"}


def test_what_is_not_a_change_stays_what_it_is() -> None:
    entries = [difference(severity=severity) for severity in Severity if severity is not Severity.CHANGE]
    assert STRICT.apply(entries) == entries


def test_what_is_waived_stays_waived(tmp_path: Path) -> None:
    content = 'relies_on = ["user-class"]\n' + "".join(
        f'[[waiver]]\nid = "{rule}@*"\nreason = "known"\n' for rule in ("dhcp-user-class", "network-client")
    )
    verdict = judged(load_policy(write(tmp_path, content)))
    assert verdict.answer is Answer.COMPATIBLE_WITH_CHANGES
    waived = [entry for entry in verdict.differences if entry.waiver]
    assert {(entry.rule, entry.finding.severity) for entry in waived} == {
        ("network-client", Severity.REGRESSION),
        ("dhcp-user-class", Severity.REGRESSION),
    }


def test_a_topic_that_no_rule_looks_at_is_told() -> None:
    assert judged(Policy(relies_on=frozenset({"pxe-api", "http"}))).notes == (
        "the policy relies on pxe-api, which no rule looks at yet",
    )
    assert "pxe-api" in TOPICS


def test_the_tolerance_of_times_reaches_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(pairing: Pairing) -> Iterator[tuple[CellPair | None, Finding]]:
        seen.extend(pair.tolerance for pair in pairing)
        return iter(())

    monkeypatch.setitem(_RULES, "odd", Rule("odd", look, "odd", sees_all_pairs=True))
    boot = trace(Boot())
    compare_traces([boot], [boot], Policy(tolerance=Tolerance(wait_s=3.0)))
    assert seen == [Tolerance(wait_s=3.0)]
