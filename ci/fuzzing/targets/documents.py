"""Files that people write (TOML), and those that bootrig writes and reads back (JSON, kept results)."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from bootrig.cache import Room
from bootrig.cell.specification import SPECIFICATION_FILE, load_specification, write_specification
from bootrig.compare import compare_traces
from bootrig.compare.policy import load_policy
from bootrig.compare.waivers import load_waivers
from bootrig.emulator.definition.file import load_definition
from bootrig.emulator.release.recipes import load_emulator_recipe
from bootrig.errors import InputError
from bootrig.jsonfile import encode_json, parse_json
from bootrig.network.servers.dnsmasq_lines import dnsmasq_configuration
from bootrig.network.servers.personality import DhcpPersonality
from bootrig.recipe.path import VARIABLE as RECIPES_VARIABLE
from bootrig.recipe.platform_firmware import load_platform_firmware_recipe
from bootrig.recipe.roms import load_rom_recipe
from bootrig.record.run import Run, RunCell, RunHost, RunSide
from bootrig.scenario.file import encode_scenario, iter_scenarios, load_scenarios, parse_scenario
from bootrig.store.settings import load_settings
from bootrig.trace.reading.outcome import settle_outcome
from bootrig.trace.trace import Trace
from bootrig.workdir import CACHE_VARIABLE
from ci.fuzzing.target import Target, require
from tests.cell.test_specification import make_specification
from tests.compare.factory import Boot, trace

ROOM, VALUE = Room("fuzzed", 1), {"a": [1, 2, 3]}
RECIPES = Path(__file__).resolve().parents[3] / "recipes"
DOCUMENTS = RECIPES.parent / "docs" / "formats.md"
Place = tuple[str | int, ...]
VALUES: Sequence[Any] = (
    0,
    -1,
    1 << 40,
    0.5,
    -1e308,
    1e308,
    "",
    "\0\x1b[m",
    "x" * 3000,
    "10.0.2.1",
    "a/b/c/d/e",
    True,
    [],
    {},
)
TOML_WORDS = (
    *(b"\0", b"\n", b"[", b"]", b"[[", b"{", b'"', b'"""', b"'", b"\\u0000", b"\xef\xbb\xbf", b"a.", b"#"),
    *(b" = nan", b" = -inf", b" = -1", b" = 1e400", b" = 99999999999999999999", b" = true", b" = []", b" = {}"),
    *(b"hex", b"1979-05-27", b"[variant.x]", b"..", b"/dev/zero"),
)
JSON_WORDS = (
    *(b"[", b"]", b"{", b"}", b'"', b"null", b"-1", b"1e400", b"99999999999999999999", b"true", b'""', b"\\ud800"),
    *(b"NaN", b",", b":", b'"kind":"dhcp"', b"\\u0000"),
)


def read_recipes(kind: str) -> Callable[[], Sequence[bytes]]:
    """Return what returns the files of one kind that bootrig has."""
    return lambda: tuple(path.read_bytes() for path in sorted((RECIPES / kind).glob("*.toml")))


def read_examples(word: str) -> Callable[[], Sequence[bytes]]:
    """Return what returns the TOML in the documentation that holds `word`."""
    return lambda: tuple(code.encode() for code in DOCUMENTS.read_text().split("```")[1::2] if word in code)


def write(content: bytes) -> Path:
    """Write an input to a file."""
    path = Path("input.toml")
    path.write_bytes(content)
    return path


def read_scenario(content: bytes) -> None:
    """Load scenarios, as a cell's process does too, and write the configuration of their server."""
    for scenario in load_scenarios(write(content)):
        again = parse_scenario(encode_scenario(scenario))
        require(encode_scenario(again) == encode_scenario(scenario), "encoded it is the same")
        for configuration in again.services.values():
            if isinstance(configuration, DhcpPersonality):
                dnsmasq_configuration(configuration)


def load_by_name(kind: str, load: Callable[[str], object]) -> Callable[[bytes], object]:
    """Return what reads a recipe of a kind, which has to be in a directory of recipes."""

    def read(content: bytes) -> object:
        os.environ[RECIPES_VARIABLE] = "."
        Path(kind).mkdir(exist_ok=True)
        Path(kind, "x.toml").write_bytes(content)
        return load("x")

    return read


def read_settings(content: bytes) -> None:
    """Load settings."""
    os.environ["BOOTRIG_CONFIG"] = str(write(content))
    load_settings()


