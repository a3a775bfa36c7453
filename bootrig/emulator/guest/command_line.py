"""From a machine definition to QEMU's command line.

JSON forms are used where the QEMU has them: `-blockdev` since 2.9, `-object` since 6.0, `-device` since 6.2,
`-netdev` since 7.2 (the release notes at wiki.qemu.org/ChangeLog). Otherwise the values become `key=value` lists, in
which a comma is written twice.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bootrig.emulator.definition.definition import CONSOLE_CHARDEV, Accelerator, MachineDefinition
from bootrig.emulator.definition.parts import Chardev, JsonValue, Part
from bootrig.emulator.release.discovery import Emulator

JSON_SINCE = {"blockdev": (2, 9), "object": (6, 0), "device": (6, 2), "netdev": (7, 2)}

# No default devices, no configuration files, no display; paused until `cont`, and still there after a shutdown.
BARE = ("-nodefaults", "-no-user-config", "-display", "none", "-S", "-no-shutdown")
# QEMU's own filter of system calls: what no guest's emulation needs.
SANDBOX = ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")


def make_command_line(
    emulator: Emulator,
    definition: MachineDefinition,
    monitor: int,
    *,
    console: Path | None = None,
    console_log: str = "",
    is_confined: bool = False,
    is_thawed: bool = False,
) -> tuple[str, ...]:
    """Return the words that start `definition` on `emulator`, paused, with its monitor on an open socket.

    Args:
        emulator: the QEMU.
        definition: the guest; its platform firmware is already among its block nodes and machine options.
        monitor: file descriptor of the socket of the QMP session, which QEMU inherits.
        console: the names of the console's two pipes, without their endings; None where the guest has no console.
        console_log: a file into which QEMU itself writes everything that the guest prints.
        is_confined: whether it filters its own system calls, where it is built with that.
        is_thawed: whether it waits for the state of a frozen guest, of which the log has what that had printed.
    """
    words = [*emulator.command, *BARE]
    words += SANDBOX if is_confined and emulator.has_sandbox else ()
    words += ("-incoming", "defer") if is_thawed else ()
    words += ["-chardev", f"socket,id=qmp,fd={monitor}", "-mon", "chardev=qmp,mode=control"]
    for directory in (*definition.data_directories, *emulator.data_directories):
        words += ["-L", str(directory)]
    words += ["-machine", encode_key_values({"type": definition.machine_type, **definition.machine_options})]
    words += ["-m", f"size={definition.memory_mib}M", "-uuid", definition.uuid]
    words += make_seed_words(definition)
    words += _processor_words(definition)
    words += make_accelerator_words(definition.accelerator)
    clock = definition.real_time_clock
    words += ["-rtc", encode_key_values({"base": clock.base, "clock": clock.clock})]
    if console is not None:
        log: dict[str, JsonValue] = {"logfile": console_log} if console_log else {}
        log |= {"logappend": True} if console_log and is_thawed else {}
        words += ["-chardev", "pipe," + encode_key_values({"id": CONSOLE_CHARDEV, "path": str(console), **log})]
    return (*words, *make_part_words(emulator, definition.parts))


def make_seed_words(definition: MachineDefinition) -> list[str]:
    """Return `-seed`, where the guest's random numbers are to be the same in each process."""
    return [] if definition.random_seed is None else ["-seed", str(definition.random_seed)]


def _processor_words(definition: MachineDefinition) -> list[str]:
    processor = definition.processor
    words = ["-cpu", encode_typed(processor.model, processor.properties)] if processor.model else []
    return words + (["-smp", str(processor.count)] if processor.count != 1 else [])


def encode_typed(type_name: str, properties: Mapping[str, JsonValue]) -> str:
    """Return a type and, behind a comma, its properties."""
    return ",".join(filter(None, (type_name, encode_key_values(properties))))


def make_accelerator_words(accelerator: Accelerator) -> list[str]:
    """Return `-accel` and `-icount`."""
    words = ["-accel", encode_typed(accelerator.kind, accelerator.options)]
    counting = accelerator.instruction_counting
    if counting is None:
        return words
    options: dict[str, JsonValue] = {"shift": counting.shift}
    if counting.record_replay is None:
        options["sleep"] = counting.sleep
    else:
        options |= {"rr": str(counting.record_replay), "rrfile": str(counting.record_file)}
    return [*words, "-icount", encode_key_values(options)]


def make_part_words(emulator: Emulator, parts: Iterable[Part]) -> list[str]:
    """Return backends, objects and devices, in their order: users after what they use."""
    return [word for part in parts for word in (f"-{part.table}", _encode_part(emulator, part))]


def _encode_part(emulator: Emulator, part: Part) -> str:
    if isinstance(part, Chardev):
        return _encode_chardev(part)
    if emulator.version >= JSON_SINCE[part.table]:
        return json.dumps(part.arguments)
    return encode_typed(part.type, {k: v for k, v in part.arguments.items() if k != part.type_key})


def _encode_chardev(chardev: Chardev) -> str:
    """Return the argument of `-chardev`, which has no JSON form.

    QMP wraps variants as `{"type": T, "data": {...}}` (qapi/char.json); the command line spells them out flat, as
    `host=`, `path=`, `fd=`.
    """
    flat: dict[str, JsonValue] = {}
    for key, value in chardev.properties.items():
        if key == "addr" and isinstance(value, Mapping):
            address = value.get("data")
            if isinstance(address, Mapping):
                flat |= {"fd": address["str"]} if value.get("type") == "fd" else address
        else:
            is_path = key == "out" or (key == "device" and chardev.type in ("pipe", "serial", "parallel"))
            flat["path" if is_path else "input-path" if key == "in" else key] = value
    return encode_typed(chardev.type, {"id": chardev.id, **flat})


def encode_key_values(values: Mapping[str, JsonValue]) -> str:
    """Return `values` as `key=value,...`: booleans as on and off, commas written twice, nested keys with dots."""
    return ",".join(f"{key}={text}" for key, text in _flat(values))


def _flat(values: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if value is None:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for item in value:
                # Lists of strings are lists of {"str": ...} in QAPI and a repeated key on the command line.
                text = item["str"] if isinstance(item, Mapping) and set(item) == {"str"} else item
                yield name, _scalar(text)
        else:
            yield name, _scalar(value)


def _scalar(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).replace(",", ",,")
