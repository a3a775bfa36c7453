"""The programs and headers that a build needs: found or missed before anything is fetched, and their versions."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from bootrig.builder.compiler_cache import PROGRAM
from bootrig.builder.errors import ToolchainError
from bootrig.deadline import Deadline
from bootrig.process import DEBIAN_PACKAGES, ProcessError, run_process

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ANSWER_S = 20.0

TOOL_PACKAGES: Mapping[str, str] = {**DEBIAN_PACKAGES, "iasl": "acpica-tools", "xz": "xz-utils"}
HEADER_PACKAGES: Mapping[str, str] = {
    "bfd.h": "binutils-dev",
    "lzma.h": "liblzma-dev",
    "stdio.h": "libc6-dev",
    "zlib.h": "zlib1g-dev",
}
# Every build needs them, and they do not change what a compiler writes.
NEEDED_ALWAYS = ("patch", "tar", "unshare", "xz")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program of the toolchain.

    Attributes:
        name: how it is called.
        path: where it is.
        version: the first line of what it says about itself.
    """

    name: str
    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What a build is made with.

    Attributes:
        tools: the programs that the recipe names, in its order.
        has_ccache: whether ccache is installed.
    """

    tools: tuple[Tool, ...]
    has_ccache: bool


def require_toolchain(names: Sequence[str], headers: Sequence[str]) -> Toolchain:
    """Return the programs that a build needs.

    Raises:
        ToolchainError: some are missing, or headers; all of them are named, with the command that installs them.
    """
    paths = {name: which(name, path=PATH) for name in dict.fromkeys((*names, *NEEDED_ALWAYS))}
    missing = {name: TOOL_PACKAGES.get(name, name) for name in paths if not paths[name]}
    compiler = paths.get("gcc")
    for header in headers if compiler else ():
        if not _has_header(compiler or "", header):
            missing[f"<{header}>"] = HEADER_PACKAGES.get(header, f"the package that has {header}")
    if missing:
        packages = " ".join(dict.fromkeys(missing.values()))
        raise ToolchainError(
            f"the build needs what is not installed: {', '.join(missing)}", remedy=f"apt-get install {packages}"
        )
    asked = [(name, Path(paths[name] or "")) for name in names if name not in NEEDED_ALWAYS]
    with ThreadPoolExecutor() as pool:
        versions = list(pool.map(lambda pair: _version(pair[1]), asked))
    tools = tuple(Tool(name, path, version) for (name, path), version in zip(asked, versions, strict=True))
    return Toolchain(tools, which(PROGRAM, path=PATH) is not None)


def _version(path: Path) -> str:
    """Return the first line of `--version`; the whole file's length and time where a program has none."""
    try:
        deadline = Deadline.after(ANSWER_S, f"{path.name} says its version")
        lines = run_process([path, "--version"], deadline=deadline).stdout.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in lines if line.strip()), "")
    except ProcessError:
        stat = path.stat()
        return f"{stat.st_size} bytes of {stat.st_mtime_ns}"


def _has_header(compiler: str, header: str) -> bool:
    argv = [compiler, "-fsyntax-only", "-include", header, "-x", "c", "/dev/null"]
    deadline = Deadline.after(ANSWER_S, f"the compiler looks for {header}")
    return run_process(argv, deadline=deadline, check=False).status == 0
