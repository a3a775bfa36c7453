"""What a cell's services serve and what its disk holds: files made for this boot, with its nonce."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from bootrig.network.services.content.kind import Material
from bootrig.network.services.files import make_files
from bootrig.network.services.registry import find_services
from bootrig.network.services.service import RunningService, ServiceContext
from bootrig.scenario.platform import probe_build
from bootrig.scenario.scenario import Scenario
from bootrig.trace.events import Event
from bootrig.trace.trace import ServiceEvidence
from firmware.probe.boot.image import make_bios_probe, sum_image

DISK_FILE = "disk.img"
DISK_LENGTH = 1 << 20
LOGS_DIRECTORY = "logs"


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
    disk = directory / DISK_FILE
    sector = make_bios_probe(programs["bios"].read_bytes(), nonce=nonce, kind="disk", signature=True)
    with disk.open("wb") as stream:
        stream.write(sector)
        stream.truncate(DISK_LENGTH)
    return Served(disk, frozenset({*sums, sum_image(sector)}))


@dataclass(frozen=True, slots=True)
class RunningServices:
    """The services of a cell inside the `async with` of `start_services`, by the names of their tables."""

    running: Mapping[str, RunningService]

    @property
    def watches(self) -> tuple[Callable[[], Awaitable[NoReturn]], ...]:
        """What raises when a service dies."""
        return tuple(service.watch for service in self.running.values())

    def describe(self, scenario: Scenario, wire: tuple[Event, ...]) -> Iterable[ServiceEvidence]:
        """Yield what is known of each service, now that its packets are decoded."""
        services = find_services()
        for name, service in self.running.items():
            yield ServiceEvidence(
                name=name,
                kind=name,
                server=service.server,
                version=service.version,
                read_back=services[name].read_back(scenario.services[name], wire),
            )


@asynccontextmanager
async def start_services(scenario: Scenario, directory: Path) -> AsyncIterator[RunningServices]:
    """Start every service of a scenario; inside the `async with` all of them answer.

    Their files are, and their logs go, below the attempt's `directory`.

    Raises:
        ServiceError: one cannot be started.
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
        yield RunningServices(running)
