"""One cause, told once: what follows from what, in one cell and over cells."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootrig.compare import Cause, Confirmation, Difference, Severity
from bootrig.compare.causes import find_causes
from bootrig.compare.rules import RULES
from bootrig.trace.names import CellKey
from tests.compare.factory import DISCOVER, NICS, REAL, Boot, difference, trace
from tests.compare.loop import compare_again

REGRESSION, CHANGE, IMPROVEMENT, INFO = Severity


def at(nic: str = "e1000", scenario: str = "efi-script") -> CellKey:
    return CellKey(scenario, nic, "q35", "ovmf")


def diff(rule: str, severity: Severity = CHANGE, subject: str = "it", key: CellKey | None = None) -> Difference:
    return difference(rule=rule, severity=severity, subject=subject, key=key or at())


def found(*entries: Difference, reached: Mapping[CellKey, str] | None = None) -> list[Cause]:
    return list(find_causes(entries, reached or {}))


def names(entries: tuple[Difference, ...]) -> list[str]:
    return [entry.rule for entry in entries]


def test_what_follows_from_another_is_folded_under_it() -> None:
    (cause,) = found(diff("dhcp-user-class"), diff("network-client"), diff("tftp-options", INFO))
    assert names(cause.heads) == ["network-client"]
    assert names(cause.followers) == ["dhcp-user-class", "tftp-options"]
    assert cause.whys == ()


def test_a_change_that_explains_a_regression_is_its_why() -> None:
    entries = (diff("outcome", REGRESSION), diff("network-client"), diff("dhcp-user-class"), diff("boot-time"))
    (cause,) = found(*entries)
    assert names(cause.heads) == ["outcome"]
    assert names(cause.whys) == ["network-client"]
    assert names(cause.followers) == ["dhcp-user-class", "boot-time"]
    assert cause.severity is REGRESSION


def test_what_a_policy_makes_a_regression_explains_a_lost_boot_and_does_not_hide_it() -> None:
    raised = [replace(diff(rule, REGRESSION), policy="strict") for rule in ("network-client", "dhcp-user-class")]
    (cause,) = found(*raised, diff("outcome", REGRESSION))
    assert (names(cause.heads), names(cause.whys)) == (["outcome"], ["network-client"])
    assert names(cause.followers) == ["dhcp-user-class"]


def test_what_a_policy_makes_a_regression_is_not_hidden_under_a_change() -> None:
    raised = replace(diff("prompts", REGRESSION), policy="the policy relies on prompts")
    (cause,) = found(raised, diff("banner"))
    assert (names(cause.heads), names(cause.whys), cause.severity) == (["prompts"], ["banner"], REGRESSION)


def test_an_info_explains_nothing_worse() -> None:
    outcome, banner = found(diff("outcome", REGRESSION), diff("network-client", INFO))
    assert (names(outcome.heads), names(banner.heads)) == (["outcome"], ["network-client"])


def test_a_worse_difference_does_not_follow_from_a_milder_one_that_does_not_explain_it() -> None:
    prompts, banner = found(diff("banner", INFO), diff("prompts", CHANGE))
    assert (names(prompts.heads), names(banner.heads)) == (["prompts"], ["banner"])


def test_what_a_lost_boot_did_not_get_to_follows_from_it() -> None:
    (cause,) = found(diff("outcome", REGRESSION), diff("traffic", INFO), diff("tftp-files"), diff("dhcp-retries", INFO))
    assert len(cause.followers) == 3


def test_a_rom_that_does_not_start_has_no_banner_because_of_that() -> None:
    entries = (diff("outcome", REGRESSION), diff("banner-line"), diff("feature-line"), diff("banner", INFO))
    lost, version = found(*entries)
    assert (names(lost.followers), names(version.heads)) == (["banner-line", "feature-line"], ["banner"])


def test_what_is_not_a_consequence_is_a_cause_of_its_own() -> None:
    causes = found(diff("outcome", REGRESSION), diff("dhcp-vendor-class"), diff("rom-bar", REGRESSION))
    assert [cause.first.rule for cause in causes] == ["outcome", "rom-bar", "dhcp-vendor-class"]


def test_how_a_boot_ended_is_told_whatever_explains_it() -> None:
    client, better = found(diff("outcome", IMPROVEMENT), diff("network-client"))
    assert (names(client.heads), names(better.heads)) == (["network-client"], ["outcome"])


def test_a_chain_ends_at_its_head() -> None:
    (cause,) = found(diff("http-user-agent", INFO), diff("banner", INFO), diff("network-client"))
    assert names(cause.heads) == ["network-client"]
    assert len(cause.followers) == 2


def test_other_cells_explain_nothing() -> None:
    entries = diff("network-client"), diff("dhcp-user-class", key=at("pcnet"))
    assert [names(cause.heads) for cause in found(*entries)] == [["network-client"], ["dhcp-user-class"]]


def test_a_cause_spans_cells_with_the_same_rule_subject_and_severity() -> None:
    same = [diff("outcome", REGRESSION, key=at(nic)) for nic in NICS]
    other = [diff("outcome", REGRESSION, "grub", key=at(scenario="grub")), diff("outcome", INFO, key=at(scenario="x"))]
    causes = found(*same, *other)
    assert [len(cause.heads) for cause in causes] == [8, 1, 1]
    assert causes[0].cells == tuple(at(nic) for nic in NICS)


def test_a_regression_that_is_not_confirmed_is_a_cause_of_its_own_that_weighs_less() -> None:
    unproven = difference(rule="outcome", severity=REGRESSION, subject="it", key=at("pcnet"), confirmation=PENDING)
    proven, pending = found(unproven, diff("outcome", REGRESSION))
    assert (proven.severity, pending.severity) == (REGRESSION, CHANGE)
    assert (proven.is_unconfirmed, pending.is_unconfirmed) == (False, True)
    worse, change = found(diff("banner", key=at("pcnet")), diff("banner"), unproven)
    assert (names(worse.heads), names(change.heads)) == (["outcome"], ["banner", "banner"])


def test_a_change_is_the_why_of_a_regression_that_is_not_confirmed() -> None:
    unproven = difference(rule="outcome", severity=REGRESSION, subject="it", key=at(), confirmation=PENDING)
    (cause,) = found(diff("network-client"), unproven)
    assert (names(cause.heads), names(cause.whys)) == (["outcome"], ["network-client"])


def test_a_cause_is_confirmed_by_what_most_of_its_heads_say() -> None:
    words = ("at shift 5; in real time", "at shift 5; e1000 in real time", "at shift 5; e1000 in real time")
    heads = [
        replace(diff("outcome", REGRESSION, key=at(nic)), confirmed_by=text)
        for nic, text in zip(NICS[:3], words, strict=True)
    ]
    assert found(*heads)[0].confirmed_by == words[1]
    assert found(diff("banner"))[0].confirmed_by == ""


PENDING = Confirmation.PENDING


def test_what_is_waived_is_no_cause_and_explains_nothing() -> None:
    waived = difference(rule="network-client", subject="it", key=at(), waiver="known")
    (cause,) = found(waived, diff("dhcp-user-class"))
    assert names(cause.heads) == ["dhcp-user-class"]


def test_worst_causes_are_first() -> None:
    few, many = (
        [diff("outcome", REGRESSION, "few", at("pcnet"))],
        [diff("outcome", REGRESSION, "many", at(nic)) for nic in NICS[:2]],
    )
    entries = [diff("banner", key=at(nic)) for nic in NICS]
    causes = found(*entries, *few, *many, diff("features", IMPROVEMENT))
    assert [(cause.first.rule, cause.first.finding.subject) for cause in causes] == [
        ("outcome", "many"),
        ("outcome", "few"),
        ("banner", "it"),
        ("features", "it"),
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [("", "dhcp-ack"), ("rom-banner", "dhcp-discover"), ("dhcp-ack", "tftp-complete"), ("tftp-request", "nbp-entered")],
)
def test_of_equally_many_cells_the_earlier_stage_is_worse(first: str, second: str) -> None:
    late, early = (diff("outcome", REGRESSION, name, at(scenario=name)) for name in ("late", "early"))
    causes = found(late, early, reached={at(scenario="late"): second, at(scenario="early"): first})
    assert [cause.first.finding.subject for cause in causes] == ["early", "late"]


def test_a_difference_of_the_sets_as_wholes_is_a_cause_without_cells() -> None:
    (cause,) = found(difference(rule="coverage", severity=REGRESSION, subject="vmxnet3", key=None))
    assert cause.cells == ()


def test_topics_are_those_of_the_head_and_of_what_follows() -> None:
    (cause,) = found(diff("outcome", REGRESSION), diff("boot-time"))
    assert cause.topics == {"boot-order", "start-time"}


severities, subjects, places = (st.sampled_from(one) for one in (list(Severity), "ab", [at(nic) for nic in NICS[:2]]))
entries_of = st.lists(st.builds(diff, st.sampled_from(sorted(RULES)), severities, subjects, places), unique=True)


def raise_all(entries: list[Difference]) -> list[Difference]:
    return [replace(entry, policy="strict") if entry.weight is REGRESSION else entry for entry in entries]


@given(entries_of | entries_of.map(raise_all))
def test_every_difference_is_in_one_cause_and_none_is_worse_than_its_head(entries: list[Difference]) -> None:
    causes = find_causes(entries, {})
    told = [entry for cause in causes for entry in (*cause.heads, *cause.whys, *cause.followers)]
    assert sorted(map(str, told)) == sorted(map(str, entries))
    order = list(Severity)
    for cause in causes:
        worst = min(order.index(entry.weight) for entry in (*cause.heads, *cause.whys, *cause.followers))
        assert order.index(cause.severity) == worst
        assert len({entry.key for entry in cause.heads}) == len(cause.heads)


def test_a_verdict_tells_ovmf_in_the_place_of_ipxe_as_one_thing() -> None:
    bare = {code: content for code, content in DISCOVER.items() if code not in (77, 175, 61)}
    changes = {"options": bare, "console": "BdsDxe: starting", "machine": "q35", "firmware": "ovmf"}
    lost = {**changes, "passed": False, "milestone": "dhcp-ack", "reason": "no", "clock": REAL, "nbp_s": None}
    first = [trace(Boot(scenario=name, machine="q35", firmware="ovmf")) for name in ("efi-script", "efi-tftp")]
    second = [
        trace(Boot(scenario=name, **settings))  # type: ignore[arg-type]
        for name, settings in (("efi-script", lost), ("efi-tftp", changes))
    ]
    regression, change = (
        cause for cause in compare_again(first, second).causes if cause.severity in (REGRESSION, CHANGE)
    )
    assert (names(regression.heads), names(regression.whys)) == (["outcome"], ["network-client"])
    assert names(change.heads) == ["network-client"]
    for cause in (regression, change):
        assert {"banner-line", "feature-line", "dhcp-user-class", "dhcp-ipxe-options"} <= set(names(cause.followers))
