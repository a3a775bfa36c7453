"""What the tests of this folder share."""

from pathlib import Path

import pytest

from bootrig.emulator.errors import EmulatorMissingError
from bootrig.emulator.release.discovery import Emulator
from bootrig.emulator.release.recipes import find_emulator
from bootrig.workdir import cache_directory
from tests.requirements import miss

# asked before a test gets directories of its own
USER_CACHE = cache_directory()


@pytest.fixture
def user_cache(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the emulators that the user has unpacked, and keep those that a test unpacks: they are large."""
    monkeypatch.setattr("bootrig.tree_room.cache_directory", lambda: USER_CACHE)
    return USER_CACHE


def require_emulator(name: str) -> Emulator:
    """Return an emulator that is unpacked if it has not been; where it is not available, the test cannot run."""
    try:
        return find_emulator(name)
    except EmulatorMissingError as error:
        miss(str(error), "debian-testing" if "testing" in str(error) else "")
