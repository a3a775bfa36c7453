"""Starting a confined program, and seeing how it ends."""

import ctypes
import os
import signal
import tempfile
from pathlib import Path

import pytest

from bootrig.cell.confinement import make_python_view
from bootrig.confinement import entry, kernel
from bootrig.confinement.confinement import Confinement
from bootrig.confinement.entry import Entry
from bootrig.confinement.identity import Identity
from bootrig.confinement.limits import MIB, Limits
from bootrig.confinement.view import View, see, see_system
from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.network.errors import NamespaceError
from bootrig.network.namespace import run_in_namespaces
from bootrig.process import start_process
from tests.network.requirements import require_namespaces, require_program

PR_GET_DUMPABLE = 3


@pytest.mark.rig
@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("exit 7", 7),
        # the kernel protects the first process of a namespace from what it does to itself, but not from faults
        ("kill -ABRT $$; exit 3", 3),
        ("exec perl -e 'use POSIX; POSIX::abort()'", -signal.SIGSEGV),
    ],
)
def test_the_end_of_a_first_process_is_seen(program: str, status: int) -> None:
    require_namespaces()
    require_program("perl")
    with tempfile.TemporaryDirectory(prefix="bootrig-start-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        python = make_python_view()
        view = View((*python.mounts, *see(directory, is_writable=True)), python.links, has_processes=True)

        def inside() -> int:
            confinement = Confinement(see_system(), Limits(512 * MIB), may_fork=True)
            with start_process(["sh", "-c", program], output=directory / "log", confinement=confinement) as process:
                return process.wait(Deadline.after(30, "the program ends")) & 0xFF

        assert run_in_namespaces(inside, entry=Entry(view, directory, lambda: None)) == status & 0xFF


@pytest.mark.rig
def test_what_goes_wrong_with_a_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves nothing; a program that goes on is ended."""
    require_namespaces()
    told: list[str] = []

    def start(*words: str, view: View | None = None) -> None:
        confinement = Confinement(view or see_system(), Limits(512 * MIB), may_fork=True)
        try:
            with start_process(words, output=tmp_path / "log", confinement=confinement) as process:
                assert process.poll() is None
                process.wait(Deadline.after(0.01, "the program ends"))
        except RigError as error:
            told.append(f"{type(error).__name__}: {error}")

    def inside() -> int:
        before = sorted(Path("/proc/self/fd").iterdir())
        start("/nowhere")
        start("/usr")
        start("sleep", "1000")
        start("sleep", "1000", view=View(see(Path("/nowhere"))))
        monkeypatch.setattr(kernel, "CLONE_NEWPID", 0x00010000)  # CLONE_THREAD
        start("sleep", "1000")
        (tmp_path / "told").write_text("\n".join(told))
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        assert ctypes.CDLL(None).prctl(PR_GET_DUMPABLE) == 1  # as root the programs have changed their ids
        return 0 if sorted(Path("/proc/self/fd").iterdir()) == before else 1

    assert run_in_namespaces(inside) == 0
    assert (tmp_path / "told").read_text().splitlines() == [
        "ToolMissingError: cannot start /nowhere: no such program",
        "ProcessError: cannot start /usr: Permission denied",
        "ProcessError: sleep did not end in time (the program ends)",
        "ConfinementError: a program cannot be confined: open /nowhere: No such file or directory",
        "ConfinementError: cannot make namespaces: Invalid argument",
    ]


@pytest.mark.rig
def test_ids_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root the caller gives them, else the keeper takes its own: the error is the same."""

    def refuse(_identity: Identity, _process: str = "") -> None:
        raise PermissionError(1, "Operation not permitted", "/proc/7/uid_map")

    monkeypatch.setattr(entry, "map_identity", refuse)
    with pytest.raises(NamespaceError) as caught:
        run_in_namespaces(lambda: 0, entry=Entry(View(()), tmp_path, lambda: None))
    assert str(caught.value) == "cannot make namespaces: /proc/7/uid_map: Operation not permitted"
    assert caught.value.remedy
