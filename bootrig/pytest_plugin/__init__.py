r"""Suites that boot guests with bootrig: scenarios as tests, and fixtures, thin layers over `bootrig.api`.

Installed with bootrig and found by pytest by itself.

    pytest --bootrig-roms SIDE scenarios/
    pytest --bootrig-roms SIDE --bootrig-baseline SIDE scenarios/

collects each cell of the scenarios in directories called `scenarios` that the command line names, or that
`$BOOTRIG_RECIPES` has. All of them are booted before the first test, by one pool, also where pytest-xdist runs the
tests in several processes. A boot that fails, or with a baseline a regression, is a failed test, with the stages, the
end of the console, and the command that repeats it. With a baseline the test `verdict` tells the verdict as a whole.

`bootrig_run` boots ROM sets and returns what was seen, `bootrig_compare` compares two sides:

    def test_our_roms_boot(bootrig_run):
        seen = bootrig_run("ipxe-debian-13", nic="e1000", scenario=["pxe-tftp", "script"])
        seen.require_passed()
        assert seen.find("pxe-tftp").find_milestone("nbp-entered")

`bootrig_console` boots one guest and hands its console over, as a pexpect object that decodes UTF-8:

    def test_our_prompt(bootrig_console):
        console = bootrig_console("ipxe-debian-13", nic="virtio-net-pci")
        console.expect("Press Ctrl-B")
        console.send("\x02")
        console.expect_exact("iPXE> ")
        assert console.end().find_milestone("dhcp-discover") is None

What is sent is typed as fast as the guest takes it. The guest ends with the test, or by `end()`, which returns the
trace.

Wrong input and a broken rig are exceptions (`bootrig.errors`). A broken rig makes no test fail: it is an error of the
test, or with `--bootrig-missing=skip` it is skipped. `bootrig doctor` says what is missing.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from bootrig.errors import BootrigError, RigError
from bootrig.pytest_plugin.fixtures import bootrig_compare, bootrig_console, bootrig_run
from bootrig.pytest_plugin.options import MARKER, ROMS, add_options, require_sound

SKIP = "skip"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}: the cell that a test boots")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Find the scenarios' directories, and make sure that the sides are there."""
    if session.config.getoption(ROMS) is not None:
        require_sound(session.config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a scenario."""
    if parent.config.getoption(ROMS) is None or file_path.suffix != ".toml":
        return None
    from bootrig.pytest_plugin.collection import collect_scenario  # noqa: PLC0415 - pytest has to start fast

    return collect_scenario(file_path, parent)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the test of the verdict as a whole."""
    if session.config.getoption(ROMS) is not None:
        from bootrig.pytest_plugin.collection import add_verdict  # noqa: PLC0415

        add_verdict(session, items)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Boot all cells before the first test."""
    config = session.config
    if config.getoption(ROMS) is not None and not config.option.collectonly and not session.testsfailed:
        from bootrig.pytest_plugin.collection import boot_items  # noqa: PLC0415

        boot_items(session)
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process of pytest-xdist where all of them share the boots."""
    from bootrig.pytest_plugin.sharing import share_directory  # noqa: PLC0415

    share_directory(node)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a broken rig as an error, or skip the test; tell remedies."""
    report = yield
    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, BootrigError) and error.remedy:
        report.sections.append(("remedy", error.remedy))
    if call.excinfo is not None and isinstance(error, RigError):
        report.longrepr = call.excinfo.getrepr(style="value")  # nobody's code is to blame
        if item.config.getoption("bootrig_missing") == SKIP:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: {error}")
        elif report.when == "call":
            report.when = "setup"  # what pytest tells as an error, in JUnit too
    case = getattr(item, "case", None)
    if case is not None and call.when == "call":
        report.duration = case.wall_s or 0.0
    return report


__all__ = ["bootrig_compare", "bootrig_console", "bootrig_run"]
