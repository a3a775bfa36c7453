"""Scenarios: what is tried, as frozen values read from `recipes/scenarios/*.toml`.

A scenario's file may hold variants: `[variant.NAME]` is a table of the same shape as the file itself, laid over it.
Each variant becomes a scenario of its own, called `scenario[variant]`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bootrig.document.toml import Document, TableReader, load_document
from bootrig.network.addresses import SERVER_ADDRESS
from bootrig.network.servers.personality import BootFields, DhcpPersonality
from bootrig.recipe.path import RecipeKind, find_recipe_path, iter_recipe_names
from bootrig.scenario.soundness import check_scenario
from firmware.nic import NIC_MODELS


class ScenarioKind(StrEnum):
    """What drives the guest: its ROM alone, or somebody at the console."""

    BOOT = "boot"
    CONSOLE = "console"


class ContentKind(StrEnum):
    """Where the content of a served file comes from."""

    PROBE = "probe"
    SECTOR = "sector"
    TEXT = "text"
    PATH = "path"
    GRUB = "grub"


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file that a server offers.

    Attributes:
        name: its name on the server.
        kind: where its content comes from.
        length: for probes, bytes of the whole file; None for the shortest.
        text: for texts, the text; `@nonce@` stands for the run's nonce.
        path: for files of this machine, the file.
        package: the Debian package that brings `path`.
        modules: for GRUB images, the modules that are built in.
    """

    name: str
    kind: ContentKind
    length: int | None = None
    text: str = ""
    path: str = ""
    package: str = ""
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DhcpSettings:
    """The DHCP server's personality.

    Attributes:
        boot_file: name of the boot file; None for none.
        next_server: whether the server names itself as next server.
        fields: where both are put.
        router_advertisements: whether a router advertises itself (IPv6).
    """

    boot_file: str | None
    next_server: bool
    fields: BootFields
    router_advertisements: bool

    @property
    def personality(self) -> DhcpPersonality:
        """The personality that the server has with these settings."""
        return DhcpPersonality(
            boot_file_name=self.boot_file,
            next_server=SERVER_ADDRESS if self.next_server else None,
            fields=self.fields,
            router_advertisements=self.router_advertisements,
        )


@dataclass(frozen=True, slots=True)
class ConsoleStep:
    """One exchange at the console.

    Attributes:
        expect: regular expression that has to appear.
        send: characters that are typed then; empty for none.
        milestone: the milestone that is reached with `expect`; empty for none.
        repeat_s: seconds after which `send` is typed again until `expect` of the next step appears; 0 for never.
    """

    expect: str
    send: str
    milestone: str
    repeat_s: float


@dataclass(frozen=True, slots=True)
class ConsoleMark:
    """A milestone that the console shows.

    Attributes:
        milestone: its name.
        pattern: regular expression over the console's text; `@nonce@` stands for the run's nonce.
    """

    milestone: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is tried in a boot, apart from the NIC model, the machine and the ROM set.

    Attributes:
        name: the file's name, with the variant in brackets.
        summary: one sentence.
        kind: what drives the guest.
        machines: guests of the default matrix, by the names of their definitions in `recipes/guests`.
        optional_machines: guests that run when somebody asks for them.
        platform_firmware: platform firmware of the default matrix.
        nic_models: NIC models, in the matrix' order.
        memory_mib: the guest's RAM; None for what its definition says.
        dhcp: the DHCP server's personality.
        tftp: files that the TFTP server offers.
        http: files that the HTTP server offers.
        disk: whether the guest has a disk whose boot sector is a probe.
        report: the kind of probe that has to report: `nbp`, `disk`, `efi`.
        milestones: milestones that have to be reached, in this order, before the report.
        console: milestones that the console shows.
        steps: for console scenarios, the dialogue.
        ends: texts after which nothing more can come.
        guest_s: deadline in seconds of guest time, for a guest whose instructions take no time.
        wall_s: deadline in seconds of wall time.
    """

    name: str
    summary: str
    kind: ScenarioKind
    machines: tuple[str, ...]
    optional_machines: tuple[str, ...]
    platform_firmware: tuple[str, ...]
    nic_models: tuple[str, ...]
    memory_mib: int | None
    dhcp: DhcpSettings
    tftp: tuple[ServedFile, ...]
    http: tuple[ServedFile, ...]
    disk: bool
    report: str
    milestones: tuple[str, ...]
    console: tuple[ConsoleMark, ...]
    steps: tuple[ConsoleStep, ...]
    ends: tuple[str, ...]
    guest_s: float
    wall_s: float

    @property
    def in_real_time(self) -> bool:
        """Whether it makes no sense in virtual time: whoever types cannot keep up with a guest that never waits."""
        return self.kind is ScenarioKind.CONSOLE


def lay_over(base: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `upper` laid over it: tables are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = lay_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def load_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Return the scenarios in the file `path`: one, or one a variant.

    Raises:
        DocumentError: the file cannot be read or is wrong; every problem is named.
    """
    whole = load_document(path)
    content = {key: whole.root.free_value(key) for key in whole.root.keys}
    variants = content.pop("variant", {})
    if not isinstance(variants, dict) or not all(isinstance(variant, dict) for variant in variants.values()):
        whole.add_problem("variant", "expected a table of tables")
        whole.finish()
    if not variants:
        return (_read(Document(path, content), path.stem),)
    return tuple(
        _read(Document(path, lay_over(content, upper)), f"{path.stem}[{name}]") for name, upper in variants.items()
    )


