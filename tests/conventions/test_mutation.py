"""ci/mutate: which tests belong to which code, what is broken, what is accepted. Making mutants needs cosmic-ray."""

from pathlib import Path

import pytest

from ci.mutation import (
    ACCEPTED,
    ROOMS,
    Change,
    Place,
    describe_change,
    find_annotated,
    find_tests,
    iter_sources,
    load_accepted,
    report,
    run_tests,
)
from tests.conventions.tracked import ROOT

PLACE = Place("bootrig/compare/pairing.py", 7, "core/AddNot", 0)
CHANGE = Change(PLACE.path, "if a:", "if not a:")
ENTRY = f'[[accepted]]\npath = "{PLACE.path}"\nbefore = "if a:"\nafter = "if not a:"\nreason = "nobody looks"\n'


def test_every_room_and_its_tests_are_there() -> None:
    for room, tests in ROOMS:
        assert (ROOT / room).exists()
        assert all((ROOT / name).exists() for name in tests)
    assert "bootrig/compare/rules/rom.py" in set(iter_sources([]))


def test_code_of_no_room_is_refused() -> None:
    assert find_tests("bootrig/compare/rules/rom.py") == ("tests/compare",)
    with pytest.raises(ValueError, match=r"bootrig/comparex\.py: no tests are known for it"):
        find_tests("bootrig/comparex.py")


def test_annotations_are_not_broken() -> None:
    source = "def f(a: int | None = 1) -> str | None:\n    b: int | str = a | 2\n    return b\n"
    places = find_annotated(source)
    assert {(1, 9), (1, 13), (1, 29), (2, 7)} <= places
    assert not {(1, 24), (2, 19), (3, 11)} & places


def test_a_change_is_its_lines_without_indentation() -> None:
    assert describe_change("a.py", "x\n    if a:\n        b\n", "x\n    if not a:\n        b\n") == Change(
        "a.py", "if a:", "if not a:"
    )


def test_accepted_mutants_have_reasons(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(ENTRY)
    assert load_accepted(path) == {CHANGE: "nobody looks"}
    for wrong in (ENTRY.replace("nobody looks", " "), ENTRY.replace("reason", "because")):
        path.write_text(wrong)
        with pytest.raises(ValueError, match=r"accepted\.toml: expected path, before, after and a reason"):
            load_accepted(path)


def test_accepted_mutants_are_of_lines_that_are_still_there() -> None:
    for change in load_accepted(ACCEPTED):
        lines = [line.strip() for line in (ROOT / change.path).read_text().splitlines()]
        assert set(change.before.split(" / ")) <= set(lines), change


def test_a_survivor_that_was_not_accepted_makes_the_status_one() -> None:
    text, status = report(4, [(PLACE, CHANGE)], [])
    assert status == 1
    assert text.splitlines() == [
        "bootrig/compare/pairing.py:7: survived (core/AddNot)",
        "  - if a:",
        "  + if not a:",
        "3 of 4 mutants killed, 0 accepted, 1 survived: score 75 %",
    ]
    assert report(4, [(PLACE, CHANGE)], [CHANGE]) == ("3 of 4 mutants killed, 1 accepted, 0 survived: score 100 %", 0)


def test_tests_that_fail_or_take_too_long_notice(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("def test_one():\n    assert True\n")
    assert run_tests(tmp_path, ["test_one.py"])
    (tmp_path / "test_one.py").write_text("def test_one():\n    assert False\n")
    assert not run_tests(tmp_path, ["test_one.py"])
    (tmp_path / "test_one.py").write_text("import time\ndef test_one():\n    time.sleep(60)\n")
    assert not run_tests(tmp_path, ["test_one.py"], timeout_s=0.5)
