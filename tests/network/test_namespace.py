import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bootrig.deadline import Deadline
from bootrig.errors import BugError, InputError, RigError
from bootrig.network import namespace
from bootrig.network.addresses import SERVER_ADDRESS
from bootrig.network.errors import NamespaceError, TapError
from bootrig.network.namespace import probe_namespaces, run_in_namespaces
from bootrig.network.permission import namespace_remedy
from bootrig.network.servers.dnsmasq import start_dnsmasq
from bootrig.network.servers.personality import DhcpPersonality
from bootrig.network.servers.tftp import TftpConfiguration, start_tftp
from bootrig.network.tap import open_tap
from tests.network.inside import call_inside
from tests.network.processes import await_gone, children_of, open_descriptors
from tests.network.pxe_client import PxeClient
from tests.network.requirements import require_namespaces, require_program

pytestmark = pytest.mark.rig


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    require_namespaces()
    descriptors, children = open_descriptors(), children_of(os.getpid())
    yield
    assert open_descriptors() == descriptors
    assert children_of(os.getpid()) == children


def test_returns_the_status_of_the_function():
    assert run_in_namespaces(lambda: 42) == 42


def test_is_pid_1_with_its_own_proc_and_no_interface_but_loopback():
    seen = call_inside(
        lambda: [
            os.getpid(),
            os.geteuid(),
            sorted(entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()),
            sorted(line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]),
        ]
    )
    assert seen == [1, 0, ["1"], ["lo"]]


def test_namespaces_are_new_and_the_callers_stay():
    kinds = ("net", "pid", "mnt")
    before = [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds]
    inside = call_inside(lambda: [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds])
    assert [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds] == before
    assert not set(before) & set(inside)


