"""Who may import whom: DESIGN's house, in which imports point down only."""

import ast
from collections.abc import Iterable, Iterator, Mapping

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
        "bootrig.confinement",
        "bootrig.process",
        "bootrig.process_tree",
        "bootrig.registry",
        "bootrig.givenfile",
        "bootrig.jsonfile",
        "bootrig.bug",
        "bootrig.cache",
        "bootrig.legible",
        "bootrig.lock",
        "bootrig.output",
        "bootrig.standard_streams",
        "bootrig.tree_room",
        "bootrig.workdir",
        "bootrig.temporary",
        "bootrig.shortage",
        "bootrig.deadline",
        "bootrig.errors",
        "bootrig",
    ),
    ("firmware",),
)
# Rooms of one level that know nothing of each other, and the room that joins them.
APART: Mapping[tuple[str, ...], str] = {
    ("bootrig.emulator", "bootrig.network", "bootrig.builder"): "cell",
    ("bootrig.compare", "bootrig.schedule"): "api",
}
# Whatever comes after a trace runs without an emulator.
AFTER_TRACE = ("bootrig.trace", "bootrig.compare", "bootrig.record", "bootrig.report")
NEEDS_EMULATOR = ("bootrig.schedule", "bootrig.cell", "bootrig.scenario", "bootrig.emulator", "bootrig.network")

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
        elif room in AFTER_TRACE and target in NEEDS_EMULATOR:
            faults.append(f"{module}:{line}: {room} imports {target}; it has to run without an emulator")
        elif target != room:
            joining = [joins for rooms, joins in APART.items() if room in rooms and target in rooms]
            faults += [f"{module}:{line}: {room} imports {target}; {joins} joins the two" for joins in joining]
    return faults


def resolve_module(name: str, modules: Iterable[str]) -> str | None:
    """Return the module of ours that an imported name is in: the longest of `modules` that it begins with."""
    words = name.split(".")
    known = set(modules)
    return next((part for end in range(len(words), 0, -1) if (part := ".".join(words[:end])) in known), None)


def find_circles(sources: Mapping[str, tuple[str, bool]]) -> list[str]:
    """Return a sentence for each circle of imports, inside rooms too; imports for type checkers only count as well.

    Args:
        sources: by the module's name its source, and whether it is a package. A package that imports what is inside it,
            and a module that imports its own package's name, make no circle by that alone.
    """
    graph: dict[str, set[str]] = {}
    for module, (source, is_package) in sources.items():
        targets = set()
        for _, name in iter_imports(ast.parse(source), module, is_package=is_package):
            target = resolve_module(name, sources)
            if target is not None and target != module and not module.startswith(f"{target}."):
                targets.add(target)
        graph[module] = targets
    return [f"a circle of imports: {' -> '.join([*circle, circle[0]])}" for circle in _iter_circles(graph)]


def _iter_circles(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Yield the strongly connected parts of a graph that have more than one node (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(node: str) -> Iterator[list[str]]:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in index:
                yield from visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            part = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(part) > 1:
                yield part

    for node in sorted(graph):
        if node not in index:
            yield from visit(node)
