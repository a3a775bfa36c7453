"""The matrix: which cells a run has, after all filters."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bootrig.document.toml import suggest
from bootrig.recipe.path import RecipeKind, iter_recipe_names
from bootrig.scenario.file import iter_scenarios, load_scenario_family
from bootrig.scenario.platform import BUILT_PREFIX, FAMILIES, firmware_family
from bootrig.scenario.scenario import Scenario
from bootrig.scenario.suites import DEFAULT_SUITE, find_machines, iter_suite_names
from bootrig.schedule.errors import CellSelectionError, EmptySelectionError
from bootrig.trace.names import DEFAULT_EMULATOR, VARIED, CellKey, matches_pattern
from firmware.nic import NIC_MODELS, NIC_VARIANTS, find_models_of_rom

_PATTERN = re.compile(r"[*?]")
SHIPPED_MACHINES = ("pc", "q35", "q35-virt", "q35-4g")


@dataclass(frozen=True, slots=True)
class Filters:
    """What users ask for; an empty filter leaves everything.

    What is not part of the default matrix is tried because it is named: variants of the usual NIC models, guests that a
    scenario has as optional, users' own guests. Emulators are the host's by default; suites are `default`, but all
    scenarios where some are named.
    """

    nic_models: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    platform_firmware: tuple[str, ...] = ()
    emulators: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """One place of the matrix.

    Attributes:
        key: its name.
        scenario: what is tried.
        emulator: what boots it; by default the one of its name, or the host's where sides set it.
        platform_firmware: likewise, the scenario's first where sides set it.
    """

    key: CellKey
    scenario: Scenario
    emulator: str = ""
    platform_firmware: str = ""

    def __post_init__(self) -> None:
        emulator = DEFAULT_EMULATOR if self.key.emulator == VARIED else self.key.emulator
        is_varied = self.key.platform_firmware == VARIED
        firmware = self.scenario.guest.platform_firmware[0] if is_varied else self.key.platform_firmware
        object.__setattr__(self, "emulator", self.emulator or emulator)
        object.__setattr__(self, "platform_firmware", self.platform_firmware or firmware)

    @property
    def family(self) -> str:
        """What its platform firmware behaves like: `seabios` or `ovmf`."""
        return firmware_family(self.platform_firmware)


def plan_cells(filters: Filters) -> tuple[PlannedCell, ...]:
    """Return the cells that `filters` leave, in the matrix' order: by scenario, then by NIC model.

    Raises:
        DocumentError: a scenario does not exist or is wrong.
        CellSelectionError: a filter names what does not exist, or nothing is left.
    """
    # what is named twice, a family and one of its variants say, is tried once
    chosen = tuple(_select_scenarios(filters.scenarios))
    built = tuple(f"{BUILT_PREFIX}{name}" for name in iter_recipe_names(RecipeKind.PLATFORM_FIRMWARE))
    filters = replace(
        filters,
        nic_models=_choose("NIC model", filters.nic_models, NIC_MODELS, NIC_VARIANTS),
        machines=_choose("machine", filters.machines, iter_recipe_names(RecipeKind.GUESTS)),
        platform_firmware=_choose("platform firmware", filters.platform_firmware, FAMILIES, built),
        emulators=_choose("emulator", filters.emulators, iter_recipe_names(RecipeKind.EMULATORS)),
        suites=_choose("suite", filters.suites, iter_suite_names(chosen)),
    )
    cells = {cell.key: cell for scenario in chosen for cell in _iter_cells(scenario, filters)}
    if not cells:
        raise EmptySelectionError(
            "no cell is left by these filters", remedy="leave one out; bootrig run SIDE --list shows what is left"
        )
    return tuple(cells.values())


def _select_scenarios(names: Sequence[str]) -> Iterator[Scenario]:
    """Yield the scenarios that `names` stand for, all of them for no names."""
    if not names:
        yield from iter_scenarios()
        return
    for name in split_words(names):
        if _PATTERN.search(name):
            fitting = [scenario for scenario in iter_scenarios() if _fits(scenario.name, name)]
            if not fitting:
                raise CellSelectionError(f"no scenario fits {name!r}", remedy="bootrig run SIDE --list shows them")
            yield from fitting
            continue
        scenarios = load_scenario_family(name)
        if not scenarios:
            known = [scenario.name for scenario in load_scenario_family(name.partition("[")[0])]
            raise CellSelectionError(
                f"scenario {name!r} has no such variant{suggest(name, known)}", remedy=f"known: {', '.join(known)}"
            )
        yield from scenarios


def _fits(name: str, pattern: str) -> bool:
    """Whether a scenario is meant by a pattern, of its whole name or of its family's."""
    return matches_pattern(name, pattern) or matches_pattern(name.partition("[")[0], pattern)


