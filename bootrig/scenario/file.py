"""The files of scenarios: TOML, and its tables as JSON in the specification of a cell.

A file may hold variants: `[variant.NAME]` is a table of the same shape as the file itself, laid over it. Each variant
becomes a scenario of its own, called `scenario[variant]`.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from bootrig.document.toml import Document, TableReader, describe, load_document, suggest
from bootrig.emulator.definition.definition import VIRTUAL_TIME_SHIFT
from bootrig.network.services.registry import find_services
from bootrig.recipe.path import RecipeKind, find_recipe_path, iter_recipe_names
from bootrig.scenario.check import check_scenario
from bootrig.scenario.kinds.registry import find_kinds
from bootrig.scenario.scenario import (
    ConsoleMark,
    GuestChoice,
    KnownOutcome,
    Scenario,
    ScenarioClock,
    ScenarioDeadline,
    ScenarioExpectation,
)
from bootrig.scenario.steps import read_steps
from bootrig.scenario.suites import DEFAULT_SUITE
from bootrig.trace.reading.repetitions import DISTURBANCES
from bootrig.trace.trace import OutcomeStatus
from firmware.nic import NIC_MODELS

DEFAULT_KIND = "boot"
SHIFT_MAXIMUM = 10
LAN_SEGMENTS, LAN_ADDRESS = ("lan0",), "10.0.2.1/24"


class _OnlyClock(StrEnum):
    """The clock that a scenario may insist on."""

    REAL = "real"


def lay_over(base: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `upper` laid over it: tables are merged, an empty array removes, all else is replaced."""
    merged = dict(base)
    for key, value in upper.items():
        below = merged.get(key)
        if value == []:
            merged.pop(key, None)
        else:
            merged[key] = lay_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def load_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Return the scenarios in the file `path`: one, or one a variant.

    Raises:
        DocumentError: the file cannot be read or is wrong; every problem is named.
    """
    whole = load_document(path)
    content = {key: whole.root.free_value(key) for key in whole.root.keys}
    variants = content.pop("variant", {})
    if not isinstance(variants, dict) or not all(isinstance(variant, dict) for variant in variants.values()):
        whole.add_problem("variant", "expected a table of tables")
        whole.finish()
    if not variants:
        return (_read(Document(path, content), path.stem, content),)
    laid = {f"{path.stem}[{name}]": lay_over(content, upper) for name, upper in variants.items()}
    return tuple(_read(Document(path, merged), name, merged) for name, merged in laid.items())


def load_scenario_family(name: str) -> tuple[Scenario, ...]:
    """Return the scenarios that `name` stands for: all variants of a file, or one for `family[variant]`.

    Raises:
        DocumentError: there is no such scenario (with a suggestion), or its file is wrong.
    """
    family = name.partition("[")[0]
    scenarios = load_scenarios(find_recipe_path(RecipeKind.SCENARIOS, family))
    if family == name:
        return scenarios
    return tuple(scenario for scenario in scenarios if scenario.name == name)


def iter_scenarios() -> Iterator[Scenario]:
    """Yield all scenarios on the search path, in the order of their names.

    Raises:
        DocumentError: a scenario's file is wrong.
    """
    for name in iter_recipe_names(RecipeKind.SCENARIOS):
        yield from load_scenario_family(name)


def encode_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return `scenario` as a JSON value: its name, and the tables of its file."""
    return {"name": scenario.name, "document": dict(scenario.document)}


def parse_scenario(value: Mapping[str, Any], origin: Path = Path("scenario")) -> Scenario:
    """Return the scenario that `encode_scenario` made a JSON value of; its patterns are not tried out again.

    Raises:
        DocumentError: it is not a scenario.
    """
    outer = Document(origin, value)
    name, content = outer.root.string("name"), outer.root.free_value("document")
    if not isinstance(content, dict):
        outer.root.add_problem("document", f"found {describe(content)}, expected a table")
    outer.finish()
    return _read(Document(origin, content), name, content, is_tried=True)


def _read(document: Document, name: str, content: Mapping[str, Any], *, is_tried: bool = False) -> Scenario:
    root = document.root
    kind = _read_kind(root)
    guest, deadline = _read_guest(root), root.table("deadline")
    _check_lan(root)
    scenario = Scenario(
        name=name,
        summary=root.string("summary"),
        why=root.string("why", default=""),
        kind=kind,
        suites=_read_suites(root, guest.machines),
        clock=_read_clock(root, kind),
        deadline=ScenarioDeadline(deadline.number("guest_s", minimum=1), deadline.number("wall_s", minimum=1)),
        services=_read_services(root),
        guest=guest,
        expectation=_read_expectation(root),
        document=content,
    )
    check_scenario(scenario, root, is_tried=is_tried)
    document.finish()
    return scenario


