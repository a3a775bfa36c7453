"""The types of a QEMU's interface, from its introspection: what a value may look like.

QAPI's types are described by `query-qmp-schema` (docs/interop/qmp-spec and docs/devel/qapi-code-gen, "Client JSON
Protocol introspection"): names of anything but builtins are masked, a member is optional when it has a `default`. QOM's
types are only named; the property types that occur are known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from bootrig.emulator.schema.introspection import SLOT_TYPE, Introspection, Member, QomType

ANY = "any"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A JSON scalar: `string`, `int`, `number`, `boolean`, `null`; or `value`, which is anything."""

    json_type: str


@dataclass(frozen=True, slots=True)
class Enumeration:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """An array of one type."""

    element: str


@dataclass(frozen=True, slots=True)
class Alternate:
    """One of several types, told apart by their JSON type."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """An object; of a union with the members that all variants have.

    The tag is the member that selects the variant, empty where there are none; variants are names of types by its word.
    """

    members: Mapping[str, Member]
    tag: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)


Shape: TypeAlias = Scalar | Enumeration | Array | Alternate | Object

ON_OFF_AUTO = ("on", "off", "auto")
ERROR_ACTIONS = ("report", "ignore", "enospc", "stop", "auto")

# Enumerations of QOM properties, which introspection only names (qapi/common.json, block-core.json, net.json,
# crypto.json, run-state.json, machine.json of QEMU 5.2 to 10.0; the words have only been added to).
QOM_ENUMERATIONS: Mapping[str, tuple[str, ...]] = {
    "BiosAtaTranslation": ("auto", "none", "lba", "large", "rechs"),
    "BlockdevOnError": ERROR_ACTIONS,
    "FdcDriveType": ("144", "288", "120", "none", "auto"),
    "HostMemPolicy": ("default", "preferred", "bind", "interleave"),
    "LostTickPolicy": ("discard", "delay", "slew"),
    "NetFilterDirection": ("all", "rx", "tx"),
    "OffAutoPCIBAR": ("off", "auto", "bar0", "bar1", "bar2", "bar3", "bar4", "bar5"),
    "OnOffAuto": ON_OFF_AUTO,
    "QCryptoTLSCredsEndpoint": ("client", "server"),
    "on|off|split": ("on", "off", "split"),
}
QOM_SCALARS: Mapping[str, str] = {"bool": "boolean", "str": "string", "string": "string", "number": "number"}
QOM_INTEGERS = ("int", "uint", "size")
# Arguments of a command itself, beside the QOM properties of what it adds.
OWN_ARGUMENTS: Mapping[str, QomType] = {
    "device_add": {
        "driver": Member("driver", "str", required=True, description="the device's QOM type"),
        "id": Member("id", "str", description="its name under /machine/peripheral"),
        "bus": Member("bus", "str", description="the bus that it is plugged into"),
    },
    "object-add": {
        "qom-type": Member("qom-type", "str", required=True),
        "id": Member("id", "str", required=True),
    },
}


def _find_qom_shape(qom_type: str) -> Shape:
    """Return the shape of a QOM property's type; anything, where the type is not known."""
    if qom_type in QOM_ENUMERATIONS:
        return Enumeration(QOM_ENUMERATIONS[qom_type])
    if qom_type in QOM_SCALARS:
        return Scalar(QOM_SCALARS[qom_type])
    if qom_type.startswith("link<"):
        return Scalar("string")
    if qom_type.startswith(QOM_INTEGERS):
        return Scalar("int")
    return Scalar("value")


def _find_qapi_shape(item: Mapping[str, Any]) -> Shape | None:
    """Return the shape that an entry of `query-qmp-schema` describes; None for commands and events."""
    match item["meta-type"]:
        case "builtin":
            return Scalar(item["json-type"])
        case "enum":
            # `members` since QEMU 6.2, `values` before and for compatibility since
            words = item.get("values") or [member["name"] for member in item["members"]]
            return Enumeration(tuple(words))
        case "array":
            return Array(item["element-type"])
        case "alternate":
            return Alternate(tuple(option["type"] for option in item["members"]))
        case "object":
            members = {
                m["name"]: Member(m["name"], m["type"], required="default" not in m) for m in item.get("members", ())
            }
            variants = {variant["case"]: variant["type"] for variant in item.get("variants", ())}
            return Object(members, item.get("tag", ""), variants)
    return None


