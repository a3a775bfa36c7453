"""Reading TOML that people write, so that every problem is reported at once, each with its place.

    document = load_document(path)
    root = document.root
    name = root.string("name")
    width = root.integer("width", default=80, minimum=1)
    document.finish()       # raises DocumentError with all problems, unknown keys among them

A reader never raises: it notes the problem and returns a value of the right type, so that reading goes on.
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from bootrig.document.errors import DocumentError, Problem
from bootrig.document.quoting import escape_text, quote_key
from bootrig.document.syntax import SyntaxFaultError, parse_toml
from bootrig.givenfile import FileKind, GivenFileError, read_given

Word = TypeVar("Word", bound=StrEnum)

DOCUMENT = FileKind("a file that is written by hand", 1 << 20)
# What a number may be: QEMU has integers of 64 bits, with and without a sign.
INTEGERS = range(-(1 << 63), 1 << 64)
# So many problems are told; the rest is counted.
PROBLEMS_TOLD = 100
TYPE_NAMES: Mapping[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "a table",
}


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Return `; did you mean "X"?` for the nearest known word, else nothing."""
    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def describe(value: object) -> str:
    """Return what a TOML value is, for "found ...": its type and, where short, itself."""
    name = next((text for kind, text in TYPE_NAMES.items() if type(value) is kind), f"a {type(value).__name__}")
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    shown = repr(value) if not isinstance(value, str) else f'"{escape_text(value)}"'
    return f"{name} {shown}" if not isinstance(value, list | dict) and len(shown) <= 60 else name


class Document:
    """One file that is being read, and the problems found in it so far.

    Attributes:
        path: the file.
        root: the reader of its outermost table.
        readers: those of all its tables, which `finish` asks for unknown keys.
    """

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path = path
        self._problems: dict[Problem, None] = {}
        self.readers: list[TableReader] = []
        self.root = TableReader(self, content, "")
        for place, message in _iter_bad_numbers(content, ""):
            self.add_problem(place, message)

    def add_problem(self, key_path: str, message: str) -> None:
        """Note that something is wrong at `key_path`; what was noted before is not told twice."""
        self._problems[Problem(self.path, escape_text(key_path), escape_text(message))] = None

    def has_problem(self, key_path: str) -> bool:
        """Whether something is known to be wrong at `key_path`."""
        return any(problem.key_path == escape_text(key_path) for problem in self._problems)

    def finish(self) -> None:
        """End the reading.

        Raises:
            DocumentError: something is wrong; it carries every problem.
        """
        for reader in self.readers:
            if len(self._problems) < PROBLEMS_TOLD:
                reader.finish()
        if self._problems:
            count = len(self._problems)
            words = f"{count} problem{'s' if count > 1 else ''}"
            words = words if count <= PROBLEMS_TOLD else f"more than {PROBLEMS_TOLD} problems, the first"
            raise DocumentError(f"{self.path.name} has {words}:", tuple(self._problems)[:PROBLEMS_TOLD])


def load_document(path: Path, parse: Callable[[bytes], dict[str, Any]] = parse_toml) -> Document:
    """Read the TOML file `path`, or what `parse` reads.

    Raises:
        DocumentError: it cannot be read, is too long, is not UTF-8, is not TOML (with line and column), or is nested
            too deeply.
    """
    try:
        return Document(path, parse(read_given(path, DOCUMENT)))
    except GivenFileError as error:
        raise DocumentError(str(error)) from error
    except SyntaxFaultError as error:
        raise DocumentError(f"{path} {error}") from error


