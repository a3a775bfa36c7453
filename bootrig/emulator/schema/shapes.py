"""The types of a QEMU's interface, from its introspection: what a value may look like.

QAPI's types are described by `query-qmp-schema` (docs/interop/qmp-spec and docs/devel/qapi-code-gen, "Client JSON
Protocol introspection"): names of anything but builtins are masked, a member is optional when it has a `default`. QOM's
types are only named; the property types that occur are known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from bootrig.emulator.schema.introspection import Introspection, QomProperty, QomType

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
class Member:
    """A member of an object.

    Attributes:
        name: its name.
        type: the name of its type.
        required: whether it has to be there.
        description: a sentence for people, often empty.
        default: its default value; None where QEMU reports none.
    """

    name: str
    type: str
    required: bool
    description: str = ""
    default: Any = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object.

    Attributes:
        members: by name; of a union, those that all variants have.
        tag: the member that selects the variant; empty where there are none.
        variants: the name of each variant's type, by the tag's word.
    """

    members: Mapping[str, Member]
    tag: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag_type(self) -> str:
        """The name of the tag's type."""
        member = self.members.get(self.tag)
        return member.type if member else ANY


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
# A PCI slot is an integer inside of QEMU and a string, "05.0", outside.
SLOT_PROPERTY = "addr"
SLOT_TYPE = "qom:slot"


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

    def find_device(self, driver: str) -> Object | None:
        """Return the shape of the arguments of `device_add` for `driver`; None where QEMU has no such device."""
        found = self.introspection.devices.get(driver)
        if found is None:
            return None
        # These three are arguments of `device_add` itself; `addr` is a property of two types.
        always = {
            "driver": Member("driver", "str", required=True, description="the device's QOM type"),
            "id": Member("id", "str", required=False, description="its name under /machine/peripheral"),
            "bus": Member("bus", "str", required=False, description="the bus that it is plugged into"),
        }
        return Object({**always, **_members(found)})

    def find_object(self, qom_type: str) -> Object | None:
        """Return the shape of the arguments of `object-add` for `qom_type`; None where QEMU has no such object.

        Before 6.0 QAPI does not describe it, and the type's QOM properties are used instead.
        """
        union = self.arguments_of("object-add")
        if union.tag:
            return self.variant(union, qom_type)
        found = self.introspection.objects.get(qom_type)
        if found is None:
            return None
        named = {
            "qom-type": Member("qom-type", "str", required=True),
            "id": Member("id", "str", required=True),
        }
        return Object({**named, **_members(found)})

    @property
    def object_types(self) -> tuple[str, ...]:
        """The types that `object-add` accepts."""
        union = self.arguments_of("object-add")
        return tuple(sorted(union.variants or self.introspection.objects))

    def variant(self, union: Object, word: str) -> Object | None:
        """Return a union's variant with the members that all variants have; None where there is none."""
        shape = self.resolve(union.tag_type) if union.tag else None
        known = shape.words if isinstance(shape, Enumeration) else tuple(union.variants)
        if word not in known:
            return None
        own = self._object(union.variants.get(word, ""))
        return Object({**union.members, **own.members}, own.tag, own.variants)

    def words_of(self, union: Object) -> tuple[str, ...]:
        """Return the words that a union's tag accepts."""
        shape = self.resolve(union.tag_type) if union.tag else None
        return shape.words if isinstance(shape, Enumeration) else tuple(union.variants)

    def properties(self, found: QomType) -> Object:
        """Return the shape of an object that has the properties of a QOM type."""
        return Object(_members(found))


def _members(found: QomType) -> dict[str, Member]:
    """Return QOM properties as members."""
    return {name: _member(item) for name, item in found.items()}


def _member(item: QomProperty) -> Member:
    slot = item.name == SLOT_PROPERTY and item.type.startswith(("int", "str"))
    return Member(item.name, SLOT_TYPE if slot else f"qom:{item.type}", False, item.description, item.default)
