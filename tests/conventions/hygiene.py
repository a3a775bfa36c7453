"""What must not be in tracked files: paths and hosts of one machine, binaries."""

import lzma
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

# directories that only some machine has; written apart, so that this module passes its own check
MACHINE_DIRECTORIES = ("work", "root", "farm", r"home/(?!user\b)\w+", r"tmp/(?!\.)[\w.-]+/w")
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:" + "|".join(MACHINE_DIRECTORIES) + r")/")

# public archives that recipes name on purpose
PUBLIC_HOSTS = ("snapshot.debian.org", "download.qemu.org")

LARGEST_FILE = 500_000
# traces that we recorded, as lines of JSON
RECORDINGS, LARGEST_RECORDING = Path("recipes/baselines"), 300_000
SIGNATURES = {
    b"\x55\xaa": "an option ROM",
    b"MZ": "a PE image",
    b"\x7fELF": "an ELF file",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"!<arch>": "an ar archive or a Debian package",
    b"\xd4\xc3\xb2\xa1": "a capture",
}


def unpack(path: Path, content: bytes) -> bytes:
    """Return what a file holds: the lines of a recording, else its content."""
    is_recording = path.parent == RECORDINGS and path.name.endswith(".jsonl.xz")
    return lzma.decompress(content) if is_recording and len(content) <= LARGEST_RECORDING else content


def find_binary_fault(path: Path, packed: bytes) -> str | None:
    """Return what is wrong with a file that looks like a binary or is too large, None for one that may be tracked."""
    content = unpack(path, packed)
    for signature, kind in SIGNATURES.items():
        if content.startswith(signature):
            return f"{path}: {kind}; tests build such bytes, users fetch them"
    if b"\0" in content:
        return f"{path}: holds NUL bytes, so it is no text"
    if content is packed and len(content) > LARGEST_FILE:
        return f"{path}: {len(content)} bytes"
    return None


def find_text_faults(path: Path, text: str, hosts: Iterable[str]) -> list[str]:
    """Return a sentence for each line that names a machine's directory or the host of a registry or mirror."""
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        if MACHINE_PATH.search(line):
            faults.append(f"{path}:{number}: a path of one machine: {line.strip()[:100]}")
        faults += [
            f"{path}:{number}: names the host {host}; ask the package client for it instead"
            for host in hosts
            if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", line)
        ]
    return faults


def _ask(*argv: str) -> str:
    """Return what a package client prints about its configuration; nothing where it is not installed."""
    program = shutil.which(argv[0])
    if program is None:
        return ""
    return subprocess.run([program, *argv[1:]], capture_output=True, text=True, check=False, timeout=60).stdout


def hosts_in(addresses: str) -> set[str]:
    """Return the hosts of all HTTP addresses in a text, other than public archives and this machine."""
    hosts = {urlsplit(address).hostname or "" for address in re.findall(r"https?://[^\s\"',]+", addresses)}
    return {host for host in hosts if "." in host and not re.fullmatch(r"[\d.]+", host)} - set(PUBLIC_HOSTS)


def registry_hosts(python: str) -> set[str]:
    """Return the hosts that apt, pip and npm of this machine fetch from, asked from them."""
    answers = [
        _ask("apt-get", "indextargets", "--format", "$(SITE)"),
        _ask(python, "-m", "pip", "config", "list"),
        _ask(python, "-c", "from pip._internal.models.index import PyPI; print(PyPI.url, PyPI.simple_url)"),
        _ask("npm", "config", "get", "registry"),
    ]
    return hosts_in("\n".join(answers))
