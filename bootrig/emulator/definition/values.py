"""Checking values against the types of a QEMU: every fault, with its key path."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bootrig.document.toml import describe, suggest
from bootrig.emulator.definition.parts import JsonObject
from bootrig.emulator.schema.shapes import Alternate, Array, Catalog, Enumeration, Object, Scalar, Shape

# How many choices are listed before "... and N more".
CHOICES_SHOWN = 12

JSON_NAMES = {"string": "a string", "int": "an integer", "number": "a number", "boolean": "a boolean", "null": "null"}
SCALAR_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "value": lambda value: True,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a definition: where (`device[0].rombar`), what was found and what was expected."""

    key_path: str
    message: str

    def __str__(self) -> str:
        return f"{self.key_path}: {self.message}"


def _choices(words: Sequence[str], wrong: str) -> str:
    """Return the choices for a message; of many only those that look like `wrong`."""
    if len(words) <= CHOICES_SHOWN:
        return f"one of {', '.join(words)}"
    near = difflib.get_close_matches(wrong, words, n=3, cutoff=0.4)
    shown = near or list(words[:3])
    return f"one of {', '.join(shown)}, ... ({len(words)} in all)"


class Checker:
    """Checks values against the shapes of one QEMU."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.version = catalog.introspection.version_text.partition(" ")[0]

    def check_value(self, value: Any, type_name: str, place: str) -> Iterator[Fault]:
        """Yield what is wrong with a value that should be of a type."""
        shape = self.catalog.resolve(type_name)
        if isinstance(shape, Enumeration):
            yield from self._check_word(value, shape.words, place)
        elif isinstance(shape, Alternate):
            yield from self._check_alternate(value, shape, place)
        elif not _fits(value, shape):
            yield Fault(place, f"found {describe(value)}, expected {_shape_name(shape)}")
        elif isinstance(shape, Array):
            for index, element in enumerate(value):
                yield from self.check_value(element, shape.element, f"{place}[{index}]")
        elif isinstance(shape, Object):
            yield from self._check_table(value, shape, place)

    def _check_word(self, value: Any, words: Sequence[str], place: str) -> Iterator[Fault]:
        if isinstance(value, bool) and set(words) <= {"on", "off", "auto", "split"}:
            # QEMU's command line and QMP accept the word only.
            word = "on" if value else "off"
            yield Fault(place, f'found {describe(value)}, expected one of {", ".join(words)}; write "{word}"')
        elif not isinstance(value, str):
            yield Fault(place, f"found {describe(value)}, expected {_choices(words, '')}")
        elif value not in words:
            yield Fault(place, f"found {describe(value)}, expected {_choices(words, value)}{suggest(value, words)}")

    def _check_alternate(self, value: Any, alternate: Alternate, place: str) -> Iterator[Fault]:
        for option in alternate.options:
            shape = self.catalog.resolve(option)
            if _fits(value, shape):
                yield from self.check_value(value, option, place)
                return
        names = dict.fromkeys(_shape_name(self.catalog.resolve(option)) for option in alternate.options)
        yield Fault(place, f"found {describe(value)}, expected {' or '.join(names)}")

    def _check_table(self, value: JsonObject, shape: Object, place: str) -> Iterator[Fault]:
        whole = shape
        while whole.tag:
            tag_place = f"{place}.{whole.tag}"
            words = self.catalog.words_of(whole)
            word = value.get(whole.tag)
            if whole.tag not in value:
                if not whole.members[whole.tag].required:
                    whole = Object(whole.members)
                    break
                yield Fault(tag_place, f"missing; expected {_choices(words, '')}")
                return
            variant = self.catalog.variant(whole, word) if isinstance(word, str) else None
            if variant is None:
                yield from self._check_word(word, words, tag_place)
                return
            whole = variant
        yield from self.check_members(value, whole, place, f"this table of QEMU {self.version}")

    def check_members(self, value: JsonObject, shape: Object, place: str, owner: str) -> Iterator[Fault]:
        """Yield what is wrong with the members of a table whose variant is known; messages call it `owner`."""
        for name, content in value.items():
            member = shape.members.get(name)
            if member is None:
                free = [known for known in shape.members if known not in value]
                yield Fault(f"{place}.{name}", f"{owner} has no such property{suggest(name, free)}")
            else:
                yield from self.check_value(content, member.type, f"{place}.{name}")
        for member in shape.members.values():
            if member.required and member.name not in value:
                expected = _shape_name(self.catalog.resolve(member.type))
                yield Fault(f"{place}.{member.name}", f"missing; expected {expected}")


def _fits(value: Any, shape: Shape) -> bool:
    """Whether a value has the JSON type of a shape."""
    if isinstance(shape, Scalar):
        return SCALAR_TESTS[shape.json_type](value)
    if isinstance(shape, Enumeration):
        return isinstance(value, str)
    if isinstance(shape, Array):
        return isinstance(value, Sequence) and not isinstance(value, str)
    return not isinstance(shape, Object) or isinstance(value, Mapping)


def _shape_name(shape: Shape) -> str:
    """Return what a message calls a shape."""
    match shape:
        case Scalar():
            return JSON_NAMES.get(shape.json_type, "a value")
        case Enumeration():
            return _choices(shape.words, "")
        case _:
            return {Array: "an array", Object: "a table"}.get(type(shape), "a value")
