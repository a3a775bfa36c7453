"""Rooms whose modules are all imported."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from bootrig.registry import collect_objects, load_modules


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package in two directories, with a module that lacks the object and a package that is passed over."""
    for place, name, text in (
        ("one", "late", "THING = 3"),
        ("one", "plain", "OTHER = 4"),
        ("one/inner", "__init__", "THING = 5"),
        ("two", "early", "THING = 1"),
    ):
        (tmp_path / place).mkdir(exist_ok=True, parents=True)
        (tmp_path / place / f"{name}.py").write_text(text + "\n")
    package = ModuleType("registered_room")
    package.__path__ = [str(tmp_path / "one"), str(tmp_path / "two")]
    monkeypatch.setitem(sys.modules, package.__name__, package)
    for name in ("late", "plain", "early", "inner"):
        monkeypatch.delitem(sys.modules, f"registered_room.{name}", raising=False)
    return package


def test_every_module_of_every_directory_is_imported_in_the_order_of_names(room: ModuleType) -> None:
    assert [module.__name__ for module in load_modules(room)] == [
        "registered_room.early",
        "registered_room.late",
        "registered_room.plain",
    ]


def test_objects_are_collected_by_module_and_modules_without_one_are_passed_over(room: ModuleType) -> None:
    assert list(collect_objects(room, "THING").items()) == [("early", 1), ("late", 3)]


def test_a_package_is_a_thing_where_that_is_asked_for(room: ModuleType) -> None:
    assert list(collect_objects(room, "THING", packages=True).items()) == [("early", 1), ("inner", 5), ("late", 3)]
