"""What a kind of ROM set is: how it is recognised, and how its ROMs are obtained."""

from collections.abc import Callable
from dataclasses import dataclass

from bootrig.store.content import Store
from bootrig.store.settings import FetchSettings
from firmware.romset import RomSet


@dataclass(frozen=True, slots=True)
class RomSetKind:
    """One kind of what holds ROMs.

    Attributes:
        description: what users give: `the name of a recipe`.
        accepts: whether what the user gave is of this kind.
        check: raises InputError where it is missing or wrong, as far as that shows before anything is fetched or made.
        obtain: returns the ROM set that it holds, by the store and the settings of what is fetched (None: the user's).
    """

    description: str
    accepts: Callable[[str], bool]
    check: Callable[[str], object]
    obtain: Callable[[str, Store, FetchSettings | None], RomSet]
