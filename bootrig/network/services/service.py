"""What a service is: its table in a scenario's file, how it starts, how it shows that it does what the table says."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NoReturn, Protocol, TypeVar

from bootrig.document.toml import TableReader
from bootrig.network.servers.questions import Question
from bootrig.network.services.files import ServedFile, iter_file_faults, split_table
from bootrig.network.statement import Statement
from bootrig.trace.events import Event

Configuration = TypeVar("Configuration")


@dataclass(frozen=True, slots=True)
class FileTable:
    """The table of a service that serves files."""

    files: tuple[ServedFile, ...]


Table = TypeVar("Table", bound=FileTable)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the table of a service is checked against.

    The kind of the probe that has to report, empty for none; which builds of the probe are served, `bios` or `efi`; and
    whether any service of the scenario has a file by a name or URL.
    """

    report: str
    builds: tuple[str, ...]
    offers: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """Where a service runs: the directory of its files, if it serves any, and that of its logs and configuration."""

    root: Path
    logs: Path


class RunningService(Protocol):
    """A service inside the `async with` of its start: its program, and the version, empty where it does not say."""

    server: str
    version: str

    def questions(self) -> tuple[Question, ...]:
        """Return what a server that is alive answers, at each of its addresses."""

    async def watch(self) -> NoReturn:
        """Wait for its death.

        Raises:
            ServiceError: it died.
        """


class Service(ABC, Generic[Configuration]):
    """A service that a scenario's file can have a table for; the object `SERVICE` of a module of this room.

    Attributes:
        is_always_started: whether it is started without a table, too.
        has_files: whether it serves files, and so has a directory of its own.
        programs: programs that have to be installed.
        packages: Python packages that serve.
    """

    is_always_started = False
    has_files = False
    programs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    @abstractmethod
    def read(self, table: TableReader) -> Configuration:
        """Return what a table says; what is wrong in it is noted with its place."""

    @abstractmethod
    def start(
        self, configuration: Configuration, context: ServiceContext
    ) -> AbstractAsyncContextManager[RunningService]:
        """Start it; inside the `async with` it answers.

        Raises:
            ServiceError: it cannot be started; the error has what its server said.
        """

    def iter_faults(self, configuration: Configuration, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
        """Yield key path (in the service's table) and message of what reads well and cannot work."""
        yield from ()

    def files(self, configuration: Configuration) -> tuple[ServedFile, ...]:
        """Return the files that it serves."""
        return ()

    def offers(self, configuration: Configuration, name: str) -> bool:
        """Whether a boot file called `name`, a path or a URL, is loaded from it."""
        return False

    async def ask_statements(self, configuration: Configuration) -> tuple[Statement, ...]:
        """Return the statements of its table that answers to requests of our own show, once it runs.

        They are asked before the guest runs, and put no frame on its network. The caller limits the time.
        """
        return ()

    def iter_statements(self, configuration: Configuration, wire: Sequence[Event]) -> Iterator[Statement]:
        """Yield the statements of its table that the packets of a boot show; others are neither proven nor broken."""
        yield from ()


class FileService(Service[Table]):
    """A service whose table holds a table for each file that it serves."""

    has_files = True

    def read(self, table: TableReader) -> Table:
        """Return what the table says."""
        settings, files = split_table(table)
        return self.read_settings(settings, files)

    @abstractmethod
    def read_settings(self, settings: TableReader, files: tuple[ServedFile, ...]) -> Table:
        """Return the files, and what is in the table beside them."""

    def iter_faults(self, configuration: Table, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with files that cannot be made."""
        yield from iter_file_faults(configuration.files, surroundings.builds)

    def files(self, configuration: Table) -> tuple[ServedFile, ...]:
        """Return the files."""
        return configuration.files