def _iter_cells(scenario: Scenario, filters: Filters) -> Iterator[PlannedCell]:
    asked = tuple(machine for machine in filters.machines if _is_offered(machine, scenario))
    nic_models = (*scenario.guest.nic_models, *_asked_variants(scenario, filters))
    for emulator in filters.emulators or (DEFAULT_EMULATOR,):
        for machine in _filtered((*_default_machines(scenario, filters), *asked), filters.machines):
            for platform_firmware in _platform_firmware(scenario, filters):
                for nic_model in _filtered(nic_models, filters.nic_models):
                    key = CellKey(scenario.name, nic_model, machine, platform_firmware, emulator)
                    yield PlannedCell(key, scenario)


def _default_machines(scenario: Scenario, filters: Filters) -> tuple[str, ...]:
    """Return the guests on which a scenario is tried by the suites asked for, by its own word where it is named."""
    if not filters.suites and filters.scenarios:
        return scenario.guest.machines
    suites = filters.suites or (DEFAULT_SUITE,)
    return tuple(dict.fromkeys(machine for suite in suites for machine in find_machines(scenario, suite)))


def _is_offered(machine: str, scenario: Scenario) -> bool:
    """Whether a scenario tries a guest that it does not try by default; users' own guests are tried everywhere."""
    return machine in scenario.guest.optional_machines or machine not in (*scenario.guest.machines, *SHIPPED_MACHINES)


def _platform_firmware(scenario: Scenario, filters: Filters) -> Iterator[str]:
    """Yield a scenario's platform firmware; one that was built takes the place of its family because it is named."""
    if not filters.platform_firmware:
        yield from scenario.guest.platform_firmware
    for name in filters.platform_firmware:
        if firmware_family(name) in scenario.guest.platform_firmware:
            yield name


def _asked_variants(scenario: Scenario, filters: Filters) -> Iterator[str]:
    """Yield the NIC models beside the usual ones that somebody names and whose ROM the scenario tries."""
    for name in filters.nic_models:
        variant = NIC_VARIANTS.get(name)
        if variant is not None and find_models_of_rom(variant.rom_stem)[0].qom_type in scenario.guest.nic_models:
            yield name


def _filtered(offered: Sequence[str], wanted: Collection[str]) -> Iterator[str]:
    return (word for word in offered if not wanted or word in wanted)


def _choose(what: str, words: Sequence[str], usual: Iterable[str], more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names that words stand for: several between commas, patterns of the shell.

    What there is beside the `usual` is meant by its whole name, or by a pattern that nothing usual fits.

    Raises:
        CellSelectionError: a word stands for nothing.
    """
    usual, more = tuple(usual), tuple(more)
    chosen: dict[str, None] = {}
    for word in split_words(words):
        found = [word] if word in more else []
        for names in (usual, more):
            found = found or [name for name in names if matches_pattern(name, word)]
        if not found:
            known = (*usual, *more)
            raise CellSelectionError(
                f"unknown {what} {word!r}{suggest(word, known)}", remedy=f"known: {', '.join(known)}"
            )
        chosen.update(dict.fromkeys(found))
    return tuple(chosen)


def split_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words between commas; a comma in the brackets of a variant belongs to it."""
    return tuple(part for word in words for part in re.split(r",(?![^\[]*\])", word))
