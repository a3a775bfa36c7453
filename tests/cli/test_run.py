"""`bootrig run`: bad input, what it writes, and other ways to run.

What a healthy run gives is asserted in tests/scenario and tests/schedule, on the traces of one run; how a broken rig
ends in test_run_broken.py.
"""

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.command import find_run_directory, load_traces, run_command, start_command

RUN = ("run", "ipxe-debian-12", "--nic", "e1000", "--runs", "runs")
BOOT = (*RUN, "--scenario", "pxe-tftp")
LIMIT = pytest.mark.timeout(600)


# --- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("run", "ipxe-debian-sod"),
            'there is no recipe "ipxe-debian-sod" in {recipes}/roms; did you mean "ipxe-debian-sid"?',
        ),
        ((*RUN, "--scenario", "pxe-ftp"), 'no recipe "pxe-ftp" in {recipes}/scenarios; did you mean "pxe-tftp"?'),
        (
            (*RUN, "--scenario", "nbp-sizes[3k]"),
            "scenario 'nbp-sizes[3k]' has no such variant; did you mean \"nbp-sizes[2k]\"?",
        ),
        (("run", "ipxe-debian-12", "--nic", "e100"), "unknown NIC model 'e100'; did you mean \"e1000\"?"),
        ((*RUN, "--machine", "q53"), "unknown machine 'q53'; did you mean \"q35\"?"),
        ((*RUN, "--platform-firmware", "omvf"), "unknown platform firmware 'omvf'; did you mean \"ovmf\"?"),
        ((*BOOT, "--platform-firmware", "ovmf"), "no cell is left by these filters"),
        ((*BOOT, "-j", "0"), "-j 0: at least one cell has to run"),
        ((*BOOT, "--repeat", "0"), "--repeat 0: a cell has to be booted at least once"),
        ((*BOOT, "--runs", "/proc/nothing"), "cannot create a run directory in /proc/nothing: No such file"),
    ],
)
@pytest.mark.rig
def test_bad_input(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    ended = run_command(tmp_path, *words)
    recipes = Path(__file__).parents[2] / "recipes"
    assert (ended.status, ended.out) == (2, "")
    assert message.format(recipes=recipes) in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.glob("runs/*/cells"))


def test_every_problem_of_a_broken_scenario_is_told(tmp_path: Path) -> None:
    own = tmp_path / "recipes" / "scenarios"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text('sumary = "x"\n[deadline]\nguest_s = 0\n')
    ended = run_command(tmp_path, *RUN, "--scenario", "mine", environment={"BOOTRIG_RECIPES": str(own.parent)})
    file = own / "mine.toml"
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        "bootrig: mine.toml has 5 problems:",
        f"  {file}: summary: missing; expected a string",
        f"  {file}: deadline.guest_s: found 0, expected at least 1",
        f"  {file}: deadline.wall_s: missing; expected a number",
        f"  {file}: report: missing; a boot needs the kind of the probe that has to report: nbp, efi, disk",
        f'  {file}: sumary: unknown key; did you mean "summary"?',
    ]


def test_a_scenario_that_is_not_toml(tmp_path: Path) -> None:
    own = tmp_path / "recipes" / "scenarios"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text("summary = \n")
    ended = run_command(tmp_path, *RUN, "--scenario", "mine", environment={"BOOTRIG_RECIPES": str(own.parent)})
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"bootrig: {own}/mine.toml is not TOML: Invalid value (at line 1, column 11)")


@pytest.mark.rig
def test_a_rom_set_that_cannot_be_had(tmp_path: Path) -> None:
    environment = {"BOOTRIG_STORE": str(tmp_path / "empty"), "BOOTRIG_OFFLINE": "1"}
    ended = run_command(tmp_path, *BOOT, environment=environment)
    assert ended.status == 3
    assert "ipxe-qemu_1.0.0+git-20190125.36a4c85-5.1_all.deb" in ended.err
    assert "bootrig store add" in ended.err


# --- what a run writes -------------------------------------------------------------------------------------------


@LIMIT
@pytest.mark.rig
def test_outcomes_as_json_and_junit(tmp_path: Path) -> None:
    """JSON on standard output is alone there; what people read goes to standard error."""
    ended = run_command(tmp_path, *BOOT, "--json", "-", "--junit", "outcomes.xml")
    assert ended.status == 0
    document = json.loads(ended.out)
    assert document["format"] == "bootrig-outcomes/2"
    (cell,) = document["cells"]
    assert (cell["cell"], cell["rom_set"]) == ("pxe-tftp/e1000/pc/seabios/host", "ipxe-debian-12")
    assert (cell["status"], cell["milestone"]) == ("passed", "nbp-entered")
    (case,) = ElementTree.parse(tmp_path / "outcomes.xml").getroot().iter("testcase")
    assert case.find("failure") is None
    assert "Outcome: all 1 boots passed" in ended.err


