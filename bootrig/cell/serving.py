"""What a cell's services serve and what its disk holds: files made for this boot, with its nonce."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from bootrig.network.errors import ServiceError
from bootrig.network.services.content.kind import Material
from bootrig.network.services.files import make_files
from bootrig.network.services.registry import find_services
from bootrig.network.services.service import RunningService, Service, ServiceContext
from bootrig.network.statement import prove_statements
from bootrig.scenario.platform import probe_build
from bootrig.scenario.scenario import Scenario
from bootrig.trace.events import Event
from bootrig.trace.trace import ReadBack, ServiceEvidence
from firmware.probe.boot.image import make_bios_probe, sum_image

DISK_FILE = "disk.img"
DISK_LENGTH = 1 << 20
LOGS_DIRECTORY = "logs"
# For whatever is asked of a service; a busy host answers after seconds, a stopped server is noticed before.
ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Served:
    """The file of a boot's disk (None where it has none), and the sums of probes, any of which a report may show."""

    disk: Path | None
    sums: frozenset[int]


def make_served(
    scenario: Scenario, platform_firmware: str, programs: Mapping[str, Path], nonce: str, directory: Path
) -> Served:
    """Make the files of one boot: those of each service in a directory called as its table, below the attempt's.

    `programs` are assembled probes by build, and GRUB images by name; the platform firmware decides which is served.

    Raises:
        ServiceError: a file of this machine that the scenario serves is missing.
    """
    material = Material(nonce, probe_build(platform_firmware), programs)
    services = find_services()
    sums: set[int] = set()
    for name, configuration in scenario.services.items():
        if services[name].has_files:
            sums |= make_files(services[name].files(configuration), directory / name, material)
    if not scenario.guest.disk:
        return Served(None, frozenset(sums))
    sector = make_bios_probe(programs["bios"].read_bytes(), nonce=nonce, kind="disk", signature=True)
    return Served(make_disk_file(directory, sector), frozenset({*sums, sum_image(sector)}))


def make_disk_file(directory: Path, content: bytes) -> Path:
    """Make the file of a disk that begins with `content`, in a boot's directory."""
    disk = directory / DISK_FILE
    with disk.open("wb") as stream:
        stream.write(content)
        stream.truncate(DISK_LENGTH)
    return disk


@dataclass(frozen=True, slots=True)
class RunningServices:
    """The services of a cell inside the `async with` of `start_services`, by the names of their tables.

    `proven` is what answers to requests have shown before the guest runs.
    """

    running: Mapping[str, RunningService]
    proven: Mapping[str, tuple[ReadBack, ...]]

    def title(self, name: str) -> str:
        """Return what errors call a service."""
        return _title(name, self.running[name])

    @property
    def watches(self) -> tuple[Callable[[], Awaitable[NoReturn]], ...]:
        """What raises when a service dies."""
        return tuple(service.watch for service in self.running.values())

    async def ask_alive(self) -> frozenset[str]:
        """Ask every service all at once, each at every address; return the names of the services, which all answered.

        For after the guest has ended and its capture is closed.

        Raises:
            ServiceError: some did not answer within `ANSWER_S`; the message has all of them, and what they were asked.
        """
        asked = [(name, question) for name, service in self.running.items() for question in service.questions()]
        answers = await asyncio.gather(
            *(asyncio.wait_for(question.ask(), ANSWER_S) for _, question in asked), return_exceptions=True
        )
        silent: dict[str, list[str]] = {}
        for (name, question), answer in zip(asked, answers, strict=True):
            if isinstance(answer, BaseException):
                if not isinstance(answer, OSError | ServiceError):
                    raise answer
                silent.setdefault(name, []).append(f"{question.what} ({_describe_silence(answer, ANSWER_S)})")
        if silent:
            raise ServiceError(
                "; ".join(
                    f"{self.title(name)} does not answer: {', '.join(questions)}" for name, questions in silent.items()
                ),
                remedy="see the logs of the services in the attempt's directory",
            )
        return frozenset(self.running)

    def describe(self, scenario: Scenario, wire: tuple[Event, ...]) -> Iterable[ServiceEvidence]:
        """Yield what is known of each service, now that its packets are decoded.

        Raises:
            ServiceError: the packets show that one does not do what its table says.
        """
        services = find_services()
        for name, service in self.running.items():
            yield ServiceEvidence(
                name=name,
                kind=name,
                server=service.server,
                version=service.version,
                read_back=(
                    *self.proven[name],
                    *prove_statements(self.title(name), services[name].iter_statements(scenario.services[name], wire)),
                ),
            )


def _describe_silence(error: OSError | ServiceError, limit_s: float) -> str:
    """Return why a question has no answer."""
    if isinstance(error, TimeoutError):
        return f"nothing came within {limit_s:.0f} s"
    return str(error) if isinstance(error, ServiceError) else error.strerror or str(error)


@asynccontextmanager
async def start_services(scenario: Scenario, directory: Path) -> AsyncIterator[RunningServices]:
    """Start every service of a scenario; inside the `async with` all of them answer.

    Their files are, and their logs go, below the attempt's `directory`.

    Raises:
        ServiceError: one cannot be started, or does not do what its table says.
        ToolMissingError: a server is not installed.
    """
    services = find_services()
    logs = directory / LOGS_DIRECTORY
    logs.mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        running = {
            name: await stack.enter_async_context(
                services[name].start(configuration, ServiceContext(directory / name, logs))
            )
            for name, configuration in scenario.services.items()
        }
        proven = {
            name: await _ask_statements(services[name], scenario.services[name], _title(name, service))
            for name, service in running.items()
        }
        yield RunningServices(running, proven)


def _title(name: str, service: RunningService) -> str:
    return f"the {name} service ({service.server})"


async def _ask_statements(service: Service[Any], configuration: Any, title: str) -> tuple[ReadBack, ...]:
    """Return what answers of a service show of its table.

    Raises:
        ServiceError: it does not answer, or not what its table says.
    """
    try:
        statements = await asyncio.wait_for(service.ask_statements(configuration), ANSWER_S)
    except OSError as error:  # TimeoutError among them
        raise ServiceError(
            f"{title} does not answer before the guest starts: {_describe_silence(error, ANSWER_S)}"
        ) from error
    return prove_statements(title, statements)
