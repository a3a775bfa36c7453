"""What is fed, and finding all of it: every module in `targets` has a table `TARGETS`."""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from ci.fuzzing import targets as room


class PropertyError(Exception):
    """What was read lacks a property that it has to have."""


def require(has_it: bool, what: str) -> None:
    """Raise PropertyError unless what was read has a property."""
    if not has_it:
        raise PropertyError(what)


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads bytes.

    Attributes:
        name: what the command line calls it.
        share: how many of a million inputs it gets.
        seeds: returns right inputs, from which damaged ones are made.
        feed: reads an input; the working directory is its own.
        documented: the exceptions that it may raise.
        words: what a damaged input may get at any place.
    """

    name: str
    share: int
    seeds: Callable[[], Sequence[bytes]]
    feed: Callable[[bytes], object]
    documented: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = ()


def load_targets() -> Mapping[str, Target]:
    """Return all targets by their names."""
    modules = [import_module(f"{room.__name__}.{found.name}") for found in pkgutil.iter_modules(room.__path__)]
    return {target.name: target for module in modules for target in module.TARGETS}