def _iter_bad_numbers(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Yield place and message of every number that is none, or that no program can take."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _iter_bad_numbers(inner, f"{place}.{quote_key(key)}" if place else quote_key(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _iter_bad_numbers(inner, f"{place}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, f"found {value}, expected a number"
    elif isinstance(value, int) and value not in INTEGERS:
        yield place, "found an integer of more than 64 bits"


class TableReader:
    """Reads one table of a document: a method per type; each notes what is wrong and returns a usable value.

    Where a method has a `default`, the key may be missing; without one it has to be there.

    Attributes:
        document: the document that the table belongs to.
        key_path: the table's place: `source`, `rom[3]`; empty for the outermost.
    """

    def __init__(self, document: Document, content: Mapping[str, Any], key_path: str, *, absent: bool = False) -> None:
        self.document = document
        self.key_path = key_path
        self._content = content
        self._asked: list[str] = []
        self._absent = absent
        document.readers.append(self)

    def __contains__(self, key: str) -> bool:
        return key in self._content

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that the table has, in the order of the file."""
        return tuple(self._content)

    def place(self, key: str) -> str:
        """Return the key path of `key` in this table."""
        return f"{self.key_path}.{quote_key(key)}" if self.key_path else quote_key(key)

    def add_problem(self, key: str, message: str) -> None:
        """Note that something is wrong with `key` (of a table that is there at all)."""
        if not self._absent:
            self.document.add_problem(self.place(key) if key else self.key_path, message)

    def _take(self, key: str, kind: type | tuple[type, ...], expected: str, *, required: bool) -> Any:
        """Return the value of `key` if it is of `kind`, else None with a note."""
        self._asked.append(key)
        if key not in self._content:
            if required:
                self.add_problem(key, f"missing; expected {expected}")
            return None
        value = self._content[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if type(value) not in kinds:
            self.add_problem(key, f"found {describe(value)}, expected {expected}")
            return None
        return value

    def string(
        self, key: str, default: str | None = None, *, pattern: str | None = None, expected: str = "a string"
    ) -> str:
        """Return a string; with `pattern` one that the regular expression matches whole, named by `expected`."""
        value = self._take(key, str, expected, required=default is None)
        if value is None:
            return default or ""
        if pattern is not None and not re.fullmatch(pattern, value):
            self.add_problem(key, f"found {describe(value)}, expected {expected}")
        return str(value)

    def optional_string(self, key: str, *, pattern: str | None = None, expected: str = "a string") -> str | None:
        """Return a string as `string` does; None where the key is missing."""
        if key not in self._content:
            self._asked.append(key)
            return None
        return self.string(key, pattern=pattern, expected=expected)

    def hexadecimal(self, key: str) -> bytes:
        """Return the bytes that a string writes as pairs of hexadecimal digits, with free blanks between the pairs."""
        expected = "pairs of hexadecimal digits"
        value = self._take(key, str, expected, required=True)
        try:
            return bytes.fromhex(value or "")
        except ValueError:
            self.add_problem(key, f"found {describe(value)}, expected {expected}")
            return b""

    def integer(
        self, key: str, default: int | None = None, *, minimum: int | None = None, maximum: int | None = None
    ) -> int:
        """Return an integer between `minimum` and `maximum`, both included."""
        value = self._take(key, int, "an integer", required=default is None)
        if value is None:
            return default if default is not None else minimum or 0
        self._check_range(key, value, minimum, maximum)
        return int(value)

    def optional_integer(self, key: str, *, minimum: int | None = None, maximum: int | None = None) -> int | None:
        """Return an integer as `integer` does; None where the key is missing."""
        if key not in self._content:
            self._asked.append(key)
            return None
        return self.integer(key, minimum=minimum, maximum=maximum)

    def number(
        self, key: str, default: float | None = None, *, minimum: float | None = None, maximum: float | None = None
    ) -> float:
        """Return an integer or a float as a float, between `minimum` and `maximum`."""
        value = self._take(key, (int, float), "a number", required=default is None)
        if value is None:
            return default if default is not None else minimum or 0.0
        self._check_range(key, value, minimum, maximum)
        return float(min(max(value, INTEGERS.start), INTEGERS.stop))

    def _check_range(self, key: str, value: float, minimum: float | None, maximum: float | None) -> None:
        if value not in INTEGERS if isinstance(value, int) else not math.isfinite(value):
            return  # told already
        if minimum is not None and value < minimum:
            self.add_problem(key, f"found {value}, expected at least {minimum}")
        elif maximum is not None and value > maximum:
            self.add_problem(key, f"found {value}, expected at most {maximum}")

    def boolean(self, key: str, default: bool | None = None) -> bool:
        """Return a boolean."""
        value = self._take(key, bool, "a boolean", required=default is None)
        return bool(default) if value is None else bool(value)

    def choice(self, key: str, words: type[Word], default: Word | None = None) -> Word:
        """Return one of the words of a `StrEnum`."""
        known = [word.value for word in words]
        expected = f"one of {', '.join(known)}"
        value = self._take(key, str, expected, required=default is None)
        if value is None:
            return default if default is not None else next(iter(words))
        if value not in known:
            self.add_problem(key, f'found "{value}", expected {expected}{suggest(value, known)}')
            return default or next(iter(words))
        return words(value)

    def _array(self, key: str, kind: type, expected: str, *, required: bool) -> list[tuple[int, Any]] | None:
        """Return the elements of an array that are of `kind`, with their indices; None where the key is missing."""
        value = self._take(key, list, f"an array, each element {expected}", required=required)
        if value is None:
            return None
        kept = []
        for index, element in enumerate(value):
            if type(element) is kind:
                kept.append((index, element))
            else:
                place = f"{self.place(key)}[{index}]"
                self.document.add_problem(place, f"found {describe(element)}, expected {expected}")
        return kept

    def strings(
        self,
        key: str,
        default: tuple[str, ...] | None = None,
        *,
        pattern: str | None = None,
        expected: str = "a string",
    ) -> tuple[str, ...]:
        """Return an array of strings, each of which `pattern` matches whole where it is given."""
        found = self._array(key, str, expected, required=default is None)
        if found is None:
            return default or ()
        for index, value in found:
            if pattern is not None and not re.fullmatch(pattern, value):
                place = f"{self.place(key)}[{index}]"
                self.document.add_problem(place, f"found {describe(value)}, expected {expected}")
        return tuple(value for _, value in found)

    def integers(self, key: str) -> tuple[int, ...]:
        """Return an array of integers, which has to be there."""
        return tuple(value for _, value in self._array(key, int, "an integer", required=True) or ())

    def table(self, key: str) -> "TableReader":
        """Return the reader of a table that has to be there."""
        value = self._take(key, dict, "a table", required=True)
        return TableReader(self.document, value or {}, self.place(key), absent=value is None)

    def optional_table(self, key: str) -> "TableReader | None":
        """Return the reader of a table, None where the key is missing."""
        value = self._take(key, dict, "a table", required=False)
        return None if value is None else TableReader(self.document, value, self.place(key))

    def tables(self, key: str, *, required: bool = False) -> tuple["TableReader", ...]:
        """Return the readers of an array of tables; none where the key is missing and not `required`."""
        found = self._array(key, dict, "a table", required=required)
        if required and found is not None and not found:
            self.add_problem(key, "found an empty array, expected at least one table")
        return tuple(TableReader(self.document, value, f"{self.place(key)}[{index}]") for index, value in found or [])

    def named_tables(self, key: str) -> Iterator[tuple[str, "TableReader"]]:
        """Yield name and reader of each table in a table whose keys are free; none where the key is missing."""
        value = self._take(key, dict, "a table of tables", required=False)
        if value is not None:
            outer = TableReader(self.document, value, self.place(key))
            for name in outer.keys:
                yield name, outer.table(name)

    def free_value(self, key: str) -> Any:
        """Return the value of `key` whatever it is, None where it is missing: for data that others check."""
        self._asked.append(key)
        return self._content.get(key)

    def finish(self) -> None:
        """Note the keys that were not asked for, each with the nearest known one."""
        unknown = [key for key in self._content if key not in self._asked]
        for key in unknown[: PROBLEMS_TOLD + 1]:
            self.add_problem(key, f"unknown key{suggest(key, [k for k in self._asked if k not in self._content])}")
