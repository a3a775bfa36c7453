"""Reference pages that write themselves from what a QEMU says: text and HTML."""

import html
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from bootrig.emulator.schema.entries import Entry, EntryKind, Row, iter_entries
from bootrig.emulator.schema.shapes import Catalog
from bootrig.output import write_output

TITLES: Mapping[EntryKind, str] = {
    EntryKind.MACHINE: "Machine types ([machine] type and options)",
    EntryKind.PROCESSOR: "CPU models ([processor] model and properties)",
    EntryKind.ACCELERATOR: "Accelerators ([accelerator] kind and options)",
    EntryKind.DEVICE: "Devices ([[device]])",
    EntryKind.NETDEV: "Network backends ([[netdev]])",
    EntryKind.CHARDEV: "Character backends ([[chardev]] backend)",
    EntryKind.BLOCKDEV: "Block nodes ([[blockdev]])",
    EntryKind.OBJECT: "Objects ([[object]])",
    EntryKind.COMMAND: "QMP commands",
    EntryKind.EVENT: "QMP events",
    EntryKind.OPTION: "Command line options",
}
STYLE = (
    "body{font:15px/1.4 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:.2em .5em;text-align:left;vertical-align:top}code{font-size:14px}"
)


def render_text(entry: Entry) -> str:
    """Return an entry as text: a line for each member."""
    lines = [f"{entry.kind} {entry.name}"]
    width = min(max((len(row.name) for row in entry.rows), default=0), 40)
    lines += [f"  {row.name:<{width}}  {_type(row)}{_note(row)}" for row in entry.rows]
    return "\n".join(lines)


def _type(row: Row) -> str:
    required = ", required" if row.required else ""
    default = "" if row.default is None else f", default {_value(row.default)}"
    return f"{row.type}{required}{default}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _note(row: Row) -> str:
    return f"  -- {row.description}" if row.description and row.description != "on/off" else ""


def render_html(kind: EntryKind, entries: Sequence[Entry], version_text: str) -> str:
    """Return the page of one kind."""
    title = f"{TITLES[kind]}, QEMU {version_text}"
    return (
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<style>{STYLE}</style><p><a href=index.html>all pages</a><h1>{html.escape(title)}</h1>\n"
        + "\n".join(_html_lines(entries))
        + "\n</html>\n"
    )


def _html_lines(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        name = html.escape(entry.name)
        yield f'<h2 id="{name}"><a href="#{name}">{name}</a></h2>'
        if entry.rows:
            yield "<table><tr><th>name<th>type<th>default<th>description"
            for row in entry.rows:
                default = "" if row.default is None else _value(row.default)
                required = " <em>required</em>" if row.required else ""
                yield (
                    f"<tr><td><code>{html.escape(row.name)}</code><td>{html.escape(row.type)}{required}"
                    f"<td>{html.escape(default)}<td>{html.escape(row.description)}"
                )
            yield "</table>"


def write_reference(catalog: Catalog, directory: Path) -> tuple[Path, ...]:
    """Write a text and an HTML page for each kind into `directory`, and an index; returns the files."""
    version_text = catalog.introspection.version_text
    written = []
    links = []
    for kind, group in groupby(iter_entries(catalog), key=lambda entry: entry.kind):
        entries = tuple(group)
        text = "\n\n".join([f"{TITLES[kind]}, QEMU {version_text}", *(render_text(entry) for entry in entries)]) + "\n"
        for path, content in (
            (directory / f"{kind}.txt", text),
            (directory / f"{kind}.html", render_html(kind, entries, version_text)),
        ):
            write_output(path, content.encode())
            written.append(path)
        links.append(f'<li><a href="{kind}.html">{html.escape(TITLES[kind])}</a> ({len(entries)})')
    title = html.escape(f"QEMU {version_text}")
    head = f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
    write_output(directory / "index.html", f"{head}<h1>{title}</h1><ul>{''.join(links)}</ul></html>\n".encode())
    return (*written, directory / "index.html")
