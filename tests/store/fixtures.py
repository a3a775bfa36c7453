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


@pytest.fixture(autouse=True)
def _no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what this user has configured."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("BOOTRIG_CONFIG", "BOOTRIG_MIRROR", "BOOTRIG_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
