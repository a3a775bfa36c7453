from itertools import product

from bootrig.api.bisection import Answer, SideLine, Step, choose_next

NAMES = tuple(f"side-{number:02}" for number in range(12))


def search(first_bad: int, skipped: frozenset[int] = frozenset()) -> tuple[tuple[str, ...], int]:
    """Return the suspects that are left in the end, and how many were judged between the ends."""
    line, steps = SideLine(NAMES), [Step(NAMES[-1], Answer.BAD), Step(NAMES[0], Answer.GOOD)]
    while (choice := choose_next(line, steps)).name is not None:
        number = NAMES.index(choice.name)
        answer = Answer.SKIPPED if number in skipped else Answer.BAD if number >= first_bad else Answer.GOOD
        assert choice.name not in [step.name for step in steps]
        steps.append(Step(choice.name, answer))
    return choice.suspects, len(steps) - 2


def test_finds_the_first_bad_one_by_halves() -> None:
    for first_bad in range(1, 12):
        suspects, tried = search(first_bad)
        assert suspects == (NAMES[first_bad],)
        assert tried <= 4


def test_what_proves_nothing_is_gone_round() -> None:
    for first_bad, skipped in product(range(1, 12), range(1, 11)):
        suspects, _ = search(first_bad, frozenset({skipped}))
        assert NAMES[first_bad] in suspects
        hides = skipped in (first_bad, first_bad - 1)
        assert len(suspects) == (2 if hides else 1)


def test_nothing_is_found_where_all_between_the_ends_prove_nothing() -> None:
    suspects, tried = search(5, frozenset(range(1, 11)))
    assert set(suspects) == set(NAMES[1:])
    assert tried == 10


def test_two_neighbours_need_nothing_between_them() -> None:
    steps = [Step(NAMES[3], Answer.BAD), Step(NAMES[2], Answer.GOOD)]
    assert choose_next(SideLine(NAMES), steps).suspects == (NAMES[3],)