@cache
def make_traces() -> tuple[bytes, ...]:
    """Return traces of good boots."""
    boots = (Boot(), Boot(passed=False, reason="no"), Boot(nic="rtl8139", tftp_errors=((1, "not found"),)))
    return tuple(encode_json(trace(boot)) for boot in boots)


def iter_places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every value in a JSON value."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*place, key)
        yield from iter_places(value[key], (*place, key))


def read_other_values(content: bytes) -> None:
    """Read a trace in which some values are others, chosen by the input."""
    random = Random(content)  # noqa: S311 - not for secrets
    document = json.loads(random.choice(make_traces()))
    for _ in range(random.choice((1, 2, 4))):
        *path, key = random.choice(list(iter_places(document)))
        inner: Any = document
        for step in path:
            inner = inner[step]
        alike = [value for value in VALUES if type(value) is type(inner[key])]
        way = random.random()
        if way < 0.2 and isinstance(inner, list):
            random.shuffle(inner)
        elif way < 0.4 and isinstance(inner, list):
            inner.append(random.choice(inner))
        else:
            inner[key] = random.choice(alike or VALUES)
    read_trace(json.dumps(document).encode())


def read_trace(content: bytes) -> None:
    """Read a trace, judge it anew, and hold it against another one."""
    read = settle_outcome(parse_json(content, Trace, "trace"))
    compare_traces([parse_json(make_traces()[0], Trace, "trace")], [read])


def make_runs() -> Sequence[bytes]:
    """Return descriptions of a run."""
    host = RunHost(cpus=2, python="3.11")
    cell = RunCell("pxe-tftp/e1000/pc/seabios/host", "a", "cells/a/pxe-tftp+e1000+pc+seabios+host")
    run = Run(
        id="x", verb="run", bootrig="0", started="now", host=host, sides=(RunSide(label="a", given="a"),), cells=(cell,)
    )
    return (encode_json(run),)


def make_cells() -> Sequence[bytes]:
    """Return specifications of cells."""
    return tuple(
        write_specification(make_specification(scenario, Path.cwd())).read_bytes() for scenario in iter_scenarios()
    )


def read_cell(content: bytes) -> None:
    """Load the specification of a cell, as its process does."""
    path = Path("cells/x", SPECIFICATION_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    load_specification(path.parent, "shift7")


def make_kept() -> Sequence[bytes]:
    """Return the file of a kept result."""
    os.environ[CACHE_VARIABLE] = str(Path("cache").absolute())
    ROOM.keep_value("key", VALUE)
    return (ROOM.path_of("key").read_bytes(),)


def find_kept(content: bytes) -> None:
    """Look for a result whose file was damaged."""
    ROOM.path_of("key").write_bytes(content)
    require(ROOM.find_value("key") in (None, VALUE), "kept, or nothing")


TARGETS = (
    Target("scenario", 50_000, read_recipes("scenarios"), read_scenario, (InputError,), TOML_WORDS),
    Target("guest", 30_000, read_recipes("guests"), lambda c: load_definition(write(c)), (InputError,), TOML_WORDS),
    *(
        Target(f"{kind}-recipe", share, read_recipes(kind), load_by_name(kind, load), (InputError,), TOML_WORDS)
        for kind, share, load in (
            ("roms", 30_000, load_rom_recipe),
            ("emulators", 10_000, load_emulator_recipe),
            ("platform-firmware", 10_000, load_platform_firmware_recipe),
        )
    ),
    Target("policy", 20_000, read_examples("relies_on"), lambda c: load_policy(write(c)), (InputError,), TOML_WORDS),
    Target("waivers", 20_000, read_examples("[[waiver]]"), lambda c: load_waivers(write(c)), (InputError,), TOML_WORDS),
    Target("settings", 10_000, lambda: (b'mirrors = ["http://x/"]\n',), read_settings, (InputError,), TOML_WORDS),
    Target("trace-values", 10_000, make_traces, read_other_values, (InputError,)),
    Target("trace", 20_000, make_traces, read_trace, (InputError,), JSON_WORDS),
    Target("cell", 10_000, make_cells, read_cell, (InputError,), JSON_WORDS),
    Target("run", 10_000, make_runs, lambda content: parse_json(content, Run, "run"), (InputError,), JSON_WORDS),
    Target("kept-result", 20_000, make_kept, find_kept),
)
