from collections.abc import Iterator
from pathlib import Path

import pytest

from bootrig.store.content import Store
from tests.store.http_server import Server, start_server


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def server() -> Iterator[Server]:
    with start_server() as server:
        yield server
