"""A recipe's configuration, written into the tree.

Macros are added at the end of their header, behind its include guard, where they override whatever the
header and the files that it includes say. So it works in every tree of the Etherboot family, with or without named and
local configurations. A name that nothing in the tree mentions would change nothing: it is refused.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bootrig.builder.errors import SourceError
from bootrig.document.toml import suggest
from bootrig.recipe.build import Define

MARK = "/* from the recipe */"
LOCAL = "config/local/"
# No file of a source that mentions a macro is nearly this long.
SOURCE_LENGTH_LIMIT = 4 << 20
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


def write_configuration(tree: Path, configuration: Mapping[str, Mapping[str, Define]]) -> None:
    """Write macros into headers below `tree`; headers below `config/local` may be new, others have to be there.

    Raises:
        SourceError: a header is not there, or nothing in the tree mentions a macro.
    """
    _require_mentioned(tree, {macro: (macro,) for defines in configuration.values() for macro in defines}, "macro")
    for name, defines in configuration.items():
        path = tree / name
        if not path.is_file() and not name.startswith(LOCAL):
            raise SourceError(f"the source has no {name}, which the recipe configures")
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8", "surrogateescape") if path.is_file() else ""
        lines = [before.rstrip("\n"), MARK, *(line for pair in defines.items() for line in _lines(*pair)), ""]
        path.write_text("\n".join(lines), "utf-8", "surrogateescape")


def _lines(macro: str, value: Define) -> tuple[str, ...]:
    """Return the lines that give a macro its value, whatever value it had."""
    if value is False:
        return (f"#undef {macro}",)
    return f"#undef {macro}", f"#define {macro}" if value is True else f"#define {macro} {value}"


def write_settings(tree: Path, settings: Mapping[str, Mapping[str, Define]]) -> None:
    """Write files of `NAME=value` lines below `tree`, as Kconfig reads them: booleans are `y` and `n`.

    Raises:
        SourceError: nothing in the tree mentions a name, with `CONFIG_` or, as Kconfig's own files have it, without.
    """
    keys = [key for values in settings.values() for key in values]
    _require_mentioned(tree, {key: (key, key.removeprefix("CONFIG_")) for key in keys}, "setting")
    for name, values in settings.items():
        words = {True: "y", False: "n"}
        lines = [f"{key}={words[value] if isinstance(value, bool) else value}\n" for key, value in values.items()]
        (tree / name).write_text("".join(lines))


def _require_mentioned(tree: Path, spellings: Mapping[str, Iterable[str]], what: str) -> None:
    """Refuse names that no file of the tree mentions in any of their spellings."""
    if not spellings:
        return
    sought = {spelling.encode() for known in spellings.values() for spelling in known}
    mentioned: set[bytes] = set()
    for content in _iter_contents(tree):
        mentioned.update(_WORD.findall(content))
        if sought <= mentioned:
            return
    for name, known in spellings.items():
        if not any(spelling.encode() in mentioned for spelling in known):
            words = sorted(word.decode() for word in mentioned if word.isupper())
            raise SourceError(
                f"nothing in the source mentions the {what} {name}, so it would change nothing{suggest(name, words)}"
            )


def _iter_contents(tree: Path) -> Iterator[bytes]:
    """Yield what is in the files of a tree, those of its configuration first."""
    paths = [Path(place) / name for place, _, files in os.walk(tree) for name in files]
    for path in sorted(paths, key=lambda path: ("config" not in path.relative_to(tree).parts, path)):
        if not path.is_symlink() and path.stat().st_size <= SOURCE_LENGTH_LIMIT:
            yield path.read_bytes()
