"""Scenarios that pytest collects, as users run them."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bootrig.recipe.path import shipped_recipes
from tests.pytest_plugin.test_fixtures import LIMIT, run_suite

pytest_plugins = ["pytester"]
ROMS = "--bootrig-roms=ipxe-debian-13"


@pytest.fixture
def scenarios(pytester: pytest.Pytester) -> Path:
    """The directory `scenarios`, with one that boots and one that does not."""
    directory = pytester.mkdir("scenarios")
    shipped = shipped_recipes() / "scenarios/pxe-tftp.toml"
    (directory / "pxe-tftp.toml").write_bytes(shipped.read_bytes())
    (directory / "mine.toml").write_text(
        'summary = "nothing to boot"\nreport = "nbp"\n[dhcp]\n[deadline]\nguest_s = 60\nwall_s = 60\n'
    )
    return directory


@pytest.mark.usefixtures("scenarios")
def test_cells_are_tests(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", other="[not.a.scenario]\n")
    words = ("--collect-only", "--bootrig-nic=e1000", "--bootrig-nic=pcnet", "-m", "not bootrig(nic='pcnet')")
    result = run_suite(pytester, ROMS, *words, "scenarios", ".")
    result.stdout.fnmatch_lines(
        [
            "scenarios/mine.toml::mine/e1000/pc/seabios/host",
            "scenarios/pxe-tftp.toml::pxe-tftp/e1000/pc/seabios/host",
            "*2/4 tests collected (2 deselected)*",
        ]
    )


@pytest.mark.usefixtures("scenarios")
def test_nothing_is_collected_where_nobody_asks(pytester: pytest.Pytester) -> None:
    run_suite(pytester, "scenarios").stdout.fnmatch_lines(["no tests ran*"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--bootrig-roms=ipxe-debian-31",), '*there is no recipe "ipxe-debian-31"*did you mean*'),
        ((ROMS, "--bootrig-baseline=./nothing"), "*nothing*"),
        ((ROMS, "--bootrig-waivers=nothing.toml"), "*nothing.toml*"),
    ],
)
@pytest.mark.usefixtures("scenarios")
def test_sides_that_are_not_there(pytester: pytest.Pytester, words: tuple[str, ...], told: str) -> None:
    result = run_suite(pytester, *words, "scenarios")
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}"])


def test_what_is_wrong_with_a_scenario_is_told(pytester: pytest.Pytester, scenarios: Path) -> None:
    (scenarios / "mine.toml").write_text('sumary = "nothing to boot"\n')
    result = run_suite(pytester, ROMS, "scenarios/mine.toml")
    result.stdout.fnmatch_lines(["*sumary*did you mean*"])
    result.assert_outcomes(errors=1)
    result = run_suite(pytester, ROMS, "--bootrig-nic=e1001", "scenarios/pxe-tftp.toml")
    result.stdout.fnmatch_lines(["unknown NIC model 'e1001'; did you mean \"e1000\"*", "remedy: known: *"])
    result.assert_outcomes(errors=1)


@pytest.mark.parametrize("processes", ["0", "2"])
@pytest.mark.usefixtures("scenarios")
def test_a_broken_rig_is_an_error_or_skipped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: str
) -> None:
    monkeypatch.setenv("BOOTRIG_QEMU", "/nothing/qemu")
    pytester.makepyfile("def test_boot(bootrig_run): bootrig_run('ipxe-debian-13', scenario='pxe-tftp')")
    words = (ROMS, "--bootrig-nic=e1000", "scenarios", "test_a_broken_rig_is_an_error_or_skipped.py", f"-n{processes}")
    result = run_suite(pytester, "--junitxml=results.xml", *words)
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["*BOOTRIG_QEMU names /nothing/qemu, which does not exist", "*- remedy -*"])
    (suite,) = ElementTree.parse(pytester.path / "results.xml").getroot()
    assert (suite.get("errors"), suite.get("failures")) == ("3", "0")
    run_suite(pytester, "--bootrig-missing=skip", *words).assert_outcomes(skipped=3)


@LIMIT
@pytest.mark.rig
@pytest.mark.usefixtures("scenarios")
def test_scenarios_that_boot_for_two_processes(pytester: pytest.Pytester) -> None:
    """One passes, one fails with all that tells why; both processes share one run."""
    result = run_suite(pytester, ROMS, "--bootrig-nic=e1000", "-n2", "--junitxml=results.xml", "scenarios")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "nbp-entered was not reached: *",
            "*Captured stages call*",
            "* s  dhcp-ack * DHCP ACK, xid *",
            "*Captured console call*",
            "*Captured again call*",
            "bootrig boot ipxe-debian-13 --scenario mine --nic e1000 --machine pc --platform-firmware seabios",
            "FAILED scenarios/mine.toml::mine/e1000/pc/seabios/host - *",
        ]
    )
    assert len([path for path in Path("bootrig-runs").iterdir() if path.is_dir() and not path.is_symlink()]) == 1
    cases = {case.get("name"): case for case in ElementTree.parse("results.xml").getroot().iter("testcase")}
    assert all(float(case.get("time") or 0) > 0.1 for case in cases.values())


@LIMIT
@pytest.mark.rig
@pytest.mark.usefixtures("scenarios")
def test_scenarios_against_a_baseline(pytester: pytest.Pytester) -> None:
    """Another set differs, and its verdict is a test."""
    words = (ROMS, "--bootrig-baseline=ipxe-debian-12", "--bootrig-nic=e1000", "--bootrig-policy=strict")
    result = run_suite(pytester, *words, "scenarios/pxe-tftp.toml")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*Captured differences call*", "*Captured console, candidate call*", "Verdict: NOT COMPATIBLE*"]
    )