def _read(document: Document, name: str) -> Scenario:
    """Read one scenario from the document of a file or of a variant."""
    root = document.root
    nic_models = root.strings("nic_models", default=tuple(NIC_MODELS))
    for index, nic_model in enumerate(nic_models):
        if nic_model not in NIC_MODELS:
            root.add_problem("nic_models", f"[{index}] {nic_model!r} is none of {', '.join(NIC_MODELS)}")
    deadline = root.table("deadline")
    scenario = Scenario(
        name=name,
        summary=root.string("summary"),
        kind=root.choice("kind", ScenarioKind, default=ScenarioKind.BOOT),
        machines=root.strings("machines", default=("pc",)),
        optional_machines=root.strings("optional_machines", default=()),
        platform_firmware=root.strings("platform_firmware", default=("seabios",)),
        nic_models=nic_models,
        memory_mib=root.optional_integer("memory_mib", minimum=1),
        dhcp=_read_dhcp(root.table("dhcp")),
        tftp=tuple(_read_file(file_name, table) for file_name, table in root.named_tables("tftp")),
        http=tuple(_read_file(file_name, table) for file_name, table in root.named_tables("http")),
        disk=root.boolean("disk", default=False),
        report=root.string("report", default=""),
        milestones=root.strings("milestones", default=()),
        console=tuple(
            ConsoleMark(table.string("milestone"), table.string("pattern")) for table in root.tables("console")
        ),
        steps=tuple(_read_step(table) for table in root.tables("step")),
        ends=root.strings("ends", default=()),
        guest_s=deadline.number("guest_s", minimum=1),
        wall_s=deadline.number("wall_s", minimum=1),
    )
    check_scenario(scenario, scenario.dhcp.personality, root)
    document.finish()
    return scenario


def _read_dhcp(table: TableReader) -> DhcpSettings:
    """Read the DHCP server's personality."""
    return DhcpSettings(
        boot_file=table.optional_string("boot_file"),
        next_server=table.boolean("next_server", default=True),
        fields=table.choice("fields", BootFields, default=BootFields.HEADER),
        router_advertisements=table.boolean("router_advertisements", default=True),
    )


def _read_file(name: str, table: TableReader) -> ServedFile:
    """Read one served file."""
    return ServedFile(
        name=name,
        kind=table.choice("content", ContentKind),
        length=table.optional_integer("length", minimum=1),
        text=table.string("text", default=""),
        path=table.string("path", default=""),
        package=table.string("package", default=""),
        modules=table.strings("modules", default=()),
    )


def _read_step(table: TableReader) -> ConsoleStep:
    """Read one exchange at the console."""
    return ConsoleStep(
        expect=table.string("expect"),
        send=table.string("send", default=""),
        milestone=table.string("milestone", default=""),
        repeat_s=table.number("repeat_s", default=0.0, minimum=0),
    )


def load_scenario_family(name: str) -> tuple[Scenario, ...]:
    """Return the scenarios that `name` stands for: all variants of a file, or one for `family[variant]`.

    Raises:
        DocumentError: there is no such scenario (with a suggestion), or its file is wrong.
    """
    family = name.partition("[")[0]
    scenarios = load_scenarios(find_recipe_path(RecipeKind.SCENARIOS, family))
    if family == name:
        return scenarios
    return tuple(scenario for scenario in scenarios if scenario.name == name)


def iter_scenarios() -> Iterator[Scenario]:
    """Yield all scenarios on the search path, in the order of their names.

    Raises:
        DocumentError: a scenario's file is wrong.
    """
    for name in iter_recipe_names(RecipeKind.SCENARIOS):
        yield from load_scenario_family(name)


def encode_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return `scenario` as a JSON value."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(scenario)))
    return document


def parse_scenario(document: Mapping[str, Any]) -> Scenario:
    """Return the scenario that `encode_scenario` made a JSON value of."""
    fields = dict(document)
    for key in ("machines", "optional_machines", "platform_firmware", "nic_models", "milestones", "ends"):
        fields[key] = tuple(fields[key])
    dhcp = fields.pop("dhcp")
    return Scenario(
        **{
            **fields,
            "kind": ScenarioKind(fields["kind"]),
            "dhcp": DhcpSettings(**{**dhcp, "fields": BootFields(dhcp["fields"])}),
            "tftp": tuple(_parse_file(served) for served in fields["tftp"]),
            "http": tuple(_parse_file(served) for served in fields["http"]),
            "console": tuple(ConsoleMark(**mark) for mark in fields["console"]),
            "steps": tuple(ConsoleStep(**step) for step in fields["steps"]),
        }
    )


def _parse_file(document: Mapping[str, Any]) -> ServedFile:
    """Return the served file that a JSON value describes."""
    return ServedFile(**{**document, "kind": ContentKind(document["kind"]), "modules": tuple(document["modules"])})
