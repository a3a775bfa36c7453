"""Rules over our own source: sizes, names, who starts processes."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 60

# word -> what to say instead; STYLE's table of words
FORBIDDEN_WORDS = {
    "blob": "option ROM, or content",
    "bundle": "ROM set",
    "card": "NIC model",
    "common": "a noun",
    "helper": "a noun",
    "job": "step, target or artifact",
    "misc": "a noun",
    "part": "ROM image, or the specification's word",
    "payload": "NBP, or content",
    "section": "ROM image, or the specification's word",
    "util": "a noun",
    "utils": "a noun",
    "vm": "guest",
}
# In these files the word is the specification's, or cannot be mistaken.
SPECIFIED_WORDS = {
    ("firmware/efi/*", "section"): "PE/COFF calls them sections",
    ("firmware/probe/*", "section"): "PE/COFF calls them sections",
    ("bootrig/*", "section"): "no ROM image is taken apart there",
    ("bootrig/*", "part"): "no ROM image is taken apart there",
    ("bootrig/network/decode/*", "payload"): "what a datagram carries is its payload",
    ("bootrig/schedule/*", "job"): "-j is --jobs, as make has it",
    ("bootrig/cli/*", "job"): "-j is --jobs, as make has it",
}
# Modules beside bootrig/process.py that may start processes, with the reason.
PROCESS_STARTERS = {
    "bootrig/process.py": "the one place",
}
STARTING_MODULES = ("subprocess", "pty", "multiprocessing")
STARTING_CALLS = ("create_subprocess_exec", "create_subprocess_shell", "posix_spawn", "posix_spawnp", "system", "popen")


def words_of(identifier: str) -> list[str]:
    """Return the words of an identifier, in lower case: `RomImage` and `rom_image` are both rom, image."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)]


def iter_defined_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of everything that a module gives a name to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def _is_specified(path: Path, word: str) -> bool:
    return any(fnmatch(path.as_posix(), pattern) and word == known for pattern, known in SPECIFIED_WORDS)


def find_name_faults(path: Path, source: str) -> list[str]:
    """Return a sentence for each name in a module, and the module's own, that STYLE forbids."""
    names = [(1, path.stem if path.stem != "__init__" else path.parent.name), *iter_defined_names(ast.parse(source))]
    faults = []
    for line, name in names:
        for word in words_of(name):
            singular = word if word in FORBIDDEN_WORDS else word.removesuffix("s")
            if singular in FORBIDDEN_WORDS and not _is_specified(path, singular):
                faults.append(f'{path}:{line}: {name}: not "{word}" but {FORBIDDEN_WORDS[singular]}')
    return faults


def find_size_faults(path: Path, source: str) -> list[str]:
    """Return a sentence for a module, and for each function in it, that is too long (docstrings do not count there)."""
    faults = []
    length = len(source.splitlines())
    if length > MODULE_LINES:
        faults.append(f"{path}: {length} lines, {MODULE_LINES} are allowed: split it by noun")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        length = (node.end_lineno or node.lineno) - body[0].lineno + 1
        if length > FUNCTION_LINES:
            faults.append(f"{path}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LINES} are allowed")
    return faults


def find_process_faults(path: Path, source: str) -> list[str]:
    """Return a sentence for each place that starts processes outside of the module that is there for it."""
    if path.as_posix() in PROCESS_STARTERS:
        return []
    faults = []
    for node in ast.walk(ast.parse(source)):
        found: list[tuple[int, str]] = []
        if isinstance(node, ast.Import):
            found = [(node.lineno, alias.name) for alias in node.names if alias.name in STARTING_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in STARTING_MODULES:
            found = [(node.lineno, node.module)]
        elif isinstance(node, ast.Attribute) and node.attr in STARTING_CALLS and isinstance(node.value, ast.Name):
            found = [(node.lineno, f"{node.value.id}.{node.attr}")] if node.value.id in {"os", "asyncio"} else []
        faults += [f"{path}:{line}: {name}: bootrig/process.py starts the processes" for line, name in found]
    return faults
