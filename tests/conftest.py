"""What all tests share: the rings, a store of their own, real ROM sets, and the check that nothing is left behind."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from bootrig.errors import RigError
from bootrig.network.namespace import probe_namespaces
from bootrig.process import ToolMissingError, require_tool
from bootrig.romset.obtain import obtain_rom_set
from bootrig.store.content import Store
from bootrig.store.settings import load_settings
from firmware.romset import RomSet
from tests.leaks import adopt_orphans, find_leaks, take_snapshot
from tests.requirements import miss
from tests.store.fixtures import server, store

__all__ = ["server", "store"]

# What the tests of the rig ring start; README, "Working on bootrig", says how CI and a laptop differ.
RIG_TOOLS = ("qemu-system-x86_64", "dnsmasq", "as", "ld", "objcopy")

# asked before a test gets directories of its own
USER_STORE = Store.default()


# A laptop tries fewer inputs than CI.
settings.register_profile("laptop", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=300)
settings.load_profile("ci" if os.environ.get("CI") else "laptop")


def pytest_configure(config: pytest.Config) -> None:
    """Become the parent of everything that tests start, so that the leak check sees it."""
    adopt_orphans()
    # what a shell starts in the background ignores SIGINT, and so would all that tests start and interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # a KVM that works now and then is no basis for a test
    os.environ.setdefault("BOOTRIG_ACCELERATOR", "tcg")
    # what a test sees it has booted itself
    os.environ.setdefault("BOOTRIG_FRESH", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the rings: first what needs no guest, then what boots, then what takes minutes."""
    items.sort(
        key=lambda item: (item.get_closest_marker("slow") is not None, item.get_closest_marker("rig") is not None)
    )


@cache
def missing_for_rig() -> str:
    """Return what this machine lacks for the rig ring, empty where nothing is missing."""
    for name in RIG_TOOLS:
        try:
            require_tool(name)
        except ToolMissingError as error:
            return f"{error}; {error.remedy}"
    try:
        probe_namespaces()
    except RigError as error:
        return f"{error}; {error.remedy}"
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip (on a laptop) or fail (in CI) tests of the rig ring where the machine cannot boot guests."""
    if item.get_closest_marker("rig") is not None and (missing := missing_for_rig()):
        miss(missing)


@pytest.fixture(scope="session")
def session_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of this test run, the same for all workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(autouse=True)
def own_directories(
    request: pytest.FixtureRequest, session_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give each test temporary files and caches of its own, and check in the end that it leaves nothing behind.

    Tests of the rig ring share caches for this run (so that the accelerator is proven once) and use the user's store
    (so that nothing is downloaded twice).
    """
    own = Path(tempfile.mkdtemp(prefix="bt-"))
    temporary = own / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    booting = request.node.get_closest_marker("rig") is not None
    monkeypatch.setenv("BOOTRIG_CACHE", str(session_directory / "bootrig-cache" if booting else own / "cache"))
    if booting:
        monkeypatch.setenv("BOOTRIG_STORE", str(USER_STORE.root))
    else:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(own / "config"))
        for name in ("BOOTRIG_STORE", "BOOTRIG_CONFIG", "BOOTRIG_MIRROR", "BOOTRIG_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("BOOTRIG_RECIPES", raising=False)
    before = take_snapshot(temporary, own)
    yield temporary
    leaks = find_leaks(before, temporary, own)
    shutil.rmtree(own, ignore_errors=True)
    if leaks:
        pytest.fail("this test leaves things behind:\n  " + "\n  ".join(leaks), pytrace=False)


@pytest.fixture(scope="session")
def debian_rom_set() -> Callable[[str], RomSet]:
    """Return a function that returns a real ROM set, kept in the user's store so that it is downloaded once.

    Where it is not available the test skips on a laptop and fails in CI.
    """

    settings = load_settings()

    @cache
    def obtain(name: str) -> RomSet:
        try:
            return obtain_rom_set(name, USER_STORE, settings=settings)
        except RigError as error:
            miss(f"{name}: {error}")

    return obtain
