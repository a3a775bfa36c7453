"""The introspection of a QEMU that is small enough to read; `test_introspection_rig` holds it against a real one."""

from typing import Any

from bootrig.emulator.schema.introspection import Introspection, QomType, read_properties
from bootrig.emulator.schema.shapes import Catalog

VERSION = "7.2.22 (small)"
ON_OFF = ["on", "off", "auto"]


def _object(name: str, members: dict[str, str], **more: Any) -> dict[str, Any]:
    """A type of `query-qmp-schema`; a member whose type ends in ? is optional."""
    listed = [
        {"name": member, "type": kind.rstrip("?"), **({"default": None} if kind.endswith("?") else {})}
        for member, kind in members.items()
    ]
    return {"name": name, "meta-type": "object", "members": listed, **more}


def _union(name: str, members: dict[str, str], tag: str, variants: dict[str, str]) -> dict[str, Any]:
    listed = [{"case": word, "type": kind} for word, kind in variants.items()]
    return _object(name, members, tag=tag, variants=listed)


def _words(name: str, *words: str) -> dict[str, Any]:
    return {"name": name, "meta-type": "enum", "members": [{"name": word} for word in words], "values": list(words)}


def _command(name: str, arguments: str, result: str = "0") -> dict[str, Any]:
    return {"name": name, "meta-type": "command", "arg-type": arguments, "ret-type": result}


QAPI: list[dict[str, Any]] = [
    {"name": "str", "meta-type": "builtin", "json-type": "string"},
    {"name": "int", "meta-type": "builtin", "json-type": "int"},
    {"name": "bool", "meta-type": "builtin", "json-type": "boolean"},
    {"name": "null", "meta-type": "builtin", "json-type": "null"},
    {"name": "any", "meta-type": "builtin", "json-type": "value"},
    _object("0", {}),
    _command("netdev_add", "netdev"),
    _words("netdev-type", "user", "tap", "hubport"),
    _union(
        "netdev",
        {"id": "str", "type": "netdev-type"},
        "type",
        {"user": "netdev-user", "tap": "netdev-tap", "hubport": "netdev-hubport"},
    ),
    _object("netdev-user", {"restrict": "bool?", "hostfwd": "[string]?", "tftp": "str?", "bootfile": "str?"}),
    _object("netdev-tap", {"fd": "str?", "vnet_hdr": "bool?"}),
    _object("netdev-hubport", {"hubid": "int", "netdev": "str?"}),
    {"name": "[string]", "meta-type": "array", "element-type": "string"},
    _object("string", {"str": "str"}),
    _command("chardev-add", "chardev", "0"),
    _object("chardev", {"id": "str", "backend": "chardev-backend"}),
    _words("chardev-type", "file", "socket", "null"),
    _union(
        "chardev-backend",
        {"type": "chardev-type"},
        "type",
        {"file": "chardev-file", "socket": "chardev-socket", "null": "chardev-null"},
    ),
    _object("chardev-file", {"data": "chardev-file-data"}),
    _object("chardev-file-data", {"out": "str", "in": "str?", "append": "bool?", "logfile": "str?"}),
    _object("chardev-socket", {"data": "chardev-socket-data"}),
    _object("chardev-socket-data", {"addr": "address", "server": "bool?", "wait": "bool?"}),
    _object("chardev-null", {"data": "chardev-null-data"}),
    _object("chardev-null-data", {"logfile": "str?"}),
    _words("address-type", "unix", "fd"),
    _union("address", {"type": "address-type"}, "type", {"unix": "address-unix", "fd": "address-fd"}),
    _object("address-unix", {"data": "address-unix-data"}),
    _object("address-unix-data", {"path": "str"}),
    _object("address-fd", {"data": "string"}),
    _command("blockdev-add", "blockdev"),
    _words("block-driver", "file", "raw", "qcow2"),
    _union(
        "blockdev",
        {"driver": "block-driver", "node-name": "str?", "read-only": "bool?"},
        "driver",
        {"file": "blockdev-file", "raw": "blockdev-raw", "qcow2": "blockdev-qcow2"},
    ),
    _object("blockdev-file", {"filename": "str"}),
    _object("blockdev-raw", {"file": "block-reference", "offset": "int?"}),
    _object("blockdev-qcow2", {"file": "block-reference", "backing": "block-reference-or-null?"}),
    {"name": "block-reference", "meta-type": "alternate", "members": [{"type": "blockdev"}, {"type": "str"}]},
    {
        "name": "block-reference-or-null",
        "meta-type": "alternate",
        "members": [{"type": "blockdev"}, {"type": "str"}, {"type": "null"}],
    },
    _command("object-add", "object"),
    _words("object-type", "filter-dump", "rng-builtin"),
    _words("direction", "all", "rx", "tx"),
    _union(
        "object",
        {"qom-type": "object-type", "id": "str"},
        "qom-type",
        {"filter-dump": "object-filter-dump", "rng-builtin": "0"},
    ),
    _object("object-filter-dump", {"netdev": "str", "file": "str", "maxlen": "int?", "queue": "direction?"}),
    _command("query-status", "0", "status"),
    _object("status", {"running": "bool", "status": "str"}),
    {"name": "RESET", "meta-type": "event", "arg-type": "reset"},
    _object("reset", {"guest": "bool", "reason": "str"}),
]


