"""One file of a scenario for each way to be wrong."""

from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.scenario.file import load_scenarios
from bootrig.trace.reading.milestones import WIRE_MILESTONES
from firmware.nic import NIC_MODELS
from firmware.probe.registry import REPORT_MILESTONES
from tests.scenario.files import GOOD, write

TALK = 'kind = "console"\n' + GOOD
KNOWN_MILESTONES = ", ".join(dict.fromkeys((*WIRE_MILESTONES, *REPORT_MILESTONES.values())))
LONG_PATTERN = "console[0].pattern: found 1001 characters, expected at most 1000"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace('summary = "x"\n', ""), "summary: missing; expected a string"),
        (GOOD.replace('"x"', "3"), "summary: found an integer 3, expected a string"),
        (GOOD.replace("[dhcp]", "[dchp]"), 'dchp: unknown key; did you mean "dhcp"?'),
        (GOOD + "[iscsi]\n", "iscsi: unknown key"),
        (
            'allow = ["dhcp-nak", "dhcp-discovery"]\n' + GOOD,
            'allow[1]: found a string "dhcp-discovery", expected what may disturb a boot, as dhcp-nak',
        ),
        (GOOD.replace("[dhcp]", "[[dhcp]]"), "dhcp: found an array, expected a table"),
        (
            "memory_mib = 512\n" + GOOD,
            "memory_mib: memory is the guest's: memory_mib under [machine] in a file of guests/",
        ),
        ('kind = "bot"\n' + GOOD, 'kind: found "bot", expected one of boot, console; did you mean "boot"?'),
        ('machines = "pc"\n' + GOOD, 'machines: found a string "pc", expected an array, each element a string'),
        ("machines = [1]\n" + GOOD, "machines[0]: found an integer 1, expected a string"),
        (
            'platform_firmware = ["seabois"]\n' + GOOD,
            'platform_firmware[0]: found "seabois", expected one of seabios, ovmf; did you mean "seabios"?',
        ),
        (
            'nic_models = ["e1000", "e1002"]\n' + GOOD,
            f'nic_models[1]: found "e1002", expected one of {", ".join(NIC_MODELS)}; did you mean "e1000"?',
        ),
        (
            GOOD.replace('report = "nbp"\n', ""),
            f"report: missing; a boot needs the kind of the probe that has to report: {', '.join(REPORT_MILESTONES)}",
        ),
        (
            GOOD.replace('"nbp"', '"npb"'),
            'report: found "npb", expected one of nbp, efi, disk; did you mean "nbp"?',
        ),
        (
            GOOD.replace('"nbp"', '"disk"'),
            'disk: a guest whose disk has to report ("report") needs one: disk = true',
        ),
        ('disk = "yes"\n' + GOOD, 'disk: found a string "yes", expected a boolean'),
        (
            'kind = "console"\n' + GOOD.replace('report = "nbp"\n', ""),
            "step: missing; a console scenario needs at least one step",
        ),
        (
            'milestones = ["dhcp-ack", "tftp-complet"]\n' + GOOD,
            f'milestones[1]: found "tftp-complet", expected one of {KNOWN_MILESTONES}; did you mean "tftp-complete"?',
        ),
        (
            GOOD.replace("[dhcp]", '[dhcp]\nfields = "heder"'),
            'dhcp.fields: found "heder", expected one of header, options, both, file-option; did you mean "header"?',
        ),
        (
            GOOD.replace("[dhcp]", '[dhcp]\nboot_file = "a\\u0001b"\n[tftp."a\\u0001b"]\ncontent = "probe"'),
            'dhcp.boot_file: "a\\x01b": dnsmasq cannot carry the byte 0x01',
        ),
        (
            GOOD.replace("[dhcp]", '[dhcp]\nboot_file = "nbp.0"'),
            'dhcp.boot_file: no service of this scenario has a file "nbp.0"; only a disk\'s report does without',
        ),
        ('by = "somebody"\n' + GOOD, 'by: found "somebody", expected one of rom, script, menu, bios, uefi, nbp'),
        (
            'over = "ftp"\n' + GOOD,
            'over: found "ftp", expected one of tftp, http, https, nfs, san, disk; did you mean "tftp"?',
        ),
        ("suites = 1\n" + GOOD, "suites: found an integer 1, expected an array of words and tables"),
        ("suites = [1]\n" + GOOD, "suites[0]: found an integer 1, expected a word or a table"),
        ('suites = [{ name = "a" }]\n' + GOOD, "suites[0].machines: missing; expected an array, each element a string"),
        (GOOD + "[clock]\nshift = 11\n", "clock.shift: found 11, expected at most 10"),
        (GOOD + '[clock]\nonly = "virtual"\n', 'clock.only: found "virtual", expected one of real'),
        (GOOD + '[lan]\nsegments = ["a", "b"]\n', "lan.segments: not possible yet; expected ['lan0']"),
        (GOOD + '[lan]\naddress = "10.0.3.1/24"\n', 'lan.address: not possible yet; expected "10.0.2.1/24"'),
        (
            GOOD + '[[known]]\nroms = ["a"]\noutcome = "broken"\nbecause = "b"\n',
            'known[0].outcome: found "broken", expected one of passed, failed',
        ),
        (
            GOOD + '[[known]]\nroms = ["a"]\noutcome = "failed"\nmilestone = "x"\nbecause = "b"\n',
            f'known[0].milestone: found "x", expected one of {KNOWN_MILESTONES}',
        ),
        (
            GOOD + '[[step]]\nexpect = "a"\n',
            'step: nobody is at the console of such a boot; steps are for kind = "console"',
        ),
        (GOOD + f'[[console]]\nmilestone = "m"\npattern = "{"a" * 1001}"\n', LONG_PATTERN),
        (GOOD.replace("wall_s = 120", "wall_s = 0.5"), "deadline.wall_s: found 0.5, expected at least 1"),
        (GOOD.replace("guest_s = 90\n", ""), "deadline.guest_s: missing; expected a number"),
        (GOOD + "[tftp]\nx = 1\n", "tftp.x: unknown key"),
        (
            GOOD + '[tftp]\nserver = "atftpd"\n',
            'tftp.server: found "atftpd", expected one of tftpy; did you mean "tftpy"?',
        ),
        (
            GOOD + '[tftp."nbp.0"]\ncontent = "prob"\n',
            'tftp."nbp.0".content: found "prob", expected one of error, grub, hex, missing, path, probe, sector, text; '
            'did you mean "probe"?',
        ),
        (
            GOOD + '[tftp."nbp.0"]\ncontent = "probe"\nlength = 511\n',
            'tftp."nbp.0".length: found 511, expected 512 to 622592 bytes for the bios probe',
        ),
        (
            'platform_firmware = ["ovmf"]\n' + GOOD + '[tftp."nbp.0"]\ncontent = "probe"\nlength = 1024\n',
            'tftp."nbp.0".length: found 1024, expected 5120 to 33554432 bytes for the efi probe',
        ),
        (
            'platform_firmware = ["ovmf"]\n' + GOOD + '[tftp.a]\ncontent = "sector"\n',
            "tftp.a.content: a boot sector is for a BIOS, and the scenario has guests with the efi probe",
        ),
        (
            GOOD + '[http."a"]\ncontent = "text"\ntext = "x"\nlength = 600\n',
            "http.a.length: unknown key",
        ),
        (
            GOOD + '[tftp."a"]\ncontent = "text"\n',
            "tftp.a.text: missing; expected a string that is not empty",
        ),
        (
            GOOD + '[tftp."a"]\ncontent = "path"\n',
            "tftp.a.path: missing; expected an absolute path",
        ),
        (
            GOOD + '[tftp."a"]\ncontent = "grub"\n',
            "tftp.a.modules: missing; expected an array, each element the name of a module of GRUB",
        ),
        (
            GOOD + '[tftp.a]\ncontent = "grub"\nmodules = []\n',
            "tftp.a.modules: found an empty array, expected at least one module",
        ),
        (
            GOOD + '[tftp.a]\ncontent = "hex"\nhex = "4"\n',
            'tftp.a.hex: found a string "4", expected pairs of hexadecimal digits',
        ),
        (GOOD + '[tftp."../a"]\ncontent = "probe"\n', 'tftp."../a": leads out of the server\'s root'),
        (GOOD + '[http."/etc/a"]\ncontent = "probe"\n', 'http."/etc/a": leads out of the server\'s root'),
        (GOOD + '[http.""]\ncontent = "probe"\n', 'http."": leads out of the server\'s root'),
        (GOOD + '[[console]]\npattern = "x"\n', "console[0].milestone: missing; expected a string"),
        (
            GOOD + '[[console]]\nmilestone = "m"\npattern = "a("\n',
            'console[0].pattern: found "a(", which is not a regular expression: missing ) at position 2',
        ),
        (
            TALK + '[[step]]\nexpect = "*"\n',
            'step[0].expect: found "*", which is not a regular expression: nothing to repeat at position 0',
        ),
        (TALK + '[[step]]\nexpect = "a"\nrepeat_s = -1\n', "step[0].repeat_s: found -1, expected at least 0"),
        ("variant = 1\n" + GOOD, "variant: expected a table of tables"),
        ("variant.a = 1\n" + GOOD, "variant: expected a table of tables"),
    ],
)
def test_a_file_that_is_wrong(text: str, problem: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DocumentError) as caught:
        load_scenarios(path)
    assert str(caught.value) == f"mine.toml has 1 problem:\n  {path}: {problem}"
