"""What the tests of this folder share."""

from pathlib import Path

import pytest

from bootrig.workdir import cache_directory

# asked before a test gets directories of its own
USER_CACHE = cache_directory()


@pytest.fixture
def user_cache(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the emulators that the user has unpacked, and keep those that a test unpacks: they are large."""
    monkeypatch.setattr("bootrig.emulator.unpack.cache_directory", lambda: USER_CACHE)
    return USER_CACHE