@LIMIT
@pytest.mark.rig
def test_a_document_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run_command(tmp_path, *BOOT, "--json", "file/outcomes.json")
    assert ended.status == 2
    assert f"bootrig: cannot write file/outcomes.json: {tmp_path / 'file'} is not a directory\n" in ended.err


@LIMIT
@pytest.mark.rig
def test_a_boot_that_fails_is_the_roms_fault_after_real_time_confirmed_it(tmp_path: Path) -> None:
    """The program that is asked for is never served: exit status 1, after a second clock and real time."""
    own = tmp_path / "recipes" / "scenarios"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(
        'summary = "no such file"\nreport = "nbp"\nmilestones = ["dhcp-ack", "tftp-complete"]\n'
        '[dhcp]\nboot_file = "missing.0"\n[tftp."missing.0"]\ncontent = "missing"\n'
        "[deadline]\nguest_s = 90\nwall_s = 120\n"
    )
    words = (*RUN, "--scenario", "mine", "--json", "outcomes.json")
    with start_command(tmp_path, *words, environment={"BOOTRIG_RECIPES": str(own.parent)}) as command:
        ended = command.wait()
        traces = load_traces(command.run_directory)
    assert ended.status == 1
    assert {trace.attempt for trace in traces} >= {"real", "shift7"}
    assert {trace.clock.shift for trace in traces} & {5, 6}
    (cell,) = json.loads((tmp_path / "outcomes.json").read_text())["cells"]
    assert (cell["status"], cell["milestone"], cell["state"]) == ("failed", "dhcp-ack", "failed")
    said = "tftp://10.0.2.1/missing.0... No such file or directory (2d12603b)"
    assert cell["reason"] == f"tftp-complete was not reached: the console says '{said}'; {cell['last_unanswered']}"
    assert cell["last_unanswered"].startswith("TFTP: missing.0 not found, asked ")
    assert "Outcome: 1 of 1 boots FAILED" in ended.out


# --- other ways to run -------------------------------------------------------------------------------------------


@LIMIT
@pytest.mark.rig
def test_an_ordinary_user(tmp_path: Path) -> None:
    """In a user namespace without any rights: what only root may do fails there."""
    ordinary = ("unshare", "--user", "--map-user=1000", "--map-group=1000") if os.geteuid() == 0 else ()
    ended = run_command(tmp_path, *BOOT, "--accelerator", "tcg", before=ordinary)
    assert ended.status == 0, ended
    assert "Outcome: all 1 boots passed" in ended.out


@LIMIT
@pytest.mark.rig
def test_a_rom_that_works_only_thanks_to_its_default_name(tmp_path: Path) -> None:
    """QEMU patches the PCI IDs of default ROMs alone: named by `romfile`, Debian's eepro100 is none of the device's.

    Nobody sees that, as standard output and standard error are closed: status and document are the same.
    """
    unseen = ("sh", "-c", 'exec "$@" >&- 2>&-', "sh")
    words = ("run", "ipxe-debian-12", "--runs", "runs", "--nic", "e1000", "--nic", "i82559er", "--scenario", "pxe-tftp")
    ended = run_command(tmp_path, *words, "--rom-by", "file", "--json", "outcomes.json", before=unseen)
    assert (ended.status, ended.out, ended.err) == (1, "", "")
    cells = json.loads((tmp_path / "outcomes.json").read_text())["cells"]
    assert {cell["cell"].split("/")[1]: cell["status"] for cell in cells} == {"e1000": "passed", "i82559er": "failed"}
    run_directory = find_run_directory(tmp_path / "runs")
    for trace in load_traces(run_directory):
        assert Path(trace.rom.romfile).is_absolute()
        assert Path(trace.rom.romfile).parent == run_directory / "roms" / "ipxe-debian-12"


@LIMIT
@pytest.mark.rig
def test_a_guest_that_is_put_together_over_qmp(tmp_path: Path) -> None:
    ended = run_command(tmp_path, *BOOT, "--configure-by", "qmp")
    assert ended.status == 0, ended
    run_directory = find_run_directory(tmp_path / "runs")
    for trace in load_traces(run_directory):
        assert not any("e1000" in word and "driver" in word for word in trace.emulator.command)
        assert trace.rom.romfile == "efi-e1000.rom"
