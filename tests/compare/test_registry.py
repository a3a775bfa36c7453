"""Rules: what each declares, and what the registry refuses."""

from graphlib import CycleError, TopologicalSorter

import pytest

from bootrig.compare.registry import TOPICS, Needs, rule
from bootrig.compare.rules import RULES
from bootrig.compare.rules.outcome import check_outcome


def test_rules_have_names_and_descriptions() -> None:
    assert len(RULES) >= 30
    for name, entry in RULES.items():
        assert entry.name == name
        assert entry.description.strip().splitlines()[0].rstrip(".").strip()


def test_every_module_of_the_folder_is_imported_in_the_order_of_names() -> None:
    modules = [entry.check.__module__ for entry in RULES.values() if entry.sees_all_pairs]
    assert modules == [f"bootrig.compare.rules.{name}" for name in ("coverage", "lint", "traffic")]


def test_rules_have_topics_but_for_those_that_nobody_may_disregard() -> None:
    assert {name for name, entry in RULES.items() if not entry.topics} == {
        *("outcome", "coverage", "lint", "rom-file", "truncated", "unstable")
    }
    assert {topic for entry in RULES.values() for topic in entry.topics} <= set(TOPICS)


def test_what_a_rule_follows_from_is_a_rule_and_nothing_follows_from_itself() -> None:
    explained = {name: entry.follows_from for name, entry in RULES.items()}
    assert {name for reasons in explained.values() for name in reasons} <= RULES.keys()
    assert list(TopologicalSorter(explained).static_order())  # raises where rules follow from each other
    with pytest.raises(CycleError):
        list(TopologicalSorter({**explained, "network-client": ("banner",)}).static_order())


def test_what_follows_from_nothing_is_written_down() -> None:
    assert {name for name, entry in RULES.items() if not entry.follows_from} == {
        "coverage",
        "features",
        "lint",
        "mac",
        "rom-file",
        "rom-length",
        "unstable",
    }


def test_topics_that_no_rule_has_yet_are_written_down() -> None:
    assert set(TOPICS) - {topic for entry in RULES.values() for topic in entry.topics} == {
        "memory",
        "pxe-api",
    }


@pytest.mark.parametrize("field", ["owns_dhcp_options", "owns_http_headers", "owns_ports"])
def test_what_a_rule_owns_has_no_other_owner(field: str) -> None:
    owned = [one for entry in RULES.values() for one in getattr(entry, field)]
    assert owned
    assert len(owned) == len(set(owned))


def test_what_rules_own_is_written_down() -> None:
    owned = [
        (name, *sorted([*entry.owns_dhcp_options, *entry.owns_ports]), *entry.owns_http_headers)
        for name, entry in RULES.items()
        if entry.owns_dhcp_options or entry.owns_ports or entry.owns_http_headers
    ]
    assert owned == [
        ("dhcp-sequence", 53, 67, 68),
        ("dhcp-vendor-class", 60),
        ("dhcp-user-class", 77),
        ("dhcp-architecture", 93),
        ("dhcp-network-interface", 94),
        ("dhcp-client-id", 61),
        ("dhcp-uuid", 97),
        ("dhcp-parameter-list", 55),
        ("dhcp-ipxe-options", 175),
        ("dhcp-message-size", 57),
        ("http-version", 80),
        ("http-user-agent", "user-agent"),
        ("tftp-options", 69),
        ("traffic", 546, 547),
        ("dns-types", 53),
    ]


def test_how_rules_are_confirmed_is_written_down() -> None:
    assert {name: entry.needs for name, entry in RULES.items() if entry.needs is not Needs.NOTHING} == {
        "boot-time": Needs.LOOK,
        "dhcp-retries": Needs.CLOCK,
        "dhcp-sequence": Needs.CLOCK,
        "dhcp-time": Needs.LOOK,
        "dns-types": Needs.CLOCK,
        "gratuitous-arp": Needs.CLOCK,
        "file-time": Needs.LOOK,
        "on-the-way": Needs.CLOCK,
        "outcome": Needs.CLOCK,
        "retries": Needs.CLOCK,
        "source-ports": Needs.CLOCK,
        "start-time": Needs.LOOK,
        "tftp-errors": Needs.CLOCK,
        "tftp-files": Needs.CLOCK,
        "traffic": Needs.CLOCK,
        "truncated": Needs.CLOCK,
        "unstable": Needs.REPEATS,
    }
    assert {name for name, entry in RULES.items() if entry.needs_own_cell} == {"outcome"}
    assert {name for name, entry in RULES.items() if not entry.depends_on_scenario} == {
        "banner",
        "banner-line",
        "feature-line",
        "features",
        "mac",
        "network-client",
        "rom-bar",
        "rom-file",
        "rom-length",
        "start-time",
        "traffic",
    }
    times = {"start-time", "dhcp-time", "file-time", "boot-time"}
    assert {name for name, entry in RULES.items() if entry.same_emulator} == times


def test_the_registry_refuses_a_taken_name_a_missing_docstring_and_an_unknown_topic() -> None:
    with pytest.raises(ValueError, match="there is a rule outcome already"):
        rule("outcome")(check_outcome)
    with pytest.raises(ValueError, match="the rule silent has no docstring"):
        rule("silent")(lambda pair: iter(()))
    with pytest.raises(ValueError, match="the rule odd has unknown topics: banners, wire"):
        rule("odd", topics={"wire", "banners", "http"})(check_outcome)
    assert {"silent", "odd"}.isdisjoint(RULES)