def _qom(*properties: tuple[Any, ...]) -> QomType:
    keys = ("name", "type", "description", "default-value")
    return read_properties([dict(zip(keys, values, strict=False)) for values in properties])


PCI = (
    ("addr", "int32", "Slot and optional function number, example: 06.0 or 06", -1),
    ("multifunction", "bool", "on/off", False),
    ("rombar", "uint32", "", 1),
    ("romfile", "str"),
    ("romsize", "uint32", "", 4294967295),
)
NETDEV = ("netdev", "str", "ID of a netdev to use as a backend")
DRIVE = ("drive", "str", "Node name or ID of a block device to use as a backend")
NIC = (("bootindex", "int32"), ("mac", "str", "Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56"), NETDEV, *PCI)
PC = _qom(
    ("graphics", "bool", "Set on/off to enable/disable graphics emulation"),
    ("vmport", "OnOffAuto"),
    ("pflash0", "str", "Node name or ID of a block device to use as a backend"),
    ("memory-backend", "link<memory-backend>"),
)

INTROSPECTION = Introspection(
    version_text=VERSION,
    digest="0" * 64,
    qapi=QAPI,
    devices={
        "e1000": _qom(*NIC, ("mitigation", "bool", "on/off", True)),
        "rtl8139": _qom(*NIC),
        "ide-hd": _qom(("bootindex", "int32"), DRIVE, ("rerror", "BlockdevOnError", "", "auto")),
        "isa-serial": _qom(
            ("chardev", "str", "ID of a chardev to use as a backend"), ("index", "uint32", "", 4294967295)
        ),
        "pcie-root-port": _qom(("chassis", "uint8", "", 0), ("port", "uint8", "", 0), *PCI),
        "virtio-blk-pci": _qom(("bootindex", "int32"), DRIVE, ("serial", "str"), *PCI),
        "virtio-rng-pci": _qom(("rng", "link<rng-backend>"), *PCI),
    },
    machines={"pc": PC, "q35": PC, "pc-i440fx-7.2": PC},
    processors={"qemu64": _qom(("sse4.1", "bool", "", False)), "host": {}},
    objects={"filter-dump": _qom(("file", "string"), ("netdev", "string")), "rng-builtin": {}},
    accelerators={"tcg": _qom(("tb-size", "int", "TCG translation block cache size"), ("thread", "string")), "kvm": {}},
    options={"machine": ["type"]},
    unasked={},
)


def small_catalog() -> Catalog:
    return Catalog(INTROSPECTION)
