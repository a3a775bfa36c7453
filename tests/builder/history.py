"""A git repository of twelve commits of the stand-in source: the tenth is bad, and one does not compile."""

import shutil
import subprocess
from pathlib import Path

from tests.builder.stand_in import TREE

COMMITS, FIRST_BAD = 12, 10
# without DHCP's magic number nobody answers (RFC 2131, section 3)
GOOD_BYTES, BAD_BYTES = "0x63825363", "0x63825364"
BROKEN_LINE = "\nthis does not compile\n"


def make_history(directory: Path, *, broken: int) -> list[str]:
    """Make the repository `directory`, in which the commit of number `broken` does not compile; return its commits."""
    shutil.copytree(TREE, directory, ignore=shutil.ignore_patterns("bin"))
    git(directory, "init", "-q")
    dhcp, tftp = directory / "src" / "core" / "dhcp.c", directory / "src" / "core" / "tftp.c"
    whole = tftp.read_text()
    for number in range(1, COMMITS + 1):
        text = dhcp.read_text() + f"/* {number} */\n"
        dhcp.write_text(text.replace(GOOD_BYTES, BAD_BYTES) if number == FIRST_BAD else text)
        tftp.write_text(whole + BROKEN_LINE if number == broken else whole)
        git(directory, "add", ".")
        git(directory, "commit", "-qm", f"Change {number}")
    return git(directory, "rev-list", "--reverse", "HEAD").split()


def git(directory: Path, *words: str) -> str:
    argv = ["git", "-C", directory, "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
