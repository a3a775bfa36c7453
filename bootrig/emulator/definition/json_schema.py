"""What a QEMU says about itself as JSON Schema (draft 2020-12): the schema of a machine definition file."""

from collections.abc import Mapping
from typing import Any

from bootrig.cache import Room
from bootrig.emulator.definition.definition import AcceleratorKind, MachineDefinition, RecordReplay
from bootrig.emulator.definition.file import DATE_PATTERN, UUID_PATTERN
from bootrig.emulator.definition.parts import KINDS, Chardev, Part
from bootrig.emulator.release.discovery import Emulator
from bootrig.emulator.schema.entries import JSON_TYPES
from bootrig.emulator.schema.introspection import Member, QomType, load_introspection
from bootrig.emulator.schema.shapes import Alternate, Array, Catalog, Enumeration, Object, Scalar

# Another number where the tables of definitions are others, so that no schema of an earlier bootrig is taken.
ROOM = Room("schemas", 2)
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
BOOTINDEX: Schema = {"type": "integer", "minimum": 0}


def load_json_schema(emulator: Emulator) -> Schema:
    """Return the JSON Schema of machine definitions for `emulator`, remembered by its digest.

    Raises:
        EmulatorError: it does not answer.
    """
    schema: Schema = ROOM.obtain_value(emulator.digest, lambda: make_json_schema(Catalog(load_introspection(emulator))))
    return schema


def make_json_schema(catalog: Catalog) -> Schema:
    """Return the JSON Schema of machine definitions for the QEMU of `catalog`."""
    return _Writer(catalog).document()


