"""The fixtures for users' suites, in suites as users write them."""

import subprocess
import sys
from pathlib import Path

import pytest

from bootrig.api import RunResult
from bootrig.compare import Outcomes, judge_failures
from bootrig.errors import InputError, RigError
from bootrig.pytest_plugin.fixtures import BootrigConsole, BootrigRun
from bootrig.schedule.errors import CellSelectionError
from tests.compare.factory import Boot, trace

pytest_plugins = ["pytester"]
LIMIT = pytest.mark.timeout(600)


def run_suite(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """Run the suite in a process of its own, as its user would."""
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-q", *words)


def test_the_fixtures_are_found_and_documented(pytester: pytest.Pytester) -> None:
    result = run_suite(pytester, "--fixtures")
    result.stdout.fnmatch_lines_random(
        [
            "bootrig_compare -- *bootrig/pytest_plugin/fixtures.py:*",
            "    Compare two ROM sets as `bootrig compare` does and return the verdict; see *",
            "bootrig_console -- *bootrig/pytest_plugin/fixtures.py:*",
            "    Boot guests and hand their consoles over, as pexpect objects; see *",
            "bootrig_run -- *bootrig/pytest_plugin/fixtures.py:*",
            "    Boot ROM sets as `bootrig run` does and return what was seen; see *",
        ]
    )


def test_a_suite_that_boots_nothing_starts_fast(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    script = "import sys, pytest; pytest.main(['-q']); print('loaded', *sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], cwd=pytester.path, check=True, capture_output=True, text=True)
    loaded = out.stdout.partition("loaded ")[2].split()
    assert "bootrig.pytest_plugin" in loaded
    assert not {"pexpect", "rich", "aiohttp", "qemu.qmp", "bootrig.process"} & set(loaded)


def test_bad_input_is_an_exception(bootrig_run: BootrigRun) -> None:
    with pytest.raises(InputError, match='there is no recipe "nothing"'):
        bootrig_run("ipxe-debian-12", scenario="nothing")


def test_a_broken_rig_is_an_error_of_the_suite(bootrig_run: BootrigRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", "/nothing/qemu")
    with pytest.raises(RigError, match="BOOTRIG_QEMU names /nothing/qemu, which does not exist"):
        bootrig_run("ipxe-debian-12", nic=["e1000", "rtl8139"], scenario="pxe-tftp", time="virtual")


def make_result(*boots: Boot) -> RunResult:
    traces = tuple(trace(boot) for boot in boots)
    return RunResult(outcomes=Outcomes(traces, judge_failures(traces)), directory=Path())


def test_find_the_one_trace_that_fits() -> None:
    result = make_result(Boot(nic="e1000"), Boot(nic="rtl8139", passed=False), Boot(scenario="grub", nic="e1000"))
    assert result.find("grub").key.scenario == "grub"
    assert result.find("pxe-tftp", nic="rtl8139").key.nic_model == "rtl8139"
    assert [failed.key.nic_model for failed in result.failed] == ["rtl8139"]
    with pytest.raises(LookupError) as caught:
        result.find("pxe-tftp")
    assert str(caught.value) == (
        "2 traces fit scenario pxe-tftp: set pxe-tftp/e1000/pc/seabios/host, set pxe-tftp/rtl8139/pc/seabios/host"
    )
    with pytest.raises(LookupError, match=r"^0 traces fit scenario script, nic e1000, rom_set other: set pxe-tftp"):
        result.find("script", nic="e1000", rom_set="other")
    with pytest.raises(LookupError, match=r"^0 traces fit no condition: nothing$"):
        make_result().find()


@LIMIT
@pytest.mark.rig
def test_a_suite_that_boots(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """What README's suite does not try: a boot that fails, that nobody ends, whose QEMU dies."""
    own = pytester.mkdir("recipes") / "scenarios"
    own.mkdir()
    (own / "mine.toml").write_text(
        'summary = "nothing to boot"\nreport = "nbp"\n[dhcp]\n[deadline]\nguest_s = 60\nwall_s = 60\n'
    )
    pytester.makepyfile(
        """
        import os
        import signal

        from bootrig.process_tree import iter_tree

        def test_failure(bootrig_run):
            seen = bootrig_run("ipxe-debian-12", nic="e1000", scenario="mine")
            (failed,) = seen.failed
            assert "real" in {trace.attempt for trace in seen.traces}
            assert seen.settled == (failed,)
            assert (seen.directory / "cells").is_dir()

        def test_a_boot_that_nobody_ends(bootrig_console):
            bootrig_console("ipxe-debian-12").expect("SeaBIOS")

        def test_a_rig_that_breaks_while_somebody_types(bootrig_console):
            console = bootrig_console("ipxe-debian-12")
            console.expect("SeaBIOS")
            for process in iter_tree(os.getpid()):
                if "qemu-system" in process.command.split()[0]:
                    os.kill(process.pid, signal.SIGKILL)
            console.expect("never")
        """
    )
    monkeypatch.setenv("BOOTRIG_RECIPES", str(own.parent))
    run_suite(pytester).assert_outcomes(passed=2, errors=1)


@LIMIT
@pytest.mark.rig
def test_a_console_of_something_that_cannot_boot(bootrig_console: BootrigConsole) -> None:
    with pytest.raises(CellSelectionError, match="unknown NIC model 'e1001'; did you mean \"e1000\""):
        bootrig_console("ipxe-debian-12", nic="e1001")
