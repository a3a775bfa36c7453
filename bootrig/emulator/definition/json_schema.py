"""What a QEMU says about itself as JSON Schema (draft 2020-12): the schema of a machine definition file."""

from collections.abc import Mapping
from typing import Any

from bootrig.cache import obtain_value
from bootrig.emulator.definition.definition import AcceleratorKind, MachineDefinition, RecordReplay
from bootrig.emulator.definition.file import DATE_PATTERN, UUID_PATTERN
from bootrig.emulator.release.discovery import Emulator
from bootrig.emulator.schema.introspection import load_introspection
from bootrig.emulator.schema.shapes import Alternate, Array, Catalog, Enumeration, Member, Object, Scalar

CACHE_FORMAT = "bootrig-machine-schema/1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
JSON_TYPES = {"string": "string", "int": "integer", "number": "number", "boolean": "boolean", "null": "null"}

Schema = dict[str, Any]
BOOTINDEX: Schema = {"type": "integer", "minimum": 0}
# Another number where the tables of definitions are others, so that no schema of an earlier bootrig is taken.
FORM = 2


def load_json_schema(emulator: Emulator) -> Schema:
    """Return the JSON Schema of machine definitions for `emulator`, remembered by its digest.

    Raises:
        EmulatorError: it does not answer.
    """
    key = [CACHE_FORMAT, emulator.digest]
    schema: Schema = obtain_value("schemas", key, lambda: make_json_schema(Catalog(load_introspection(emulator))))
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
                "device": _array(self._devices()),
                "netdev": _array(self._union("netdev", self._catalog.arguments_of("netdev_add"))),
                "chardev": _array(self._union("chardev", self._catalog.arguments_of("chardev-add"))),
                "blockdev": _array(self._union("blockdev", self._catalog.arguments_of("blockdev-add"))),
                "object": _array(self._objects()),
            },
            "additionalProperties": False,
        }
        document["$defs"] = self._definitions
        return document

    def _define(self, name: str, schema: Schema) -> Schema:
        """Put a schema into `$defs` and return the reference to it."""
        self._definitions[name] = schema
        return {"$ref": f"#/$defs/{_escape(name)}"}

    def _machine(self) -> Schema:
        machines = self._catalog.introspection.machines
        options = {
            name: self._define(f"machine.{name}", self._object(self._catalog.properties(machines[name])))
            for name in machines
        }
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
        default = MachineDefinition().machine_type
        chosen = [
            _when("type", name, {"properties": {"options": reference}}, default=name == default)
            for name, reference in options.items()
        ]
        return schema | {"allOf": chosen}

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
        accelerators = self._catalog.introspection.accelerators
        kinds = [str(kind) for kind in AcceleratorKind if kind in accelerators]
        schema = _closed({"kind": {"enum": kinds}, "options": {"type": "object"}, "instruction_counting": counting})
        options = {kind: self._object(self._catalog.properties(accelerators[kind])) for kind in kinds}
        default = MachineDefinition().accelerator.kind
        chosen = [
            _when("kind", kind, {"properties": {"options": inner}}, default=kind == default)
            for kind, inner in options.items()
        ]
        return schema | {"allOf": chosen}

    def _devices(self) -> Schema:
        names = sorted(self._catalog.introspection.devices)
        variants = []
        for name in names:
            shape = self._catalog.find_device(name)
            if shape is not None:
                variants.append(_when("driver", name, self._define(f"device.{name}", self._object(shape))))
        return _tagged("driver", names, variants)

    def _objects(self) -> Schema:
        names = list(self._catalog.object_types)
        variants = []
        for name in names:
            shape = self._catalog.find_object(name)
            if shape is not None:
                variants.append(_when("qom-type", name, self._define(f"object.{name}", self._object(shape))))
        return _tagged("qom-type", names, variants)

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
        words = self._catalog.words_of(shape)
        variants = []
        for word in words:
            variant = self._catalog.variant(shape, word)
            if variant is not None:
                inner = self._union(f"{name}.{word}", variant)
                variants.append(_when(shape.tag, word, self._define(f"{name}.{word}", inner)))
        if shape.members[shape.tag].required:
            return _tagged(shape.tag, list(words), variants)
        without = {"if": {"not": {"required": [shape.tag]}}, "then": self._object(Object(shape.members))}
        return {"type": "object", "allOf": [*variants, without]}

    def _object(self, shape: Object) -> Schema:
        """Return the schema of an object without variants."""
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


def _tagged(tag: str, words: list[str], variants: list[Schema]) -> Schema:
    """Return the schema of an object whose `tag` selects one of `variants`."""
    return {"type": "object", "required": [tag], "properties": {tag: {"enum": words}}, "allOf": variants}


def _escape(name: str) -> str:
    """Escape a name for a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6)."""
    escaped = name.replace("~", "~0").replace("/", "~1").replace("%", "%25")
    return escaped.replace("<", "%3C").replace(">", "%3E").replace("|", "%7C").replace(" ", "%20")
