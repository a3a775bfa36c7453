"""Which boots share their beginning, and which of those go on from a prefix.

Guests that are made of the same parts boot alike up to their first packet. A prefix costs about two boots, and saves
three quarters of each that goes on from it; so it is made where enough cells want it, and one that is kept is used.
Boots that confirm others are cold, so that nothing rests on prefixes alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bootrig.cache import digest_key
from bootrig.cell.serving import DISK_LENGTH
from bootrig.cell.specification import CellSpecification
from bootrig.emulator.definition.launch import ConfigureBy, Launcher
from bootrig.emulator.definition.parts import QomObject
from bootrig.scenario.kinds.registry import find_kinds
from bootrig.schedule.boot_key import describe_guest
from bootrig.schedule.shelf import Shelf
from bootrig.trace.names import CellKey

# From so many cells on making a prefix pays; for two, as under OVMF, it takes as long as it saves.
LEAST_CELLS = 3
MEMORY_BACKEND = "memory-backend"


def name_prefixes(specifications: Sequence[CellSpecification], shelf: Shelf) -> list[CellSpecification]:
    """Return boots with the keys of the prefixes from which they could go on.

    Where times and identifiers differ from process to process, boots of one cell on several sides are all cold or all
    not.
    """
    keys = [find_prefix_key(specification) for specification in specifications]
    named = [
        replace(specification, prefix="" if shelf.knows_none(key) else key)
        for specification, key in zip(specifications, keys, strict=True)
    ]
    return _keep_sides_alike(named)


def choose_prefixes(specifications: Sequence[CellSpecification], shelf: Shelf) -> list[CellSpecification]:
    """Return boots with prefixes where those are worth their while; boots of one prefix are one after the other."""
    counts = Counter(one.prefix for one in specifications)
    chosen = {key for key, count in counts.items() if key and (count >= LEAST_CELLS or shelf.has(key))}
    assigned = _keep_sides_alike([one if one.prefix in chosen else replace(one, prefix="") for one in specifications])
    sides: dict[CellKey, set[str]] = {}
    for one in assigned:
        if one.prefix and one.has_random_times:
            sides.setdefault(one.key, set()).add(one.prefix)
    for found in sides.values():
        shelf.bind(found)
    first: dict[str, int] = {}
    for place, one in enumerate(assigned):
        first.setdefault(one.prefix, place)
    places = {id(one): first[one.prefix] if one.prefix else place for place, one in enumerate(assigned)}
    return sorted(assigned, key=lambda one: places[id(one)])


def _keep_sides_alike(specifications: Sequence[CellSpecification]) -> list[CellSpecification]:
    """Return boots of which those with random times are cold where that of another side is."""
    cold = {one.key for one in specifications if one.has_random_times and not one.prefix}
    return [replace(one, prefix="") if one.has_random_times and one.key in cold else one for one in specifications]


def find_prefix_key(specification: CellSpecification) -> str:
    """Return the key of the prefix that a boot can go on from, which names all that makes it; empty for none.

    Raises:
        PlatformFirmwareMissingError: the platform firmware is not installed any more.
        OSError: a file that the boot reads cannot be read.
    """
    if not _may_share(specification):
        return ""
    has_disk = specification.scenario.guest.disk
    return digest_key({**describe_guest(specification), "disk": DISK_LENGTH if has_disk else 0})


def _may_share(specification: CellSpecification) -> bool:
    guest, launch = specification.guest, specification.launch
    has_ovmf = specification.family == "ovmf"
    own_memory = any(part.type.startswith(MEMORY_BACKEND) for part in guest.of_kind(QomObject))
    return (
        specification.clock.is_virtual
        and find_kinds()[specification.scenario.kind].begins_alone
        and not specification.missing_roms
        and launch.launcher is Launcher.DIRECT
        and launch.configure_by is ConfigureBy.COMMAND_LINE
        and MEMORY_BACKEND not in guest.machine_options
        and not own_memory
        # OVMF reads a disk before it asks the network, and its content has the nonce of the boot
        and not (has_ovmf and specification.scenario.guest.disk)
    )
