"""The matrix: what filters leave of it, and what they say when they name what is not there."""

from pathlib import Path

import pytest

from bootrig.recipe.path import RecipeKind, iter_recipe_names
from bootrig.scenario.platform import find_built_recipe, firmware_family
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.plan import SHIPPED_MACHINES, Filters, plan_cells
from firmware.nic import NIC_MODELS


def keys(**filters: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    return [
        (cell.key.scenario, cell.key.nic_model, cell.key.machine, cell.key.platform_firmware)
        for cell in plan_cells(Filters(**filters))
    ]


def test_without_filters_everything_is_tried() -> None:
    planned = plan_cells(Filters())
    assert {cell.key.nic_model for cell in planned} == set(NIC_MODELS)
    assert {cell.key.emulator for cell in planned} == {"host"}
    assert len({cell.key for cell in planned}) == len(planned)
    assert all(cell.key.scenario == cell.scenario.name for cell in planned)


def test_the_guests_of_the_default_matrix() -> None:
    """BIOS scenarios on `pc`, UEFI ones on `q35` and `q35-virt`, one of each firmware on a guest over 3 GiB."""
    tried: dict[tuple[str, str], set[str]] = {}
    for scenario, _, machine, firmware in keys():
        tried.setdefault((firmware, machine), set()).add(scenario)
    assert set(tried) == {
        ("seabios", "pc"),
        ("seabios", "q35-4g"),
        *(("ovmf", machine) for machine in ("q35", "q35-virt", "q35-4g")),
    }
    assert tried["ovmf", "q35"] == tried["ovmf", "q35-virt"] == {"efi-tftp", "efi-script"}
    assert (tried["seabios", "q35-4g"], tried["ovmf", "q35-4g"]) == ({"pxe-tftp"}, {"efi-tftp"})


def test_a_scenario_that_is_named_is_tried_on_its_own_guests() -> None:
    named = keys(nic_models=("e1000",), scenarios=("pxe-tftp", "efi-tftp"))
    assert [key[2] for key in named] == ["pc", "q35", "q35-virt"]


def test_the_bench_has_the_cells_that_it_has_always_had() -> None:
    """Its guests boot with every emulator: OVMF's had a random number device when its cells were counted."""
    planned = keys(suites=("bench-142",))
    assert len(planned) == len(set(planned)) == 142
    assert {(machine, firmware) for _, _, machine, firmware in planned} == {("pc", "seabios"), ("q35-virt", "ovmf")}


def test_every_shipped_guest_is_known_as_one() -> None:
    assert set(SHIPPED_MACHINES) == set(iter_recipe_names(RecipeKind.GUESTS))


def test_filters_are_repeatable() -> None:
    assert keys(nic_models=("rtl8139", "e1000"), scenarios=("grub", "script[ipxe]")) == [
        ("grub", "e1000", "pc", "seabios"),
        ("grub", "rtl8139", "pc", "seabios"),
        ("script[ipxe]", "e1000", "pc", "seabios"),
        ("script[ipxe]", "rtl8139", "pc", "seabios"),
    ]


def test_a_family_stands_for_its_variants() -> None:
    variants = keys(nic_models=("e1000",), scenarios=("nbp-sizes",))
    assert [key[0] for key in variants] == [f"nbp-sizes[{size}]" for size in ("512", "2k", "16k", "100k", "590k")]


@pytest.mark.parametrize(
    "filters",
    [
        {"scenarios": ("pxe-tftp", "pxe-tftp")},
        {"scenarios": ("nbp-sizes[2k]", "nbp-sizes")},
        {"scenarios": ("pxe-tftp",), "machines": ("q35", "q35")},
        {"scenarios": ("pxe-tftp",), "platform_firmware": ("seabios", "seabios")},
        {"scenarios": ("pxe-tftp",), "emulators": ("host", "host")},
        {"scenarios": ("pxe-tftp",), "nic_models": ("i82550", "i82550")},
    ],
)
def test_what_is_named_twice_is_tried_once(filters: dict[str, tuple[str, ...]]) -> None:
    planned = plan_cells(Filters(**filters))
    assert len({cell.key for cell in planned}) == len(planned)


def test_an_optional_machine_is_tried_because_it_is_named() -> None:
    assert keys(nic_models=("e1000",), scenarios=("pxe-tftp",), machines=("q35",)) == [
        ("pxe-tftp", "e1000", "q35", "seabios")
    ]
    assert keys(nic_models=("e1000",), scenarios=("pxe-tftp",), machines=("q35", "pc")) == [
        ("pxe-tftp", "e1000", "pc", "seabios"),
        ("pxe-tftp", "e1000", "q35", "seabios"),
    ]


def test_a_variant_of_a_nic_model_is_tried_because_it_is_named() -> None:
    assert keys(nic_models=("i82550",), scenarios=("pxe-tftp",)) == [("pxe-tftp", "i82550", "pc", "seabios")]


def test_a_user_s_own_guest_is_tried_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guests = tmp_path / "guests"
    guests.mkdir()
    (guests / "mine.toml").write_text('[machine]\ntype = "pc"\n')
    monkeypatch.setenv("BOOTRIG_RECIPES", str(tmp_path))
    assert keys(nic_models=("e1000",), scenarios=("grub",), machines=("mine",)) == [
        ("grub", "e1000", "mine", "seabios")
    ]


def test_a_platform_firmware_that_was_built_takes_the_place_of_its_family() -> None:
    named = keys(nic_models=("e1000",), scenarios=("pxe-tftp", "efi-tftp"), platform_firmware=("built:seabios",))
    assert named == [("pxe-tftp", "e1000", "pc", "built:seabios")]


@pytest.mark.parametrize(
    ("filters", "message", "remedy"),
    [
        (
            {"nic_models": ("virtio",)},
            "unknown NIC model 'virtio'",
            "known: e1000, e1000e, i82559er, ne2k_pci, pcnet, rtl8139, virtio-net-pci, vmxnet3",
        ),
        (
            {"nic_models": ("e1000", "rtl8193")},
            "unknown NIC model 'rtl8193'; did you mean \"rtl8139\"?",
            "known: e1000",
        ),
        ({"machines": ("q53",)}, "unknown machine 'q53'; did you mean \"q35\"?", "known: pc, q35"),
        (
            {"platform_firmware": ("seabois",)},
            "unknown platform firmware 'seabois'; did you mean \"seabios\"?",
            "known: seabios, ovmf",
        ),
        ({"emulators": ("hots",)}, "unknown emulator 'hots'; did you mean \"host\"?", "known: host"),
        (
            {"scenarios": ("script[pxe]",)},
            "scenario 'script[pxe]' has no such variant; did you mean \"script[ipxe]\"?",
            "known: script[ipxe], script[gpxe]",
        ),
        (
            {"scenarios": ("grub[x]",)},
            "scenario 'grub[x]' has no such variant; did you mean \"grub\"?",
            "known: grub",
        ),
        (
            {"scenarios": ("efi-tftp",), "machines": ("pc",)},
            "no cell is left by these filters",
            "leave one out; bootrig run SIDE --list shows what is left",
        ),
    ],
)
def test_a_filter_that_names_what_is_not_there(filters: dict[str, tuple[str, ...]], message: str, remedy: str) -> None:
    with pytest.raises(CellSelectionError) as caught:
        plan_cells(Filters(**filters))
    assert str(caught.value).startswith(message)
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("name", "family", "recipe"),
    [
        ("seabios", "seabios", None),
        ("ovmf", "ovmf", None),
        ("built:ovmf-2024", "ovmf", "ovmf-2024"),
        ("built:mine", "seabios", "mine"),
    ],
)
def test_families_of_platform_firmware(name: str, family: str, recipe: str | None) -> None:
    assert (firmware_family(name), find_built_recipe(name)) == (family, recipe)


