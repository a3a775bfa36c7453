"""A program in exactly the place of QEMU, and in dnsmasq's, tries to get out, as root's guest and as a user's."""

import ctypes
import errno
import json
import os
import socket
import sysconfig
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bootrig.cell.confinement import make_view
from bootrig.confinement import confinement as confining
from bootrig.confinement import kernel
from bootrig.confinement.confinement import NET_BIND_SERVICE, NET_RAW, Confinement
from bootrig.confinement.entry import Entry
from bootrig.deadline import Deadline
from bootrig.emulator.guest.confined import open_surroundings
from bootrig.emulator.guest.console import ConsolePipes
from bootrig.emulator.release.discovery import Emulator, find_host_emulator
from bootrig.network.namespace import run_in_namespaces
from bootrig.network.servers.dnsmasq import make_confinement
from bootrig.process import require_tool, start_process
from tests.cell.test_machine import make_cell
from tests.confinement import escapes
from tests.network.requirements import require_namespaces, require_program
from tests.requirements import miss

PYTHON = Path("/usr/bin/python3")
SCRIPT = Path(escapes.__file__).read_text()
NOBODY = 65534
pytestmark = [pytest.mark.rig, pytest.mark.timeout(300)]


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that anybody may enter, with an attempt's directory, a ROM set, and a file of somebody's."""
    require_namespaces()
    require_program("qemu-system-x86_64")
    if not PYTHON.exists():
        miss(f"there is no {PYTHON}")
    with tempfile.TemporaryDirectory(prefix="bootrig-escape-") as name:
        directory = Path(name)
        for opened in (directory, *directory.parents[:2]):  # the temporary directory is this test's own
            opened.chmod(opened.stat().st_mode | 0o011)
        (directory / "roms").mkdir()
        (directory / "shift7/logs").mkdir(parents=True)
        (directory / "secret").write_text("somebody's")
        yield directory


@contextmanager
def serve(place: Path) -> Iterator[dict[str, object]]:
    """Have servers on the machine, outside of all cells; yield their addresses."""
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX) as named:
        tcp.bind(("127.0.0.1", 0))
        abstract.bind(f"\0bootrig-escape-{os.getpid()}")
        named.bind(str(place / "socket"))
        for server in (tcp, abstract, named):
            server.listen()
        yield {
            "port": tcp.getsockname()[1],
            "abstract": f"\0bootrig-escape-{os.getpid()}",
            "named": str(place / "socket"),
        }


def stay(confinement: Confinement) -> Confinement:
    """Change nothing."""
    return confinement


def try_escapes(
    place: Path, emulator: Emulator, *, is_qemu: bool, change: Callable[[Confinement], Confinement] = stay
) -> dict[str, str]:
    """Return what a program in the place of QEMU or dnsmasq got, by the ways that it tried."""
    made = replace(make_cell(), cell_directory=place, data_directory=place / "roms")
    specification = replace(made, emulator=emulator)
    attempt = specification.directory
    output = attempt / "output"

    def run(confinement: Confinement, host: dict[str, object], descriptors: tuple[int, ...]) -> None:
        told = {
            "is_qemu": is_qemu,
            "not_written": ["/x", "/usr/x", "/tmp/x", str(attempt / "x"), str(place / "roms/x"), "/dev/x", "/etc/x"],
            "not_read": ["/etc/shadow", str(place / "secret"), "/proc/1/environ", "/dev/kmsg", "/dev/net/tun"],
            "node": "/x" if is_qemu else str(attempt / "logs/x"),
            "own_file": f"/fd/{descriptors[0]}" if is_qemu else str(attempt / "logs/file"),
            "own_descriptors": list(descriptors),
            "file_length": confinement.limits.file_length,
            "memory": confinement.limits.address_space,
            "capabilities": sorted(confinement.capabilities),
            **host,
        }
        words = [PYTHON, "-I", "-c", SCRIPT, json.dumps(told)]
        with start_process(words, output=output, confinement=change(confinement), pass_fds=descriptors) as process:
            process.wait(Deadline.after(120, "the escape"))

    with ExitStack() as stack:
        host = stack.enter_context(serve(place))

        def inside() -> int:
            with start_process(["/usr/bin/sleep", "1000"], output=attempt / "server"):
                if not is_qemu:
                    run(make_confinement(require_tool("dnsmasq"), attempt / "logs"), host, ())
                    return 0
                pipes = ConsolePipes()
                log = attempt / "console.log"
                with open_surroundings(
                    specification.emulator, specification.guest, attempt, log, pipes, is_confined=True
                ) as around:
                    assert around.confinement is not None
                    run(around.confinement, host, around.descriptors)
                pipes.close()
            return 0

        assert run_in_namespaces(inside, entry=Entry(make_view(specification), attempt, lambda: None)) == 0
    lines = output.read_text().splitlines()
    return {name: done for name, done in map(json.loads, filter(lambda line: line.startswith("["), lines))}


def check(got: dict[str, str], *, is_qemu: bool) -> None:
    """Assert that everything was tried and nothing was got; a failure shows the table."""
    expected = {*escapes.WAYS, *(escapes.QEMU_ONLY if is_qemu else ())}
    table = "\n".join(f"{name:<40} {done or 'refused'}" for name, done in got.items())
    assert expected <= set(got), table
    assert not any(got.values()), table


@pytest.mark.parametrize("is_qemu", [True, False], ids=["qemu", "dnsmasq"])
def test_nothing_gets_out(place: Path, *, is_qemu: bool) -> None:
    check(try_escapes(place, find_host_emulator(), is_qemu=is_qemu), is_qemu=is_qemu)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which alone can do without a user namespace")
@pytest.mark.parametrize("is_qemu", [True, False], ids=["qemu", "dnsmasq"])
def test_nothing_gets_out_where_there_is_no_user_namespace(
    place: Path, monkeypatch: pytest.MonkeyPatch, *, is_qemu: bool
) -> None:
    """As in a chroot."""
    unshare = kernel.unshare

    def refuse(flags: int) -> None:
        if flags & kernel.CLONE_NEWUSER:
            raise OSError(errno.EPERM, "refused")
        unshare(flags)

    monkeypatch.setattr(kernel, "unshare", refuse)
    check(try_escapes(place, find_host_emulator(), is_qemu=is_qemu), is_qemu=is_qemu)


def test_what_is_open_is_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where confinement is less than QEMU's, the program finds it."""
    monkeypatch.setattr(confining, "FILTERS", {True: b"", False: b""})

    def weaken(confinement: Confinement) -> Confinement:
        capabilities = frozenset({NET_RAW, NET_BIND_SERVICE})
        limits = replace(confinement.limits, file_length=1 << 40)
        return replace(confinement, limits=limits, has_own_user=False, may_fork=True, capabilities=capabilities)

    got = try_escapes(place, find_host_emulator(), is_qemu=True, change=weaken)
    found = {name for name, done in got.items() if done}
    assert {"fork", "raw packets", "frames", "a low port", "a long file"} <= found, got


def is_readable_by_all(path: Path) -> bool:
    """Whether anybody may read a file."""
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in path.parents)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
@pytest.mark.skipif(not is_readable_by_all(Path(__file__)), reason="nobody else may read this checkout")
@pytest.mark.parametrize("is_qemu", [True, False], ids=["qemu", "dnsmasq"])
def test_nothing_gets_out_of_an_ordinary_user_s_cell(place: Path, *, is_qemu: bool) -> None:
    for path in (place, *place.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    emulator = find_host_emulator()
    told = _as_nobody(lambda: json.dumps(try_escapes(place, emulator, is_qemu=is_qemu)))
    check(json.loads(told), is_qemu=is_qemu)


def _as_nobody(function: Callable[[], str]) -> str:
    """Return what a function says that a child of this process runs as somebody to whom nothing belongs."""
    sysconfig.get_config_vars()  # loads what nobody may be unable to read from root's Python
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, which exec would do
            told = function()
        except BaseException as error:  # noqa: BLE001 - the parent shows it
            told = json.dumps({"": "".join(traceback.format_exception(error))})
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = stream.read()
    os.waitpid(child, 0)
    return told
