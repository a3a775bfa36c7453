"""What a QEMU says about itself, remembered by the digest of its program.

Commands, network, character and block backends and objects are described by `query-qmp-schema`; devices, machines, CPU
models and accelerators by their QOM types. This takes a second and several thousand commands, some of which end QEMU: a
type whose module is not completely installed, a machine that needs what `-machine none` does not have. Such a type is
noted as one that cannot be asked about, and a new QEMU is started.
"""

import asyncio
import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from bootrig.cache import Room
from bootrig.deadline import Deadline
from bootrig.emulator.errors import CommandError, EmulatorError, GuestDiedError
from bootrig.emulator.monitor.process import RunningQemu, start_qemu
from bootrig.emulator.release.discovery import Emulator
from bootrig.workdir import start_work_directory

ROOM = Room("introspection", 3)
ASK_S = 300.0
# The fields of `Introspection` that hold QOM types.
QOM_KINDS = ("devices", "machines", "processors", "objects", "accelerators")
# A PCI slot is an integer inside of QEMU and a string, "05.0", outside.
SLOT_PROPERTY = "addr"
SLOT_TYPE: Final = "qom:slot"
# More deaths than this are no longer explained by a few odd types.
DEATH_LIMIT = 40


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A member of an object, or a property of a QOM type.

    Attributes:
        name: its name.
        type: the name of its type; of a property `qom:` and QOM's word for it: `bool`, `OnOffAuto`, `link<...>`.
        required: whether it has to be there.
        description: a sentence for people, often empty.
        default: its default value; None where QEMU reports none.
    """

    name: str
    type: str
    required: bool = False
    description: str = ""
    default: Any = None


QomType = Mapping[str, Member]


class _QomTypes(Mapping[str, QomType]):
    """QOM types by name, each decoded when it is needed: there are 60,000 properties."""

    def __init__(self, encoded: Mapping[str, msgspec.Raw]) -> None:
        self._encoded = encoded

    def __getitem__(self, name: str) -> QomType:
        return msgspec.json.decode(self._encoded[name], type=dict[str, Member])

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


@dataclass(frozen=True, slots=True)
class Introspection:
    """What a QEMU says about itself.

    `qapi` is the answer of `query-qmp-schema`. Devices, machines (by the names that `-machine` takes, aliases too), CPU
    models, objects that users can create, and accelerators have their properties; command line options have their
    parameters. `unasked` has the QOM types that end QEMU when it is asked about them, with the reason.
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
    return parse_introspection(
        ROOM.obtain(emulator.digest, lambda: encode_introspection(asyncio.run(introspect(emulator))))
    )


def encode_introspection(introspection: Introspection) -> bytes:
    """Return `introspection` as JSON, compressed."""
    return gzip.compress(msgspec.json.encode(introspection), compresslevel=1, mtime=0)


def parse_introspection(content: bytes) -> Introspection:
    """Return the introspection that `encode_introspection` wrote."""
    document = msgspec.json.decode(gzip.decompress(content), type=dict[str, msgspec.Raw])
    values: dict[str, Any] = {
        name: _QomTypes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
        if name in QOM_KINDS
        else msgspec.json.decode(raw)
        for name, raw in document.items()
    }
    return Introspection(**values)


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
            log, environment = self._directory / "qemu.log", dict(self._emulator.environment)
            starting = start_qemu(self._words, log, self._deadline, environment=environment)
            self._qemu = await self._stack.enter_async_context(starting)
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
            await self.aclose()
        return []

    def _words(self, monitor: int) -> list[str]:
        words = [*self._emulator.command, "-nodefaults", "-no-user-config", "-display", "none", "-S"]
        words += ["-machine", "none", "-chardev", f"socket,id=qmp,fd={monitor}", "-mon", "chardev=qmp,mode=control"]
        for directory in self._emulator.data_directories:
            words += ["-L", str(directory)]
        return words

    async def aclose(self) -> None:
        """End QEMU."""
        await self._stack.aclose()


async def introspect(emulator: Emulator) -> Introspection:
    """Ask `emulator` everything about itself.

    Raises:
        EmulatorError: it does not answer.
    """
    with start_work_directory("introspection") as directory:
        async with aclosing(_Questioner(emulator, directory)) as questioner:
            return await _introspect(emulator, questioner)


async def _introspect(emulator: Emulator, questioner: _Questioner) -> Introspection:
    machines = await questioner.ask("query-machines")
    models = await questioner.ask("query-cpu-definitions")
    options = await questioner.ask("query-command-line-options")
    devices = await _ask_kind(questioner, "device", "device-list-properties")
    accelerators = await _ask_kind(questioner, "accel", "qom-list-properties")
    by_machine = {}
    for machine in machines:
        if machine["name"] != "none":
            answer = await questioner.ask_about("qom-list-properties", f"{machine['name']}-machine")
            names = (machine["name"], machine.get("alias", machine["name"]))
            by_machine.update(dict.fromkeys(names, read_properties(answer)))
    if not devices or not by_machine:
        raise EmulatorError(f"{emulator.command[-1]} reports no devices or no machines")
    processors = {model["name"]: devices.get(model.get("typename", ""), {}) for model in models}
    for model in models:
        devices.pop(model.get("typename", ""), None)
    return Introspection(
        version_text=emulator.version_text,
        digest=emulator.digest,
        qapi=await questioner.ask("query-qmp-schema"),
        devices=devices,
        machines=by_machine,
        processors=processors,
        objects=await _ask_kind(questioner, "user-creatable", "qom-list-properties"),
        accelerators={name.removesuffix("-accel"): found for name, found in accelerators.items()},
        options={item["option"]: [p["name"] for p in item["parameters"]] for item in options},
        unasked=questioner.unasked,
    )


async def _ask_kind(questioner: _Questioner, kind: str, command: str) -> dict[str, QomType]:
    types = await questioner.ask("qom-list-types", implements=kind, abstract=False)
    names = sorted(item["name"] for item in types)
    return {name: read_properties(await questioner.ask_about(command, name)) for name in names}


def read_properties(answer: Sequence[Mapping[str, Any]]) -> QomType:
    """Return those of a QOM type's properties, as QEMU lists them, that users can set."""
    found = {}
    for item in sorted(answer, key=lambda item: str(item["name"])):
        name, kind = item["name"], item["type"]
        if not kind.startswith("child<") and name != "type":
            shown = SLOT_TYPE if name == SLOT_PROPERTY and kind.startswith(("int", "str")) else f"qom:{kind}"
            description, default = item.get("description") or "", item.get("default-value")
            found[name] = Member(name, shown, description=description, default=default)
    return found