def test_patterns_and_commas_choose_among_what_is_usual_first() -> None:
    def models(*words: str) -> list[str]:
        cells = plan_cells(Filters(nic_models=words, scenarios=("pxe-tftp",), machines=("pc",)))
        return [cell.key.nic_model for cell in cells]

    assert models("e1000*,pcnet") == ["e1000", "e1000e", "pcnet"]
    assert models("virtio*", "virtio-net-pci") == ["virtio-net-pci"]
    assert models("e1000-8254?em") == ["e1000-82545em"]
    assert models("*") == models()


def test_patterns_choose_scenarios_by_whole_names_and_by_families() -> None:
    def names(*words: str) -> set[str]:
        return {cell.scenario.name for cell in plan_cells(Filters(scenarios=words))}

    assert names("s?ript") == names("script") == {"script[ipxe]", "script[gpxe]"}
    assert names("script[ipxe],pxe-tftp") == {"script[ipxe]", "pxe-tftp"}
    assert names("*[ipxe]") == {name for name in names() if name.endswith("[ipxe]")}


@pytest.mark.parametrize("word", ["q*x", "", "e1000,"])
def test_a_pattern_that_nothing_fits_is_refused(word: str) -> None:
    with pytest.raises(CellSelectionError, match="unknown NIC model"):
        plan_cells(Filters(nic_models=(word,)))
    with pytest.raises(CellSelectionError, match="no scenario fits"):
        plan_cells(Filters(scenarios=("pxf*",)))
