"""A recipe's configuration, written into the tree.

Macros are added at the end of their header, behind its include guard, where they override whatever the
header and the files that it includes say. So it works in every tree of the Etherboot family, with or without named and
local configurations.
"""

from collections.abc import Mapping
from pathlib import Path

from bootrig.builder.errors import SourceError
from bootrig.recipe.build import Define

MARK = "/* from the recipe */"
LOCAL = "config/local/"


def write_configuration(tree: Path, configuration: Mapping[str, Mapping[str, Define]]) -> None:
    """Write macros into headers below `tree`; headers below `config/local` may be new, others have to be there.

    Raises:
        SourceError: a header is not there.
    """
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
    """Write files of `NAME=value` lines below `tree`, as Kconfig reads them: booleans are `y` and `n`."""
    for name, values in settings.items():
        words = {True: "y", False: "n"}
        lines = [f"{key}={words[value] if isinstance(value, bool) else value}\n" for key, value in values.items()]
        (tree / name).write_text("".join(lines))