class _Writer:
    """Writes types into `$defs`, each once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._definitions: dict[str, Schema] = {}

    def document(self) -> Schema:
        introspection = self._catalog.introspection
        document: Schema = {
            "$schema": DIALECT,
            "$id": f"urn:bootrig:guest:{introspection.digest}",
            "title": f"bootrig machine definition for QEMU {introspection.version_text}",
            "type": "object",
            "properties": {
                "summary": {"type": "string"},
                "machine": self._machine(),
                "processor": self._processor(),
                "accelerator": self._accelerator(),
                "clock": _closed(
                    {
                        "base": {"type": "string", "pattern": f"^{DATE_PATTERN}$"},
                        "clock": {"enum": ["vm", "host", "rt"]},
                    }
                ),
                "nic": {"type": "object", "properties": {"bootindex": BOOTINDEX}},
                "disk": {"type": "object", "properties": {"driver": {"type": "string"}, "bootindex": BOOTINDEX}},
                **{kind.table: _array(self._part(kind)) for kind in KINDS},
            },
            "additionalProperties": False,
        }
        return document | {"$defs": self._definitions}

    def _define(self, name: str, schema: Schema) -> Schema:
        self._definitions[name] = schema
        return {"$ref": f"#/$defs/{_escape(name)}"}

    def _machine(self) -> Schema:
        machines = self._catalog.introspection.machines
        schema = _closed(
            {
                "type": {"enum": sorted(machines)},
                "memory_mib": {"type": "integer", "minimum": 1},
                "platform_firmware": {"type": "string"},
                "data_directories": _array({"type": "string"}),
                "options": {"type": "object"},
                "uuid": {"type": "string", "pattern": f"^{UUID_PATTERN}$"},
            }
        )
        return schema | {"allOf": self._options("machine", "type", machines, MachineDefinition().machine_type)}

    def _options(self, table: str, tag: str, types: Mapping[str, QomType], default: str) -> list[Schema]:
        """Return for each type in a table the condition that `options` are those of the type."""
        conditions = []
        for name, found in types.items():
            options = self._define(f"{table}.{name}", self._object(Object(found)))
            conditions.append(_when(tag, name, {"properties": {"options": options}}, default=name == default))
        return conditions

    def _processor(self) -> Schema:
        models = sorted({*self._catalog.introspection.processors, "host", "max"})
        return _closed(
            {"model": {"enum": models}, "count": {"type": "integer", "minimum": 1}, "properties": {"type": "object"}}
        )

    def _accelerator(self) -> Schema:
        counting = _closed(
            {
                "shift": {"type": "integer", "minimum": 0, "maximum": 10},
                "sleep": {"type": "boolean"},
                "record_replay": {"enum": [str(word) for word in RecordReplay]},
                "record_file": {"type": "string"},
            },
            ["shift"],
        )
        found = self._catalog.introspection.accelerators
        kinds = {str(kind): found[kind] for kind in AcceleratorKind if kind in found}
        schema = _closed({"kind": {"enum": [*kinds]}, "options": {"type": "object"}, "instruction_counting": counting})
        default = str(MachineDefinition().accelerator.kind)
        return schema | {"allOf": self._options("accelerator", "kind", kinds, default)}

    def _part(self, kind: type[Part]) -> Schema:
        if kind is Chardev:
            return self._object(self._catalog.arguments_of(kind.command))
        words = self._catalog.part_types(kind.command)
        shapes = {word: self._catalog.find_arguments(kind.command, word) for word in words}
        return self._tagged(kind.table, kind.type_key, shapes)

    def _tagged(self, name: str, tag: str, shapes: Mapping[str, Object | None]) -> Schema:
        variants = []
        for word, shape in shapes.items():
            if shape is not None:
                inner = self._union(f"{name}.{word}", shape)
                variants.append(_when(tag, word, self._define(f"{name}.{word}", inner)))
        return {"type": "object", "required": [tag], "properties": {tag: {"enum": [*shapes]}}, "allOf": variants}

    def _type(self, type_name: str) -> Schema:
        """Return the schema of a type, a reference where it is more than a word."""
        shape = self._catalog.resolve(type_name)
        match shape:
            case Scalar():
                return {} if shape.json_type == "value" else {"type": JSON_TYPES[shape.json_type]}
            case Enumeration() if len(shape.words) < 4:
                return {"enum": list(shape.words)}
            case _:
                name = f"type.{type_name}"
                if name not in self._definitions:
                    self._definitions[name] = {}  # a type within itself finds it here
                    self._definitions[name] = self._composite(name, shape)
                return {"$ref": f"#/$defs/{_escape(name)}"}

    def _composite(self, name: str, shape: Enumeration | Array | Alternate | Object) -> Schema:
        match shape:
            case Enumeration():
                return {"enum": list(shape.words)}
            case Array():
                return _array(self._type(shape.element))
            case Alternate():
                return {"anyOf": [self._type(option) for option in shape.options]}
            case Object():
                return self._union(name, shape) if shape.tag else self._object(shape)

    def _union(self, name: str, shape: Object) -> Schema:
        """Return the schema of an object that may have variants, each written out with the members of all."""
        if not shape.tag:
            return self._object(shape)
        shapes = {word: self._catalog.variant(shape, word) for word in self._catalog.words_of(shape)}
        tagged = self._tagged(name, shape.tag, shapes)
        if shape.members[shape.tag].required:
            return tagged
        without = {"if": {"not": {"required": [shape.tag]}}, "then": self._object(Object(shape.members))}
        return {"type": "object", "allOf": [*tagged["allOf"], without]}

    def _object(self, shape: Object) -> Schema:
        properties: dict[str, Schema] = {}
        for name, member in shape.members.items():
            schema = self._type(member.type)
            notes = {"description": member.description} if member.description else {}
            if member.default is not None:
                notes["default"] = member.default
            properties[name] = {**schema, **notes}
        return _closed(properties, [member.name for member in shape.members.values() if self._is_required(member)])

    def _is_required(self, member: Member) -> bool:
        """Whether a file has to have a member; the `data` of a character backend is added where it may be empty."""
        inner = self._catalog.resolve(member.type) if member.name == "data" else None
        may_be_empty = isinstance(inner, Object) and not any(m.required for m in inner.members.values())
        return member.required and not may_be_empty


def _closed(properties: Mapping[str, Schema], required: list[str] | None = None) -> Schema:
    """Return the schema of an object with these members and no others."""
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _when(tag: str, word: str, then: Schema, *, default: bool = False) -> Schema:
    """Return the condition that an object whose `tag` is `word`, by default too if so, is like `then`."""
    condition: Schema = {"properties": {tag: {"const": word}}}
    return {"if": condition if default else condition | {"required": [tag]}, "then": then}


def _escape(name: str) -> str:
    """Escape a name for a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6)."""
    escaped = name.replace("~", "~0").replace("/", "~1").replace("%", "%25")
    return escaped.replace("<", "%3C").replace(">", "%3E").replace("|", "%7C").replace(" ", "%20")