def _read_kind(root: TableReader) -> str:
    kinds = find_kinds()
    word = root.string("kind", default=DEFAULT_KIND)
    if word in kinds:
        return word
    root.add_problem("kind", f'found "{word}", expected one of {", ".join(kinds)}{suggest(word, kinds)}')
    return DEFAULT_KIND


def _read_services(root: TableReader) -> dict[str, Any]:
    """Return the configuration of each service: those that need no table first, then in the file's order."""
    known = find_services()
    in_order = dict.fromkeys([*(key for key in root.keys if key in known), *known])
    asked = {name: root.optional_table(name) for name in in_order}
    tables = {
        name: TableReader(root.document, {}, name, absent=True)
        for name, service in known.items()
        if service.is_always_started and asked[name] is None
    }
    tables |= {name: table for name, table in asked.items() if table is not None}
    return {name: known[name].read(table) for name, table in tables.items()}


def _read_guest(root: TableReader) -> GuestChoice:
    nic_models = root.strings("nic_models", default=tuple(NIC_MODELS))
    for index, nic_model in enumerate(nic_models):
        if nic_model not in NIC_MODELS:
            known = ", ".join(NIC_MODELS)
            message = f'found "{nic_model}", expected one of {known}{suggest(nic_model, NIC_MODELS)}'
            root.document.add_problem(f"nic_models[{index}]", message)
    if root.free_value("memory_mib") is not None:
        root.add_problem("memory_mib", "memory is the guest's: memory_mib under [machine] in a file of guests/")
    return GuestChoice(
        machines=root.strings("machines", default=("pc",)),
        optional_machines=root.strings("optional_machines", default=()),
        platform_firmware=root.strings("platform_firmware", default=("seabios",)),
        nic_models=nic_models,
        disk=root.boolean("disk", default=False),
        screen=root.boolean("screen", default=False),
    )


def _read_expectation(root: TableReader) -> ScenarioExpectation:
    return ScenarioExpectation(
        report=root.string("report", default=""),
        by=root.string("by", default=""),
        over=root.string("over", default=""),
        milestones=root.strings("milestones", default=()),
        ends=root.strings("ends", default=()),
        allow=root.strings("allow", default=(), pattern=DISTURBANCES, expected="what may disturb a boot, as dhcp-nak"),
        console=tuple(
            ConsoleMark(table.string("milestone"), table.string("pattern")) for table in root.tables("console")
        ),
        steps=read_steps(root),
        known=tuple(
            KnownOutcome(
                roms=table.strings("roms"),
                outcome=table.choice("outcome", OutcomeStatus),
                milestone=table.string("milestone", default=""),
                because=table.string("because"),
            )
            for table in root.tables("known")
        ),
    )


def _read_clock(root: TableReader, kind: str) -> ScenarioClock:
    table = root.optional_table("clock") or TableReader(root.document, {}, "clock", absent=True)
    shift = table.integer("shift", default=VIRTUAL_TIME_SHIFT, minimum=0, maximum=SHIFT_MAXIMUM)
    return ScenarioClock(
        shift=shift,
        ovmf_shift=table.integer("ovmf_shift", default=shift, minimum=0, maximum=SHIFT_MAXIMUM),
        only_real=("only" in table and table.choice("only", _OnlyClock) is _OnlyClock.REAL)
        or find_kinds()[kind].is_real_only,
    )


def _check_lan(root: TableReader) -> None:
    """Note guest's networks that are not the one that there is."""
    table = root.optional_table("lan")
    if table is not None:
        if table.strings("segments", default=LAN_SEGMENTS) != LAN_SEGMENTS:
            table.add_problem("segments", f"not possible yet; expected {list(LAN_SEGMENTS)}")
        if table.string("address", default=LAN_ADDRESS) != LAN_ADDRESS:
            table.add_problem("address", f'not possible yet; expected "{LAN_ADDRESS}"')


def _read_suites(root: TableReader, machines: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the suites that a scenario is in: words, which mean its own `machines`, or tables that name the guests."""
    found = root.free_value("suites")
    if found is None:
        return {DEFAULT_SUITE: machines}
    if not isinstance(found, list):
        root.add_problem("suites", f"found {describe(found)}, expected an array of words and tables")
        return {}
    suites: dict[str, tuple[str, ...]] = {}
    for index, entry in enumerate(found):
        place = f"suites[{index}]"
        if isinstance(entry, str):
            suites.setdefault(entry, machines)
        elif isinstance(entry, dict):
            table = TableReader(root.document, entry, place)
            suites.setdefault(table.string("name"), table.strings("machines"))
        else:
            root.document.add_problem(place, f"found {describe(entry)}, expected a word or a table")
    return suites
