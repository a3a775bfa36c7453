"""The table: which ROM set does what in which scenario, and what is said of it."""

from dataclasses import dataclass

A, B, D12, D13 = "gpxe-qemu-0.14", "ipxe-qemu-0.15", "ipxe-debian-12", "ipxe-debian-13"
SETS = (A, B, D12, D13)

UNSUPPORTED = "Operation not supported (3c092003)"
NOTHING = "Nothing to boot: No such file or directory (2d03e13b)"
NO_MODULE = ("Failed to load ldlinux.c32", "TFTP: ldlinux.c32 not found, asked 6 times")
AS_PROGRAM = "template.ipxe : 38 bytes [PXE-NBP]"
NO_DRIVE_0 = "Boot from SAN device 0x00 failed: Input/output error (1d852039)"
EXIT_1 = "Could not boot image: exit status 1 (00000001)"


@dataclass(frozen=True, slots=True)
class Case:
    """How one scenario ends with one ROM set.

    Attributes:
        scenario: its name, with the variant.
        rom_set: which ROM set boots.
        passes: whether the boot passes.
        said: parts of the reason of a boot that fails.
        on_the_way: what is said to have failed on the way of a boot that passes.
        is_quick: whether it is in the rig ring.
        hangs: whether nothing but the deadline ends the boot.
    """

    scenario: str
    rom_set: str
    passes: bool = True
    said: tuple[str, ...] = ()
    on_the_way: tuple[str, ...] = ()
    is_quick: bool = False
    hangs: bool = False

    def __str__(self) -> str:
        return f"{self.scenario} {self.rom_set}"


def _pass(scenario: str, *rom_sets: str, quick: str = "", on_the_way: tuple[str, ...] = ()) -> tuple[Case, ...]:
    return tuple(Case(scenario, name, on_the_way=on_the_way, is_quick=name == quick) for name in rom_sets)


def _fail(scenario: str, rom_set: str, *said: str, is_quick: bool = False, hangs: bool = False) -> Case:
    return Case(scenario, rom_set, False, said, is_quick=is_quick, hangs=hangs)


CASES = (
    # The offer names a file and no server: each generation says it in its own words.
    _fail("offer-without-server[in-header]", B, UNSUPPORTED),
    _fail("offer-without-server[in-header]", D12, NOTHING),
    _fail("offer-without-server[in-header]", D13, NOTHING),
    _fail("offer-without-server[in-both]", B, UNSUPPORTED),
    _fail("offer-without-server[in-both]", D13, NOTHING),
    # A name with an address of each family: the server listens on both.
    *_pass("file-is-url[by-address]", *SETS),
    *_pass("file-is-url[by-name]", *SETS, quick=D13),
    *_pass("file-is-url[by-name-without-ra]", *SETS),
    # Names are bytes.
    *_pass("windows-path", *SETS, quick=D13),
    # A first script that old ROMs cannot run: one cannot count, the other knows no scripts.
    *_pass("each-nic-its-own", D12, D13),
    _fail("each-nic-its-own", B, 'Could not set "nic:int32": Invalid argument (1c0c2002)'),
    _fail("each-nic-its-own", A, "tftp://10.0.2.1/by-nic.ipxe.. ok", hangs=True),
    # Colons in a relative reference.
    *_pass("mac-in-path", D13),
    _fail("mac-in-path", B, UNSUPPORTED),
    _fail("mac-in-path", D12, UNSUPPORTED, is_quick=True),
    # The exit of a menu, which tries a drive first that there is not under this name.
    *_pass("script-leaves[drive-0-then-80]", D12, D13, quick=D13, on_the_way=(NO_DRIVE_0,)),
    *_pass("script-leaves[drive-80]", D12, D13),
    *_pass("script-leaves[exit-0]", D12, D13),
    *_pass("script-leaves[exit-1]", D12, D13, on_the_way=(EXIT_1,)),
    # PXELINUX leaves to the disk.
    *_pass("pxelinux-leaves[localboot-0]", A, B, D13),
    *_pass("pxelinux-leaves[localboot-back]", A, B, D13),
    *_pass("pxelinux-leaves[chain-module]", A, B, D13),
    # A module that nobody copied; a script whose first line is empty is started as a program.
    *(_fail("pxelinux-alone", rom_set, *NO_MODULE) for rom_set in SETS),
    _fail("blank-line-before-magic", D12, AS_PROGRAM),
    _fail("blank-line-before-magic", D13, AS_PROGRAM),
    # Commands that a ROM does not have, which its script asks for.
    *_pass("asks-for-params", B, on_the_way=("cpuid: command not found", "params: command not found")),
    *_pass("asks-for-params", D12, on_the_way=("params: command not found",)),
    *_pass("asks-for-params", D13, quick=D13, on_the_way=("params: command not found",)),
    # The wait for a proxyDHCP server.
    *_pass("no-proxy-dhcp[waits]", A, B, D13, quick=D13),
    *_pass("no-proxy-dhcp[told]", A, B, D13, quick=D13),
)
