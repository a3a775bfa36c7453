"""What a machine definition reaches outside of its guest: programs that QEMU would run, and files, ports of the host.

A part counts as reaching the host unless it is known not to: what QEMU learns in later versions is not let through.
Source: QEMU 11.1, qapi/net.json, qapi/char.json, qapi/block-core.json, qapi/qom.json; net/tap.c (scripts, helper),
net/slirp.c (smb, guestfwd).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bootrig.emulator.definition.definition import MachineDefinition
from bootrig.emulator.definition.parts import BlockNode, Chardev, Device, Netdev, Part, QomObject
from bootrig.emulator.definition.values import Fault

NO_SCRIPT = "no"
# Netdevs that start a program whatever their keys say.
PROGRAM_NETDEVS = {"bridge": "qemu-bridge-helper", "passt": "passt"}
PROGRAM_KEYS = ("helper", "br", "smb")
# What has nothing of the host: drivers over other nodes, generators, and what holds its bytes in memory.
SAFE_NETDEVS = frozenset({"user", "hubport"})
SAFE_USER_KEYS = frozenset(
    {
        *("type", "id", "net", "host", "restrict", "hostname", "dhcpstart", "dns", "dnssearch", "domainname"),
        *("ip", "ipv4", "ipv6", "ipv6-prefix", "ipv6-prefixlen", "ipv6-host", "ipv6-dns", "bootfile"),
        *("tftp-server-name",),
    }
)
SAFE_CHARDEVS = frozenset({"null", "ringbuf", "memory", "mux", "hub", "vc", "msmouse", "wctablet", "testdev"})
SAFE_BLOCK_DRIVERS = frozenset(
    {
        *("null-co", "null-aio", "raw", "qcow2", "qcow", "qed", "vdi", "vhdx", "vmdk", "vpc", "parallels", "bochs"),
        *("cloop", "dmg", "luks", "throttle", "copy-on-read", "quorum", "blkdebug", "blkverify", "blkreplay"),
        *("preallocate", "compress", "copy-before-write", "snapshot-access"),
    }
)
SAFE_OBJECTS = frozenset(
    {
        *("rng-builtin", "rng-egd", "memory-backend-ram", "memory-backend-memfd", "iothread", "main-loop"),
        *("throttle-group", "can-bus", "cryptodev-backend-builtin", "cryptodev-backend"),
        *("filter-buffer", "filter-mirror", "filter-redirector", "filter-replay", "filter-rewriter", "colo-compare"),
    }
)
HOST_DEVICES = ("vfio-", "vhost-", "usb-host", "u2f-", "ccid-card-", "virtio-input-host", "x-pci-proxy", "scsi-generic")
# Properties of any device whose value is a file of the host, or what leads to one.
FILE_PROPERTIES = ("file", "filename", "rootdir", "evdev", "hostdevice", "hostaddr", "sysfsdev", "path", "dir")
MACHINE_FILES = ("firmware", "kernel", "initrd", "shim", "dtb", "dumpdtb")


def iter_programs(definition: MachineDefinition) -> Iterator[Fault]:
    """Yield everything by which QEMU would run a program: never part of a guest."""
    for place, part in definition.iter_places():
        if not isinstance(part, Netdev):
            continue
        if part.type in PROGRAM_NETDEVS:
            yield Fault(f"{place}.type", f"QEMU would run {PROGRAM_NETDEVS[part.type]} on the host; expected another")
        for key in PROGRAM_KEYS:
            if key in part.properties:
                yield Fault(f"{place}.{key}", "QEMU would run a program on the host for it; leave it out")
        if part.type == "tap" and not any(key in part.properties for key in ("fd", "fds")):
            for key in ("script", "downscript"):
                if part.properties.get(key) != NO_SCRIPT:
                    yield Fault(f"{place}.{key}", f'QEMU would run a script on the host; expected "{NO_SCRIPT}"')
        yield from _iter_commands(part.properties.get("guestfwd"), f"{place}.guestfwd")


def _iter_commands(value: Any, place: str) -> Iterator[Fault]:
    """Yield forwards of a user network that lead to a command."""
    if isinstance(value, str) and "-cmd:" in value:
        yield Fault(place, "QEMU would run a program on the host for it; leave it out")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _iter_commands(inner, f"{place}[{index}]")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _iter_commands(inner, f"{place}.{key}")


def iter_host_access(definition: MachineDefinition) -> Iterator[Fault]:
    """Yield what a guest uses of the host beside its network namespace: files, devices, ports, sockets."""
    for key in MACHINE_FILES:
        if key in definition.machine_options:
            yield Fault(f"machine.options.{key}", f'the file "{definition.machine_options[key]}"')
    for index, directory in enumerate(definition.data_directories):
        yield Fault(f"machine.data_directories[{index}]", f'the directory "{directory}"')
    counting = definition.accelerator.instruction_counting
    if counting is not None and counting.record_file is not None:
        yield Fault("accelerator.instruction_counting.record_file", f'the file "{counting.record_file}"')
    for place, part in definition.iter_places():
        yield from _iter_part(part, place)
    slots = (("nic", definition.nic.properties), ("disk", definition.disk.properties))
    for place, properties in slots:
        yield from _iter_properties(properties, place)


def read_host_memory_mib() -> int:
    """Return the memory of this host, swap included."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return sum(int(fields[name].split()[0]) for name in ("MemTotal", "SwapTotal") if name in fields) >> 10