def _network_namespaces() -> set[str]:
    """Return the network namespaces that any process of this machine is in."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/ns/net"):
        with suppress(OSError):
            found.add(str(entry.readlink()))
    return found


def test_the_network_namespace_is_gone_afterwards():
    def inside() -> str:
        with open_tap():
            return str(Path("/proc/self/ns/net").readlink())

    before = _network_namespaces()
    assert call_inside(inside) not in _network_namespaces() | before


def test_signals_of_the_inner_process_are_as_they_were():
    assert call_inside(lambda: sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))) == []


def test_what_the_function_leaves_running_ends_with_it():
    duration = f"1000.{os.getpid()}"  # no other process of this machine has it

    def leave() -> int:
        left = subprocess.Popen(["sleep", duration], start_new_session=True)
        left.returncode = 0  # no ResourceWarning: it is left on purpose
        return 0

    marker = children_of(os.getpid())
    assert run_in_namespaces(leave) == 0
    assert children_of(os.getpid()) == marker
    assert not [
        entry
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if entry.exists() and duration.encode() in entry.read_bytes()
    ]


def test_an_input_error_comes_through_with_its_remedy():
    def fail() -> int:
        raise InputError("no such recipe", remedy="bootrig roms")

    with pytest.raises(InputError, match=r"^no such recipe$") as caught:
        run_in_namespaces(fail)
    assert caught.value.remedy == "bootrig roms"


def test_a_rig_error_comes_through():
    def fail() -> int:
        raise NamespaceError("a server died", remedy="look at its log")

    with pytest.raises(RigError, match=r"^a server died$"):
        run_in_namespaces(fail)


def test_a_crash_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOOTRIG_CACHE", str(tmp_path))

    def crash() -> int:
        return int("no number")

    with pytest.raises(BugError, match=r"^this is a bug of bootrig: ValueError: invalid literal"):
        run_in_namespaces(crash)
    assert "in crash" in (tmp_path / "bug.txt").read_text()


@pytest.mark.parametrize("is_short", [False, True])
def test_being_killed_is_an_error(is_short: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    statistics = tmp_path / "vmstat"
    statistics.write_text("pgfree 7\noom_kill 3\n")
    monkeypatch.setattr("bootrig.shortage.VMSTAT", statistics)

    def wait_for_the_end() -> int:
        if is_short:
            statistics.write_text("pgfree 8\noom_kill 4\n")
        signal.pause()
        return 0

    with pytest.raises(NamespaceError, match=r"ended by SIGKILL") as caught:
        _killing_init(wait_for_the_end)
    assert caught.value.remedy == ("free some memory, or run fewer cells at a time with -j" if is_short else "")


def _killing_init(function) -> int:
    """Run `function` and kill its process from outside, as the kernel does when memory is short."""
    caller = os.getpid()
    killer = os.fork()
    if killer == 0:
        for _ in range(1000):
            keepers = children_of(caller) - {os.getpid()}
            inits = {pid for pid in keepers if children_of(pid) == set() and _parent(pid) != caller}
            if inits:
                os.kill(inits.pop(), signal.SIGKILL)
                os._exit(0)
            time.sleep(0.01)
        os._exit(1)
    try:
        return run_in_namespaces(function)
    finally:
        assert os.waitpid(killer, 0)[1] == 0


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_deadline_ends_it():
    with pytest.raises(NamespaceError, match=r"did not end in time: the cell"):
        run_in_namespaces(lambda: signal.pause() or 0, deadline=Deadline.after(0.05, "the cell"))


_CALLER = textwrap.dedent(
    """
    import subprocess, sys, time
    from bootrig.network.namespace import run_in_namespaces
    from bootrig.network.tap import open_tap
    def work():
        with open_tap() as tap:
            subprocess.Popen(["sleep", "1000"], start_new_session=True)
            print("ready", flush=True)
            time.sleep(1000)
    run_in_namespaces(work)
    """
)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGTERM, -signal.SIGTERM),
        (signal.SIGINT, -signal.SIGINT),
    ],
)
def test_a_signal_to_the_caller_leaves_nothing(number, status):
    with subprocess.Popen([sys.executable, "-c", _CALLER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as caller:
        assert caller.stdout is not None
        assert select.select([caller.stdout], [], [], 30)[0]
        assert caller.stdout.readline() == b"ready\n"
        below = children_of(caller.pid)
        assert len(below) == 3  # keeper, init, sleep
        caller.send_signal(number)
        assert caller.wait(30) == status
        if number == signal.SIGKILL:
            await_gone(below)
        else:
            assert not any(Path(f"/proc/{pid}").exists() for pid in below)


def _refuse(number: int):
    def unshare() -> None:
        raise OSError(number, os.strerror(number), "unshare")

    return unshare


def test_a_machine_that_refuses_is_told_apart(monkeypatch):
    monkeypatch.setattr(namespace, "_unshare", _refuse(1))
    with pytest.raises(NamespaceError, match=r"^cannot make namespaces: unshare: Operation not permitted$") as caught:
        run_in_namespaces(lambda: 0)
    assert caught.value.remedy


def test_probe_says_yes_and_how():
    assert probe_namespaces() == ("root" if os.geteuid() == 0 else "user namespace")


def test_probe_says_no_without_a_tun_device(tmp_path):
    with pytest.raises(RigError, match="tun is missing") as caught:
        probe_namespaces(tmp_path / "tun")
    assert "modprobe tun" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a tun device and to become somebody else")
class TestOrdinaryUser:
    """The same without root, with a tun device of our own that anybody or nobody may open."""

    @pytest.fixture
    def open_directory(self) -> Iterator[Path]:
        """A directory that anybody may enter; every pytest closes its own directories to others when it starts."""
        with tempfile.TemporaryDirectory(prefix="bootrig-ordinary-") as directory:
            for opened in (Path(directory), *Path(directory).parents[:2]):  # the temporary directory is this test's own
                opened.chmod(opened.stat().st_mode | 0o011)
            yield Path(directory)

    @pytest.fixture
    def tun(self, open_directory: Path) -> Path:
        device = open_directory / "tun"
        os.mknod(device, 0o20600, os.makedev(10, 200))
        return device

    def _as_nobody(self, function: Callable[[], str]) -> str:
        socket.gethostbyname("127.0.0.1")  # loads what nobody may be unable to read from root's Python
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, which exec would do
                os.write(writing, function().encode())
            except Exception as error:  # noqa: BLE001 - the parent shows it
                os.write(writing, f"{error!r}".encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as stream:
            return stream.read()

    def _probe(self, device: Path) -> list[str]:
        def probe() -> str:
            try:
                return json.dumps([probe_namespaces(device)])
            except RigError as error:
                return json.dumps([str(error), error.remedy])

        return json.loads(self._as_nobody(probe))

    def test_servers_answer_on_their_real_ports(self, tun, open_directory):
        require_program("dnsmasq")
        tun.chmod(0o666)
        directory = open_directory / "cell"
        directory.mkdir()
        os.chown(directory, 65534, 65534)

        def inside() -> int:
            with (
                open_tap(device=tun) as tap,
                start_dnsmasq(DhcpPersonality("pxelinux.0"), directory),
                start_tftp(TftpConfiguration(directory), directory),
            ):
                client = PxeClient(tap)
                client.request(client.discover())
                client.resolve(SERVER_ADDRESS)
                assert b"dhcp-range" in client.fetch(SERVER_ADDRESS, b"dnsmasq.conf")
            return 42

        assert self._as_nobody(lambda: str(run_in_namespaces(inside))) == "42"

    def test_works_where_anybody_may_open_the_tun_device(self, tun):
        tun.chmod(0o666)
        assert self._probe(tun) == ["user namespace"]

    def test_a_tap_that_is_forbidden_has_the_remedy_of_namespaces(self, tun):
        """As where AppArmor leaves a new user namespace without capabilities: the device opens, all else is EPERM."""
        tun.chmod(0o666)

        def open_outside() -> str:
            try:
                with open_tap(device=tun):
                    return "opened"
            except TapError as error:
                return f"{error}; {error.remedy}"

        told = self._as_nobody(open_outside)
        assert told == f"cannot create the tap device tap0: Operation not permitted; {namespace_remedy(user=65534)}"

    def test_says_chmod_where_the_tun_device_is_roots(self, tun):
        problem, remedy = self._probe(tun)
        assert problem == f"cannot open {tun}: Permission denied"
        assert f"chmod 0666 {tun}" in remedy