class Catalog:
    """All types of one QEMU, by name."""

    def __init__(self, introspection: Introspection) -> None:
        self.introspection = introspection
        self._commands = {item["name"]: item for item in introspection.qapi if item["meta-type"] == "command"}
        self._events = {item["name"]: item for item in introspection.qapi if item["meta-type"] == "event"}

    @cached_property
    def _qapi(self) -> Mapping[str, Mapping[str, Any]]:
        return {item["name"]: item for item in self.introspection.qapi}

    @property
    def commands(self) -> tuple[str, ...]:
        """The names of all QMP commands."""
        return tuple(sorted(self._commands))

    @property
    def events(self) -> tuple[str, ...]:
        """The names of all QMP events."""
        return tuple(sorted(self._events))

    def resolve(self, type_name: str) -> Shape:
        """Return the shape of a type: QAPI's name, or QOM's with `qom:` before it."""
        if type_name == SLOT_TYPE:
            return Alternate(("int", "str"))
        if type_name.startswith("qom:"):
            return _find_qom_shape(type_name.removeprefix("qom:"))
        item = self._qapi.get(type_name)
        shape = _find_qapi_shape(item) if item is not None else None
        return shape or Scalar("value")

    def arguments_of(self, command: str) -> Object:
        """Return the shape of a command's arguments; without members where QEMU has no such command."""
        return self._object(self._commands.get(command, {}).get("arg-type", ""))

    def result_of(self, command: str) -> str:
        """Return the type name of a command's result."""
        return str(self._commands.get(command, {}).get("ret-type", ANY))

    def event_data(self, event: str) -> Object:
        """Return the shape of an event's data."""
        return self._object(self._events.get(event, {}).get("arg-type", ""))

    def _object(self, type_name: str) -> Object:
        shape = self.resolve(type_name)
        return shape if isinstance(shape, Object) else Object({})

    def part_types(self, command: str) -> tuple[str, ...]:
        """Return the types of what `command` adds: devices, backends, block nodes or objects."""
        union = self._union_of(command)
        return tuple(sorted(self.words_of(union) if union.tag else self._qom_types(command)))

    def find_arguments(self, command: str, word: str) -> Object | None:
        """Return the shape of the arguments of `command` for one type; None where QEMU has no such type.

        Of a character backend it is the shape of the argument `backend`.
        """
        union = self._union_of(command)
        if union.tag:
            return self.variant(union, word)
        types = self._qom_types(command)
        return Object({**OWN_ARGUMENTS[command], **types[word]}) if word in types else None

    def _union_of(self, command: str) -> Object:
        """Return the union by which QAPI describes what a command adds; without a tag where it does not."""
        arguments = self.arguments_of(command)
        backend = arguments.members.get("backend")
        return self._object(backend.type) if backend else arguments

    def _qom_types(self, command: str) -> Mapping[str, QomType]:
        """Return the QOM types of what a command adds; objects have been described by QAPI since 6.0."""
        return self.introspection.devices if command == "device_add" else self.introspection.objects

    def variant(self, union: Object, word: str) -> Object | None:
        """Return a union's variant with the members that all variants have; None where there is none."""
        if word not in self.words_of(union):
            return None
        own = self._object(union.variants.get(word, ""))
        return Object({**union.members, **own.members}, own.tag, own.variants)

    def words_of(self, union: Object) -> tuple[str, ...]:
        """Return the words that a union's tag accepts."""
        member = union.members.get(union.tag)
        shape = self.resolve(member.type) if member else None
        return shape.words if isinstance(shape, Enumeration) else tuple(union.variants)
