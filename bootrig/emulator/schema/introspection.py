"""What a QEMU says about itself, remembered by the digest of its program.

Commands, network, character and block backends and objects are described by `query-qmp-schema`; devices, machines, CPU
models and accelerators by their QOM types. This takes a second and several thousand commands, some of which end QEMU: a
type whose module is not completely installed, a machine that needs what `-machine none` does not have. Such a type is
noted as one that cannot be asked about, and a new QEMU is started.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootrig.cache import obtain_file
from bootrig.deadline import Deadline
from bootrig.emulator.errors import CommandError, EmulatorError, GuestDiedError
from bootrig.emulator.monitor.process import RunningQemu, start_qemu
from bootrig.emulator.release.discovery import Emulator
from bootrig.workdir import start_work_directory

FORMAT = "bootrig-introspection/2"
ASK_S = 300.0
# More deaths than this are no longer explained by a few odd types.
DEATH_LIMIT = 40


@dataclass(frozen=True, slots=True)
class QomProperty:
    """A property of a QOM type.

    Attributes:
        name: its name.
        type: QOM's word for its type: `bool`, `uint32`, `OnOffAuto`, `link<...>`.
        description: a sentence for people, often empty.
        default: its default value; None where QEMU reports none.
    """

    name: str
    type: str
    description: str = ""
    default: Any = None


QomType = Mapping[str, QomProperty]


class QomTypes(Mapping[str, QomType]):
    """QOM types by name, over one table of properties.

    Thousands of properties are the same few hundred, so each is stored once, and a type is a list of indices into them;
    its properties are looked up when they are needed.
    """

    def __init__(self, table: Sequence[QomProperty], numbers: Mapping[str, Sequence[int]]) -> None:
        self._table = table
        self._numbers = numbers

    def __getitem__(self, name: str) -> QomType:
        return {self._table[number].name: self._table[number] for number in self._numbers[name]}

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


@dataclass(frozen=True, slots=True)
class Introspection:
    """What a QEMU says about itself.

    Attributes:
        version_text: its version.
        digest: SHA-256 of its program.
        qapi: the answer of `query-qmp-schema`.
        devices: properties of each device type.
        machines: properties of each machine type, by the names that `-machine` takes, aliases among them.
        processors: properties of each CPU model.
        objects: properties of each type that users can create.
        accelerators: properties of each accelerator.
        options: command line options and their parameters, as `query-command-line-options` reports them.
        unasked: QOM types that end QEMU when it is asked about them, with the reason.
    """

    version_text: str
    digest: str
    qapi: Sequence[Mapping[str, Any]]
    devices: Mapping[str, QomType]
    machines: Mapping[str, QomType]
    processors: Mapping[str, QomType]
    objects: Mapping[str, QomType]
    accelerators: Mapping[str, QomType]
    options: Mapping[str, Sequence[str]]
    unasked: Mapping[str, str]


def load_introspection(emulator: Emulator) -> Introspection:
    """Return what `emulator` says about itself; outside of event loops, because it may have to be asked.

    Raises:
        EmulatorError: it does not answer.
    """
    path = obtain_file(
        "introspection", [FORMAT, emulator.digest], lambda: encode_introspection(asyncio.run(introspect(emulator)))
    )
    return parse_introspection(path.read_bytes())


# The kinds of QOM types, by the names that the cache gives them.
QOM_KINDS = ("devices", "machines", "processors", "objects", "accelerators")


def encode_introspection(introspection: Introspection) -> bytes:
    """Return `introspection` as JSON, compressed."""
    numbers: dict[str, int] = {}
    kinds: dict[str, dict[str, list[int]]] = {}
    for kind in QOM_KINDS:
        types: Mapping[str, QomType] = getattr(introspection, kind)
        kinds[kind] = {
            name: [
                numbers.setdefault(json.dumps([p.name, p.type, p.description, p.default]), len(numbers))
                for p in properties.values()
            ]
            for name, properties in types.items()
        }
    others = ("version_text", "digest", "qapi", "options", "unasked")
    document = {
        **{name: getattr(introspection, name) for name in others},
        "properties": [json.loads(text) for text in numbers],
        **kinds,
    }
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), compresslevel=1, mtime=0)


def parse_introspection(content: bytes) -> Introspection:
    """Return the introspection that `encode_introspection` wrote."""
    document = json.loads(gzip.decompress(content))
    table = [QomProperty(*values) for values in document.pop("properties")]
    for kind in QOM_KINDS:
        document[kind] = QomTypes(table, document[kind])
    return Introspection(**document)


class _Questioner:
    """Asks QEMU, and starts a new one when a question has ended it."""

    def __init__(self, emulator: Emulator, directory: Path) -> None:
        self.unasked: dict[str, str] = {}
        self._emulator = emulator
        self._directory = directory
        self._deadline = Deadline.after(ASK_S, "QEMU describes itself")
        self._stack = AsyncExitStack()
        self._qemu: RunningQemu | None = None

    async def ask(self, command: str, **arguments: Any) -> Any:
        """Return the answer to a question that has to have one."""
        if self._qemu is None:
            self._qemu = await self._stack.enter_async_context(
                start_qemu(
                    self._words,
                    self._directory / "qemu.log",
                    self._deadline,
                    environment=dict(self._emulator.environment),
                )
            )
        return await self._qemu.session.execute(command, arguments, deadline=self._deadline)

    async def ask_about(self, command: str, typename: str) -> list[dict[str, Any]]:
        """Return the properties of a QOM type; none where asking is not possible."""
        try:
            return list(await self.ask(command, typename=typename))
        except CommandError as error:
            self.unasked[typename] = error.description
        except GuestDiedError as error:
            if len(self.unasked) > DEATH_LIMIT:
                raise
            self.unasked[typename] = error.output.strip().rpartition("\n")[2] or str(error)
            self._qemu = None
            await self._stack.aclose()
        return []

    def _words(self, monitor: int) -> list[str]:
        words = [*self._emulator.command, "-nodefaults", "-no-user-config", "-display", "none", "-S"]
        words += ["-machine", "none", "-chardev", f"socket,id=qmp,fd={monitor}", "-mon", "chardev=qmp,mode=control"]
        for directory in self._emulator.data_directories:
            words += ["-L", str(directory)]
        return words

    async def close(self) -> None:
        """End QEMU."""
        await self._stack.aclose()


@asynccontextmanager
async def _start_questioner(emulator: Emulator) -> AsyncIterator[_Questioner]:
    with start_work_directory("introspection") as directory:
        questioner = _Questioner(emulator, directory)
        try:
            yield questioner
        finally:
            await questioner.close()


async def introspect(emulator: Emulator) -> Introspection:
    """Ask `emulator` everything about itself.

    Raises:
        EmulatorError: it does not answer.
    """
    async with _start_questioner(emulator) as questioner:
        qapi = await questioner.ask("query-qmp-schema")
        machines = await questioner.ask("query-machines")
        models = await questioner.ask("query-cpu-definitions")
        options = await questioner.ask("query-command-line-options")
        devices = await _ask_kind(questioner, "device", "device-list-properties")
        objects = await _ask_kind(questioner, "user-creatable", "qom-list-properties")
        accelerators = await _ask_kind(questioner, "accel", "qom-list-properties")
        by_machine = {}
        for machine in machines:
            names = [machine["name"], *([machine["alias"]] if "alias" in machine else [])]
            if machine["name"] != "none":
                properties = _properties(
                    await questioner.ask_about("qom-list-properties", f"{machine['name']}-machine")
                )
                by_machine.update(dict.fromkeys(names, properties))
        if not devices or not by_machine:
            raise EmulatorError(f"{emulator.command[-1]} reports no devices or no machines")
        processors = {model["name"]: devices.get(model.get("typename", ""), {}) for model in models}
        for model in models:
            devices.pop(model.get("typename", ""), None)
        return Introspection(
            version_text=emulator.version_text,
            digest=emulator.digest,
            qapi=qapi,
            devices=devices,
            machines=by_machine,
            processors=processors,
            objects=objects,
            accelerators={name.removesuffix("-accel"): found for name, found in accelerators.items()},
            options={item["option"]: [p["name"] for p in item["parameters"]] for item in options},
            unasked=questioner.unasked,
        )


async def _ask_kind(questioner: _Questioner, kind: str, command: str) -> dict[str, QomType]:
    """Return the properties of all types that implement `kind`."""
    types = await questioner.ask("qom-list-types", implements=kind, abstract=False)
    names = sorted(item["name"] for item in types)
    return {name: _properties(await questioner.ask_about(command, name)) for name in names}


def _properties(answer: Sequence[Mapping[str, Any]]) -> dict[str, QomProperty]:
    """Return the properties that users can set."""
    return {
        item["name"]: QomProperty(item["name"], item["type"], item.get("description") or "", item.get("default-value"))
        for item in sorted(answer, key=lambda item: str(item["name"]))
        if not item["type"].startswith("child<") and item["name"] != "type"
    }
