"""Who may import whom: DESIGN's house, in which imports point down only."""

import ast
from collections.abc import Iterator

# From the top down. Rooms of one level may import each other, unless the level says that they are apart.
LEVELS: tuple[tuple[str, ...], ...] = (
    ("bootrig.cli", "bootrig.pytest_plugin"),
    ("bootrig.api",),
    ("bootrig.report",),
    ("bootrig.record",),
    ("bootrig.compare", "bootrig.schedule"),
    ("bootrig.cell",),
    ("bootrig.scenario",),
    ("bootrig.romset",),
    ("bootrig.emulator", "bootrig.network", "bootrig.builder"),
    ("bootrig.store",),
    ("bootrig.recipe",),
    ("bootrig.trace", "bootrig.document"),
    (
        "bootrig.process",
        "bootrig.cache",
        "bootrig.lock",
        "bootrig.workdir",
        "bootrig.deadline",
        "bootrig.errors",
        "bootrig",
    ),
    ("firmware",),
)
APART = ("bootrig.emulator", "bootrig.network", "bootrig.builder")

# firmware/ is pure: bytes in, values and findings out. No process, no lock, no network, nothing written.
IMPURE = {
    *("asyncio", "concurrent", "multiprocessing", "signal", "subprocess", "threading", "time"),
    *("ctypes", "fcntl", "glob", "logging", "mmap", "os", "pathlib.Path", "shutil", "tempfile"),
    *("aiohttp", "ftplib", "http", "requests", "select", "socket", "ssl", "urllib"),
}


def room_of(module: str) -> str:
    """Return the room that a module of ours is in: `bootrig.store.fetch` is in `bootrig.store`."""
    words = module.split(".")
    return ".".join(words[:2]) if words[0] == "bootrig" else words[0]


def level_of(room: str) -> int | None:
    """Return the number of a room's level, 0 being the top; None for a room that the design does not have."""
    return next((number for number, rooms in enumerate(LEVELS) if room in rooms), None)


def iter_imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield line and name of every module that a module imports, anywhere in it.

    `from a import b` counts as `a.b`: whether `b` is a module or a name in `a`, its room is the same one, except for
    `from bootrig import store`, which this catches.
    """
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def find_layer_faults(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Return a sentence for each import of a module that the design does not allow."""
    room = room_of(module)
    level = level_of(room)
    if level is None:
        return [f"{module}: DESIGN has no room {room}; give it a level in tests/conventions/layers.py"]
    faults = []
    for line, name in iter_imports(ast.parse(source), module, is_package=is_package):
        impure = IMPURE & {name, name.split(".")[0]}
        if room == "firmware" and impure:
            faults.append(f"{module}:{line}: firmware is pure and does not import {', '.join(impure)}")
        target = room_of(name)
        target_level = level_of(target)
        if name.split(".")[0] not in {"bootrig", "firmware"}:
            continue
        if target_level is None:
            # `from bootrig import __version__`: a name of the package itself
            target, target_level = "bootrig", level_of("bootrig")
        if target_level is not None and target_level < level:
            faults.append(f"{module}:{line}: {room} imports {target}, which is above it")
        elif target != room and room in APART and target in APART:
            faults.append(f"{module}:{line}: {room} imports {target}; cell joins the two")
    return faults
