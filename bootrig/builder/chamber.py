"""Where builds run: in namespaces without a network, always under the same path, with the same environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from bootrig.builder.compiler_cache import LINKS, ROOM
from bootrig.builder.errors import IsolationError
from bootrig.builder.toolchain import PATH
from bootrig.deadline import Deadline
from bootrig.process import ProcessError, require_tool, run_process

# The work directory appears here, so that paths in what a compiler writes are the same in every build. Any directory
# that every system has would do (Filesystem Hierarchy Standard 3.0, /mnt).
PLACE = PurePosixPath("/mnt")
# In it: the source, and beside the source the files that make gets by their names.
TREE, INPUTS = "tree", "inputs"
PROBE_S = 20.0
NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
# Mounting has to happen between unshare and the program; a shell does both, and its script is constant.
MOUNT = 'mount --bind "$1" "$2" && cd "$3" && shift 3 && exec "$@"'


@dataclass(frozen=True, slots=True)
class Chamber:
    """A work directory, cut off.

    Attributes:
        work: the directory, outside.
        source_date: SOURCE_DATE_EPOCH.
        build_id: 32 bits in hexadecimal that identify the build, for sources that want a random number.
        use_ccache: whether compilers run through ccache.
    """

    work: Path
    source_date: int
    build_id: str
    use_ccache: bool = False

    def run(self, argv: Sequence[str], *, directory: PurePosixPath, log: Path, deadline: Deadline) -> None:
        """Run a program in `directory` (below the work directory), its output appended to `log`.

        Raises:
            ProcessError: it fails, or still runs at the deadline.
            IsolationError: this machine has no namespaces for it.
        """
        command = [*namespace_command(), "sh", "-c", MOUNT, "chamber", str(self.work), str(PLACE)]
        command += [str(PLACE / directory), *argv]
        run_process(command, deadline=deadline, log=log, environment=self.environment())

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the programs in it."""
        environment: dict[str, str] = {
            "PATH": PATH,
            "HOME": str(PLACE),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "SOURCE_DATE_EPOCH": str(self.source_date),
            "BOOTRIG_BUILD_ID": self.build_id,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.use_ccache:
            environment["PATH"] = f"{LINKS}:{PATH}"
            environment |= ROOM.environment()
        return environment


@cache
def namespace_command() -> tuple[str, ...]:
    """Return the command that puts what follows it into namespaces: without root where the machine allows it.

    Raises:
        IsolationError: the machine allows it neither without root nor to this user.
    """
    unshare = str(require_tool("unshare"))
    reasons = []
    for user in (("--user", "--map-root-user"), ()):
        command = (unshare, *user, *NAMESPACES)
        try:
            run_process([*command, "true"], deadline=Deadline.after(PROBE_S, "a namespace is made"))
        except ProcessError as error:
            reasons.append(error.output.strip() or str(error))
        else:
            return command
    raise IsolationError(
        f"a build cannot be isolated from the network here: {'; '.join(dict.fromkeys(reasons))}",
        remedy="run as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu "
        "kernel.apparmor_restrict_unprivileged_userns=0",
    )
