"""What of the host a guest's file reaches: programs are refused, everything else is listed, the harmless is not."""

from pathlib import Path
from typing import Any

import pytest

from bootrig.document.toml import Document
from bootrig.emulator.definition.file import read_definition
from bootrig.emulator.definition.host_access import iter_host_access, iter_memory_faults, iter_programs


def programs(**tables: Any) -> list[str]:
    return [fault.key_path for fault in iter_programs(read_definition(Document(Path("x.toml"), tables).root))]


def accesses(**tables: Any) -> list[str]:
    return [str(fault) for fault in iter_host_access(read_definition(Document(Path("x.toml"), tables).root))]


@pytest.mark.parametrize(
    ("netdev", "keys"),
    [
        ({"type": "tap", "script": "/evil.sh", "downscript": "no"}, ["script"]),
        ({"type": "tap", "script": "no", "downscript": "/evil.sh"}, ["downscript"]),
        ({"type": "tap"}, ["script", "downscript"]),  # QEMU has defaults in /etc
        ({"type": "tap", "fd": "7"}, []),
        ({"type": "tap", "script": "no", "downscript": "no"}, []),
        ({"type": "tap", "fd": "7", "helper": "/evil"}, ["helper"]),
        ({"type": "tap", "script": "no", "downscript": "no", "br": "br0"}, ["br"]),
        ({"type": "bridge"}, ["type"]),
        ({"type": "passt", "path": "/evil"}, ["type"]),
        ({"type": "user", "smb": "/"}, ["smb"]),
        ({"type": "user", "guestfwd": [{"str": "tcp:10.0.2.9:1-cmd:/evil"}]}, ["guestfwd[0].str"]),
        ({"type": "user", "guestfwd": ["tcp:10.0.2.9:1-chardev:c"]}, []),
        ({"type": "user"}, []),
    ],
)
def test_what_runs_programs(netdev: dict[str, Any], keys: list[str]) -> None:
    assert programs(netdev=[{"id": "n", **netdev}]) == [f"netdev[0].{key}" for key in keys]


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        (
            {"netdev": [{"type": "user", "id": "n", "hostfwd": [{"str": "tcp::22-:22"}], "tftp": "/"}]},
            ["netdev[0].hostfwd: ports", "netdev[0].tftp: ports"],
        ),
        ({"netdev": [{"type": "tap", "id": "n", "vhost": True}]}, ["netdev[0]: the network of the host"]),
        (
            {"chardev": [{"id": "c", "backend": {"type": "file", "data": {"out": "/x"}}}]},
            ['chardev[0]: what a chardev "file" leads to: "/x"'],
        ),
        (
            {"chardev": [{"id": "c", "backend": {"type": "socket", "data": {"addr": {"type": "unix", "data": {}}}}}]},
            ['chardev[0]: what a chardev "socket" leads to: "unix"'],
        ),
        ({"chardev": [{"id": "c", "backend": {"type": "invented", "data": {}}}]}, ['chardev[0]: what a chardev "inv']),
        (
            {"blockdev": [{"driver": "file", "node-name": "d", "filename": "/etc/shadow"}]},
            ['blockdev[0]: what a block driver "file" opens: "/etc/shadow"'],
        ),
        (
            {"blockdev": [{"driver": "raw", "node-name": "d", "file": {"driver": "nbd", "server": {"host": "h"}}}]},
            ['blockdev[0].file: what a block driver "nbd" opens: "h"'],
        ),
        (
            {"object": [{"qom-type": "secret", "id": "o", "file": "/x"}]},
            ['object[0]: what an object "secret" uses: "/x'],
        ),
        ({"device": [{"driver": "vfio-pci", "host": "00:1f.0"}]}, ["device[0]: a device of the host"]),
        ({"device": [{"driver": "loader", "file": "/x"}]}, ['device[0].file: "/x"']),
        ({"device": [{"driver": "e1000", "romfile": "/x.rom"}]}, ['device[0].romfile: "/x.rom"']),
        ({"machine": {"options": {"kernel": "/vmlinuz"}}}, ['machine.options.kernel: the file "/vmlinuz"']),
        ({"machine": {"data_directories": ["/d"]}}, ['machine.data_directories[0]: the directory "/d"']),
        ({"disk": {"driver": "ide-hd", "file": "/x"}}, ['disk.file: "/x"']),
        (
            {"accelerator": {"instruction_counting": {"shift": 7, "record_replay": "record", "record_file": "/r"}}},
            ['accelerator.instruction_counting.record_file: the file "/r"'],
        ),
    ],
)
def test_what_is_of_the_host(tables: dict[str, Any], found: list[str]) -> None:
    said = accesses(**tables)
    assert len(said) == len(found)
    assert all(one.startswith(beginning) for one, beginning in zip(said, found, strict=True))


def test_what_is_not_of_the_host() -> None:
    assert (
        accesses(
            machine={"options": {"graphics": False}},
            netdev=[{"type": "user", "id": "n", "restrict": True}, {"type": "hubport", "id": "h", "hubid": 0}],
            chardev=[{"id": "c", "backend": {"type": "ringbuf", "data": {}}}],
            blockdev=[{"driver": "null-co", "node-name": "z"}, {"driver": "raw", "node-name": "r", "file": "z"}],
            object=[{"qom-type": "rng-builtin", "id": "rng0"}],
            device=[{"driver": "e1000", "netdev": "n", "romfile": "efi-e1000.rom"}, {"driver": "virtio-rng-pci"}],
        )
        == []
    )


def test_more_memory_than_the_host_has() -> None:
    definition = read_definition(Document(Path("x.toml"), {"machine": {"memory_mib": 4096}}).root)
    assert [str(fault) for fault in iter_memory_faults(definition, 4095)] == [
        "machine.memory_mib: found 4096, and this host has 4095 MiB"
    ]
    assert list(iter_memory_faults(definition, 4096)) == []
