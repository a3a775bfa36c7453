"""Commands that an older QEMU lacks and that others of its commands can stand in for, with the same result."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from bootrig.emulator.errors import CommandError

Execute = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


async def _qom_list_get(execute: Execute, arguments: Mapping[str, Any]) -> Any:
    """Do what `qom-list-get` (10.1) does: names, types and values of the properties of several objects.

    As there, a property that cannot be read has no value.
    """
    found = []
    for path in arguments["paths"]:
        properties = []
        for item in await execute("qom-list", {"path": path}):
            entry = {"name": item["name"], "type": item["type"]}
            with suppress(CommandError):
                entry["value"] = await execute("qom-get", {"path": path, "property": item["name"]})
            properties.append(entry)
        found.append({"properties": properties})
    return found


EMULATIONS: Mapping[str, Callable[[Execute, Mapping[str, Any]], Awaitable[Any]]] = {"qom-list-get": _qom_list_get}