def iter_memory_faults(definition: MachineDefinition, host_mib: int) -> Iterator[Fault]:
    """Yield that a guest has more memory than its host."""
    if definition.memory_mib > host_mib:
        yield Fault("machine.memory_mib", f"found {definition.memory_mib}, and this host has {host_mib} MiB")


def _iter_part(part: Part, place: str) -> Iterator[Fault]:
    match part:
        case Netdev():
            yield from _iter_netdev(part, place)
        case Chardev() if part.type not in SAFE_CHARDEVS:
            yield Fault(place, f'what a chardev "{part.type}" leads to{_name_target(part.properties)}')
        case BlockNode():
            yield from _iter_block(part.arguments, place)
        case QomObject() if part.type not in SAFE_OBJECTS:
            yield Fault(place, f'what an object "{part.type}" uses{_name_target(part.properties)}')
        case Device():
            if part.type.startswith(HOST_DEVICES):
                yield Fault(place, f'a device of the host, by "{part.type}"')
            yield from _iter_properties(part.properties, place)


def _iter_netdev(netdev: Netdev, place: str) -> Iterator[Fault]:
    if netdev.type not in SAFE_NETDEVS:
        yield Fault(place, f'the network of the host, by a netdev "{netdev.type}"')
    elif netdev.type == "user":
        for key, value in netdev.properties.items():
            if key not in SAFE_USER_KEYS:
                words = " ".join(map(str, _flatten(value)))
                yield Fault(f"{place}.{key}", f'ports, addresses or files of the host: "{words}"')


def _iter_properties(properties: Mapping[str, Any], place: str) -> Iterator[Fault]:
    """Yield the files among a device's properties; a ROM without a slash is one of a data directory."""
    for key, value in properties.items():
        if key in FILE_PROPERTIES or (key == "romfile" and "/" in str(value)):
            yield Fault(f"{place}.{key}", f'"{value}"')


def _iter_block(value: Any, place: str) -> Iterator[Fault]:
    """Yield the nodes, however deep inside of another's options, that are made of something of the host."""
    if isinstance(value, Mapping):
        driver = value.get("driver")
        if driver is not None and driver not in SAFE_BLOCK_DRIVERS:
            yield Fault(place, f'what a block driver "{driver}" opens{_name_target(value)}')
        for key, inner in value.items():
            if isinstance(inner, str) and inner.startswith("json:"):
                yield Fault(f"{place}.{key}", "what a node in JSON opens")
            yield from _iter_block(inner, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _iter_block(inner, f"{place}[{index}]")


def _name_target(values: Mapping[str, Any]) -> str:
    """Return the first thing of the host that some properties name, for a message."""
    keys = ("filename", "out", "device", "file", "path", "mem-path", "dir", "addr", "server", "host", "url")
    target = next((values[key] for key in keys if key in values), None)
    if target is None:
        return ""
    return f': "{" ".join(map(str, _flatten(target)))}"'


def _flatten(value: Any) -> Iterator[Any]:
    """Yield the values in nested tables and arrays."""
    if isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _flatten(inner)
    else:
        yield value
