"""A command on PATH that stands where mmdebstrap should be: it puts a fake QEMU into the target, or fails."""

import os
from pathlib import Path

import pytest

from tests.emulator.fake_qemu import VERSION_LINE

# "$@" ends in SUITE TARGET MIRROR. The loader of the tree runs the program that follows `--library-path DIRECTORIES`.
PROGRAM = """\
#!/bin/sh
echo "$@" >> {log}
for word in "$@"; do suite=$target; target=$mirror; mirror=$word; done
case "$mirror" in
  *broken*) echo "E: no release file" >&2; exit 25;;
  *slow*) mkdir -p $target/usr; exec sleep 60;;
esac
mkdir -p $target/usr/lib64 $target/usr/bin $target/usr/lib/x86_64-linux-gnu $target/usr/share/qemu $target/usr/share/doc
printf '#!/bin/sh\\nshift 2\\nexec "$@"\\n' > $target/usr/lib64/ld-linux-x86-64.so.2
printf '#!/bin/sh\\necho {version}\\n' > $target/usr/bin/qemu-system-x86_64
chmod +x $target/usr/lib64/ld-linux-x86-64.so.2 $target/usr/bin/qemu-system-x86_64
echo bios > $target/usr/share/qemu/bios-256k.bin
ln -s /usr/share/qemu/bios-256k.bin $target/usr/share/qemu/absolute
"""


def put_on_path(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the command on PATH and return the file in which it notes its arguments."""
    program = directory / "mmdebstrap"
    log = directory / "mmdebstrap.log"
    program.write_text(PROGRAM.format(log=log, version=f'"{VERSION_LINE}"'))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")
    return log
