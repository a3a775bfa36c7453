"""The end of a console's text, as it comes."""

import pytest

from bootrig.trace.reading.watch import OVERLAP, Watch


def test_a_match_may_begin_in_what_was_read_before() -> None:
    watch = Watch()
    watch.add("one pro")
    watch.add("mpt")
    assert "prompt" in watch.fresh


@pytest.mark.parametrize("length", [0, 1, OVERLAP - 1, OVERLAP, OVERLAP + 1])
def test_what_is_fresh_has_its_overlap(length: int) -> None:
    assert OVERLAP == 4 * 1024
    watch = Watch()
    assert watch.fresh == ""
    watch.add("x" * (OVERLAP + 1))
    watch.add("y" * length)
    assert watch.fresh == "x" * OVERLAP + "y" * length


@pytest.mark.parametrize("length", [1, 100])
def test_no_look_goes_over_more_than_the_new_text_and_its_overlap(length: int) -> None:
    watch = Watch()
    for _ in range(3000):
        watch.add("x" * length)
        assert len(watch.fresh) <= OVERLAP + length
