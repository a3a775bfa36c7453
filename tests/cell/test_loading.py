"""What a process loads before cells are forked from it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bootrig

ROOMS = ("cell", "confinement", "emulator", "network", "scenario", "trace")
# Wanted by few cells, and an extra: libvirt guests, which no cell boots faster for it.
LATER = {"libvirt", "libvirt_qemu", "bootrig.emulator.libvirt.guest"}


def iter_late_imports(path: Path) -> Iterator[str]:
    """Yield the modules that functions of a source import when they are called."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield node.module


def test_cells_find_all_loaded_that_they_import_while_they_run() -> None:
    root = Path(bootrig.__file__).parent
    late = {name for room in ROOMS for path in (root / room).rglob("*.py") for name in iter_late_imports(path)}
    code = "import sys; from bootrig.schedule.zygote import load_all; load_all(); print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert {"dpkt", "bootrig.network.servers.tftp", "bootrig.network.servers.http"} <= late
    assert late - loaded == LATER
