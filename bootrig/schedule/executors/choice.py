"""What runs the cells of a run: the pool of this machine, or what an address such as `dask://HOST:PORT` names.

Each sort of cluster is a module of this room that is called as the address begins, and needs bootrig's extra of that
name; it is imported where it is asked for.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bootrig.errors import InputError
from bootrig.schedule.equipment import Equipment, count_processors
from bootrig.schedule.executors.executor import RunCells
from bootrig.schedule.executors.likeness import describe_here, encode_needs, find_needs
from bootrig.schedule.executors.pool import start_pool
from bootrig.schedule.executors.remote import RemoteExecutor
from bootrig.schedule.plan import PlannedCell
from bootrig.schedule.shelf import Shelf

SCHEMES = ("dask",)
ADDRESS = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>[^/@\s]+:[0-9]{1,5})/?")


def require_cluster(on: str) -> tuple[ModuleType, str]:
    """Return the module that reaches the workers of an address, and the address's host and port.

    Raises:
        InputError: it is not such an address, or what it needs is not installed.
    """
    found = ADDRESS.fullmatch(on)
    if found is None or found["scheme"] not in SCHEMES:
        raise InputError(f"--on {on}: not dask://HOST:PORT", remedy="name a scheduler as dask://127.0.0.1:8786")
    scheme = found["scheme"]
    try:
        return import_module(f"bootrig.schedule.executors.{scheme}"), found["host"]
    except ImportError as error:
        raise InputError(
            f"--on {on}: {error.name or scheme} is not installed", remedy=f"pip install 'bootrig[{scheme}]'"
        ) from error


@contextmanager
def start_executor(
    on: str | None,
    jobs: int | None,
    planned: Sequence[PlannedCell],
    equipment: Equipment,
    run_directory: Path,
    shelf: Shelf,
    tell: Callable[[str], None],
) -> Iterator[RunCells]:
    """Yield what runs the planned cells, at most `jobs` at a time (None for all that there is place for).

    Workers elsewhere have prefixes of their own; `tell` is called once, with the reason, where one cannot use them.

    Raises:
        InputError: `on` is not an address, or what it needs is not installed.
        RigError: nothing can be started, or workers are missing or refused.
    """
    if on is None:
        with start_pool(jobs or count_processors(), run_directory, shelf) as pool:
            yield pool.run
        return
    module, host = require_cluster(on)
    needs = find_needs(planned, equipment)
    with module.start_cluster(host) as cluster:
        wanted = describe_here(needs, equipment.emulators)
        executor = RemoteExecutor(cluster, encode_needs(needs), wanted, jobs, tell)
        try:
            executor.require_workers()
            yield executor.run
        finally:
            executor.end()
