"""Introspection as a file, entries, differences, reference pages: without QEMU."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from bootrig.emulator.schema.difference import compare_schemas
from bootrig.emulator.schema.entries import EntryKind, collect_entries
from bootrig.emulator.schema.introspection import Member, encode_introspection, parse_introspection
from bootrig.emulator.schema.pages import render_text, write_reference
from bootrig.emulator.schema.shapes import Catalog
from tests.emulator.small_qemu import INTROSPECTION, small_catalog


def test_introspection_round_trips() -> None:
    again = parse_introspection(encode_introspection(INTROSPECTION))
    for kind in ("devices", "machines", "processors", "objects", "accelerators"):
        assert dict(getattr(again, kind)) == dict(getattr(INTROSPECTION, kind))
    assert (again.qapi, again.version_text, again.unasked) == (
        INTROSPECTION.qapi,
        INTROSPECTION.version_text,
        INTROSPECTION.unasked,
    )


def test_entries() -> None:
    entries = collect_entries(small_catalog())
    tap = entries[EntryKind.NETDEV, "tap"]
    assert [(row.name, row.type, row.required) for row in tap.rows] == [
        ("fd", "string", False),
        ("id", "string", True),
        ("type", '"tap"', True),
        ("vnet_hdr", "boolean", False),
    ]
    socket = entries[EntryKind.CHARDEV, "socket"]
    assert [row.name for row in socket.rows] == [
        "data",
        "data.addr",
        "data.addr.type",
        "data.addr(fd).data",
        "data.addr(fd).data.str",
        "data.addr(unix).data",
        "data.addr(unix).data.path",
        "data.server",
        "data.wait",
        "type",
    ]
    assert render_text(entries[EntryKind.DEVICE, "isa-serial"]) == (
        "device isa-serial\n"
        "  bus      string  -- the bus that it is plugged into\n"
        "  chardev  string  -- ID of a chardev to use as a backend\n"
        '  driver   "isa-serial", required\n'
        "  id       string  -- its name under /machine/peripheral\n"
        "  index    integer, default 4294967295"
    )


def changed(**changes: Any) -> Catalog:
    return Catalog(replace(INTROSPECTION, **changes))


def test_differences_of_two_emulators() -> None:
    devices = dict(INTROSPECTION.devices)
    e1000 = dict(devices.pop("e1000"))
    del e1000["romsize"]
    e1000["rombar"] = Member("rombar", "qom:OnOffAuto", default="auto")
    e1000["acpi-index"] = Member("acpi-index", "qom:uint32")
    qapi = [dict(item) for item in INTROSPECTION.qapi if item["name"] not in ("query-status", "RESET")]
    for item in qapi:
        if item["name"] == "netdev-type":
            item["values"] = ["user", "tap", "stream"]
        if item["name"] == "netdev-user":
            item["members"] = [{"name": "restrict", "type": "bool"}]
    other = changed(
        devices={**{n: d for n, d in devices.items() if n != "rtl8139"}, "e1000": e1000, "igb": e1000}, qapi=qapi
    )
    assert [str(difference) for difference in compare_schemas(small_catalog(), other)] == [
        "appeared: device e1000: acpi-index",
        "changed: device e1000: rombar: integer became on | off | auto, default 1 became 'auto'",
        "vanished: device e1000: romsize",
        "appeared: device igb",
        "vanished: device rtl8139",
        "vanished: netdev hubport",
        "appeared: netdev stream",
        "vanished: netdev user: bootfile",
        "vanished: netdev user: hostfwd",
        "changed: netdev user: restrict: is required now",
        "vanished: netdev user: tftp",
        "vanished: command netdev_add: (user).bootfile",
        "vanished: command netdev_add: (user).hostfwd",
        "vanished: command netdev_add: (user).tftp",
        "changed: command netdev_add: type: words +stream -hubport",
        "vanished: command query-status",
        "vanished: event RESET",
    ]
    assert compare_schemas(other, other) == ()


def test_what_could_not_be_asked_has_not_changed() -> None:
    other = changed(devices={**INTROSPECTION.devices, "e1000": {}}, unasked={"e1000": "died"})
    assert compare_schemas(small_catalog(), other) == ()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")
        self.headings += tag == "h2"


def test_reference_pages(tmp_path: Path) -> None:
    written = write_reference(small_catalog(), tmp_path)
    assert {path.suffix for path in written} == {".txt", ".html"}
    assert (
        (tmp_path / "device.txt").read_text().startswith("Devices ([[device]]), QEMU 7.2.22 (small)\n\ndevice e1000\n")
    )
    index = _Tags()
    index.feed((tmp_path / "index.html").read_text())
    assert index.links
    assert all((tmp_path / link).is_file() for link in index.links)
    page = _Tags()
    page.feed((tmp_path / "device.html").read_text())
    assert page.headings == len(INTROSPECTION.devices)


def test_an_unknown_type_is_anything() -> None:
    assert json.dumps(small_catalog().result_of("no-such-command")) == '"any"'
    assert small_catalog().arguments_of("no-such-command").members == {}
    assert small_catalog().find_arguments("device_add", "no-such-device") is None
