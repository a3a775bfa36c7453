"""Parts of a matrix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootrig.errors import InputError
from bootrig.schedule.errors import CellSelectionError
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.schedule.shard import Shard

PLANNED = plan_cells(Filters(suites=("bench-142",)))


@given(st.integers(1, len(PLANNED)))
def test_each_cell_is_in_one_shard(count: int) -> None:
    parts = [Shard(number, count).select(PLANNED) for number in range(1, count + 1)]
    assert sorted(cell.key for part in parts for cell in part) == sorted(cell.key for cell in PLANNED)
    assert all(parts)


def test_shards_take_about_as_long_and_keep_together_what_belongs_together() -> None:
    parts = [Shard(number, 4).select(PLANNED) for number in range(1, 5)]
    weights = [sum(4 if cell.key.platform_firmware == "ovmf" else 1 for cell in part) for part in parts]
    assert max(weights) - min(weights) <= 8
    places = [{(cell.key.nic_model, cell.key.machine, cell.key.platform_firmware) for cell in part} for part in parts]
    assert sum(map(len, places)) <= len(set().union(*places)) + 3


def test_the_order_of_the_matrix_is_kept_and_does_not_matter() -> None:
    shard = Shard(2, 3)
    keys = [cell.key for cell in PLANNED]
    chosen = [cell.key for cell in shard.select(PLANNED)]
    assert chosen == [key for key in keys if key in set(chosen)]
    assert {cell.key for cell in shard.select(PLANNED[::-1])} == set(chosen)


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "3/", "/8", "-1/8", "a/b", "1/0", "1/2/3", "1.5/2", "٣/٨"])
def test_what_is_not_a_shard(text: str) -> None:
    with pytest.raises(InputError, match="is not a shard, expected its number and how many there are"):
        Shard.parse(text)


def test_a_shard_by_its_numbers() -> None:
    assert Shard.parse("3/8") == Shard(3, 8)
    assert str(Shard(3, 8)) == "3/8"


def test_more_shards_than_cells() -> None:
    with pytest.raises(CellSelectionError, match=f"there are {len(PLANNED)} cells"):
        Shard(1, len(PLANNED) + 1).select(PLANNED)
