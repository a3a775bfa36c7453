"""Services read their tables; a new service, and a new kind of content, is one new file."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import bootrig.network.services
import bootrig.network.services.content
from bootrig.document.errors import DocumentError
from bootrig.document.toml import Document
from bootrig.errors import BootrigError
from bootrig.network.addresses import SERVER_ADDRESS
from bootrig.network.errors import ServiceError
from bootrig.network.servers.personality import BootFields, ClientClass, DhcpOption, DhcpPersonality, OptionType
from bootrig.network.services.content.kind import Material
from bootrig.network.services.content.path import HostFile
from bootrig.network.services.files import ServedFile, find_content_kinds, make_files
from bootrig.network.services.registry import find_services, require_programs
from bootrig.network.services.service import ServiceContext, Surroundings
from bootrig.process import ToolMissingError
from bootrig.scenario.file import load_scenarios
from firmware.probe.boot.image import MARKER, NONCE_PLACEHOLDER, sum_image

NONCE = "fedcba9876543210"
CODE = b"\xea" + MARKER + bytes(4) + b"BOOTRIG " + NONCE_PLACEHOLDER + b" nbp  sum="


def read(name: str, table: dict[str, Any]) -> Any:
    """Return the configuration that a service reads, which has nothing wrong in it."""
    document = Document(Path("mine.toml"), {name: table})
    configuration = find_services()[name].read(document.root.table(name))
    document.finish()
    return configuration


def problems(name: str, table: dict[str, Any]) -> list[str]:
    document = Document(Path("mine.toml"), {name: table})
    find_services()[name].read(document.root.table(name))
    with pytest.raises(DocumentError) as caught:
        document.finish()
    return [f"{problem.key_path}: {problem.message}" for problem in caught.value.problems]


def faults(name: str, configuration: Any, *, report: str = "nbp", builds: tuple[str, ...] = ("bios",)) -> list[str]:
    surroundings = Surroundings(report, builds, lambda word: word == "there.0")
    found = find_services()[name].iter_faults(configuration, surroundings)
    return [f"{key_path}: {message}" for key_path, message in found]


def test_the_services_that_there_are() -> None:
    services = find_services()
    assert list(services) == ["dhcp", "http", "tftp"]
    assert [name for name, service in services.items() if service.is_always_started] == ["dhcp", "tftp"]


def test_an_empty_dhcp_table_has_usual_values() -> None:
    assert read("dhcp", {}) == DhcpPersonality()


def test_everything_of_dhcp_is_read() -> None:
    table = {
        "server": "dnsmasq",
        "boot_file": "a.0",
        "next_server": "10.0.2.9",
        "fields": "both",
        "router_advertisements": False,
        "class": [
            {"architecture": 7, "boot_file": "b.efi"},
            {"user_class": "gPXE", "vendor_class": "PXEClient", "mac": "52:54:00:12:34:56"},
        ],
        "option": [
            {"code": 175, "sub": 1, "u8": 91},
            {"code": 175, "sub": [2, 3], "hex": "0a 0B"},
            {"code": "Root Path", "text": "iscsi:"},
            {"code": 26, "u16": 1500},
            {"code": 35, "u32": 70000},
            {"code": 150, "address": "10.0.2.1"},
            {"code": 6, "addresses": ["10.0.2.9", "10.0.2.1"]},
        ],
        "lines": ["dhcp-ignore-names"],
    }
    assert read("dhcp", table) == DhcpPersonality(
        boot_file="a.0",
        next_server="10.0.2.9",
        fields=BootFields.BOTH,
        router_advertisements=False,
        classes=(
            ClientClass("b.efi", architecture=7),
            ClientClass(user_class="gPXE", vendor_class="PXEClient", mac="52:54:00:12:34:56"),
        ),
        options=(
            DhcpOption(175, (1,), OptionType.U8, b"\x5b"),
            DhcpOption(175, (2, 3), OptionType.HEX, b"\x0a\x0b"),
            DhcpOption(17, (), OptionType.TEXT, b"iscsi:"),
            DhcpOption(26, (), OptionType.U16, b"\x05\xdc"),
            DhcpOption(35, (), OptionType.U32, b"\0\x01\x11\x70"),
            DhcpOption(150, (), OptionType.ADDRESS, bytes([10, 0, 2, 1])),
            DhcpOption(6, (), OptionType.ADDRESSES, bytes([10, 0, 2, 9, 10, 0, 2, 1])),
        ),
        lines=("dhcp-ignore-names",),
    )


@pytest.mark.parametrize(("value", "address"), [(True, SERVER_ADDRESS), (False, None), ("10.0.2.2", "10.0.2.2")])
def test_the_next_server(value: object, address: str | None) -> None:
    assert read("dhcp", {"next_server": value}).next_server == address


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"server": "kea"}, 'dhcp.server: found "kea", expected one of dnsmasq'),
        ({"next_server": 3}, "dhcp.next_server: found an integer 3, expected true, false or an IPv4 address"),
        (
            {"next_server": "server"},
            'dhcp.next_server: found a string "server", expected true, false or an IPv4 address',
        ),
        ({"option": [{"text": "a"}]}, "dhcp.option[0].code: missing; expected an integer"),
        (
            {"option": [{"code": 1}]},
            "dhcp.option[0]: found none, expected exactly one of text, hex, u8, u16, u32, address, addresses",
        ),
        (
            {"option": [{"code": 1, "u8": 1, "text": "a"}]},
            "dhcp.option[0]: found text and u8, expected exactly one of text, hex, u8, u16, u32, address, addresses",
        ),
        (
            {"option": [{"code": "Rot Path", "u8": 1}]},
            'dhcp.option[0].code: found "Rot Path", expected a number or IANA\'s name; did you mean "Root Path"?',
        ),
        ({"option": [{"code": 256, "u8": 1}]}, "dhcp.option[0].code: found 256, expected at most 255"),
        ({"option": [{"code": 1, "u8": 256}]}, "dhcp.option[0].u8: found 256, expected at most 255"),
        ({"option": [{"code": 1, "u16": -1}]}, "dhcp.option[0].u16: found -1, expected at least 0"),
        (
            {"option": [{"code": 1, "hex": "4"}]},
            'dhcp.option[0].hex: found a string "4", expected pairs of hexadecimal digits',
        ),
        ({"option": [{"code": 1, "address": "a"}]}, 'dhcp.option[0].address: found "a", expected an IPv4 address'),
        ({"option": [{"code": 1, "sub": [], "u8": 1}]}, "dhcp.option[0].sub: expected numbers from 0 to 255"),
        ({"option": [{"code": 1, "sub": [256], "u8": 1}]}, "dhcp.option[0].sub: expected numbers from 0 to 255"),
        ({"class": [{"mac": "52:54"}]}, 'dhcp.class[0].mac: found a string "52:54", expected a hardware address'),
        ({"class": [{"architecture": 65536}]}, "dhcp.class[0].architecture: found 65536, expected at most 65535"),
    ],
)
def test_a_dhcp_table_that_is_wrong(table: dict[str, Any], problem: str) -> None:
    assert problems("dhcp", table) == [problem]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"boot_file": "a\nb"}, r"boot_file: 'a\nb' cannot be given to dnsmasq: leave out control characters"),
        ({"boot_file": ""}, "boot_file: '' cannot be given to dnsmasq: leave the key out for none"),
        ({"boot_file": "a" * 128}, f"boot_file: '{'a' * 128}' has 128 bytes, its field takes 127"),
        ({"class": [{"boot_file": "there.0"}]}, "class[0]: a class needs a key that clients match"),
        (
            {"class": [{"architecture": 0, "boot_file": "gone.0"}]},
            'class[0].boot_file: no service of this scenario has a file "gone.0"; only a disk\'s report does without',
        ),
        ({"option": [{"code": 53, "u8": 1}]}, "option[0].code: dnsmasq does not let anybody say what is in option 53"),
        ({"option": [{"code": 3, "hex": "0a000201"}]}, "option[0]: dnsmasq takes addresses for option 3"),
        ({"option": [{"code": 17, "hex": "41"}]}, "option[0]: dnsmasq takes a text for option 17"),
        ({"option": [{"code": 128, "hex": ""}]}, "option[0]: option 128 has 0 bytes, expected 1 to 255"),
        ({"option": [{"code": 43, "sub": 1, "text": "a" * 256}]}, "option: suboption 1 has 256 bytes, 255 fit"),
        ({"lines": ["ok", "a\nb"]}, "lines[1]: a line has no line break"),
    ],
)
def test_what_dnsmasq_cannot_be_made_to_say(table: dict[str, Any], fault: str) -> None:
    assert fault in faults("dhcp", read("dhcp", table))


def test_a_boot_file_that_nobody_serves() -> None:
    fault = 'boot_file: no service of this scenario has a file "gone.0"; only a disk\'s report does without'
    assert faults("dhcp", DhcpPersonality("gone.0")) == [fault]
    assert faults("dhcp", DhcpPersonality("gone.0"), report="disk") == []
    assert faults("dhcp", DhcpPersonality("there.0")) == []


@pytest.mark.parametrize(
    ("service", "name", "offered"),
    [
        ("tftp", "boot/a.0", True),
        ("tftp", "/boot/a.0", True),
        ("tftp", "tftp://10.0.2.1/boot/a.0", True),
        ("tftp", "a.0", False),
        ("tftp", "tftp://10.0.2.9/boot/a.0", False),
        ("http", "http://10.0.2.1/boot/a.0", True),
        ("http", "http://server.bootrig.test/boot/a.0?x=1", True),
        ("http", "http://10.0.2.1/other", False),
        ("http", "boot/a.0", False),
    ],
)
def test_what_a_service_offers(service: str, name: str, offered: bool) -> None:
    configuration = read(service, {"boot/a.0": {"content": "probe"}})
    assert find_services()[service].offers(configuration, name) is offered


def test_a_table_in_a_table_is_a_file_and_all_else_a_setting() -> None:
    table = {"server": "tftpy", "a": {"content": "probe"}}
    assert find_services()["tftp"].files(read("tftp", table)) == (ServedFile("a", "probe", None),)
    a_file_of_that_name = {"server": {"content": "text", "text": "x"}}
    assert find_services()["tftp"].files(read("tftp", a_file_of_that_name)) == (ServedFile("server", "text", "x"),)


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_programs(["tftp", "http"])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("bootrig.process.os.defpath", str(tmp_path))
    monkeypatch.setattr("bootrig.process.shutil.which", lambda *_words, **_more: None)
    with pytest.raises(ToolMissingError, match="dnsmasq is not installed"):
        require_programs(["dhcp", "tftp"])


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """Probes and a GRUB image, as small as they can be."""
    programs = {"bios": tmp_path / "bios", "efi": tmp_path / "efi", "core.0": tmp_path / "grub"}
    programs["bios"].write_bytes(CODE)
    programs["efi"].write_bytes(b"MZ".ljust(0x1000, b"\0") + CODE)
    programs["core.0"].write_bytes(b"GRUB")
    return Material(NONCE, "bios", programs)


def test_every_kind_of_content_is_made(material: Material, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("real")
    (tmp_path / "link").symlink_to("real")
    files = (
        ServedFile("probe.0", "probe", 600),
        ServedFile("deep/sector.0", "sector", None),
        ServedFile("text", "text", "a @nonce@"),
        ServedFile("hex", "hex", b"MZ\0"),
        ServedFile("missing", "missing", None),
        ServedFile("path", "path", HostFile(tmp_path / "link", "")),
        ServedFile("core.0", "grub", ("pxe",)),
    )
    assert {served.kind for served in files} == set(find_content_kinds())
    root = tmp_path / "root"
    sums = make_files(files, root, material)
    probe, sector = (root / "probe.0").read_bytes(), (root / "deep" / "sector.0").read_bytes()
    assert sums == {sum_image(probe), sum_image(sector)}
    assert (len(probe), len(sector), sector[510:]) == (600, 512, b"\x55\xaa")
    assert (root / "text").read_text() == f"a {NONCE}"
    assert (root / "hex").read_bytes() == b"MZ\0"
    assert not (root / "missing").exists()
    assert (root / "path").read_text() == "real"
    assert not (root / "path").is_symlink()
    assert (root / "core.0").read_bytes() == b"GRUB"


@pytest.mark.parametrize(("package", "remedy"), [("pxelinux", "apt-get install pxelinux"), ("", "")])
def test_a_file_of_this_machine_is_missing(package: str, remedy: str, material: Material, tmp_path: Path) -> None:
    files = (ServedFile("a", "path", HostFile(Path("/nothing"), package)),)
    with pytest.raises(ServiceError) as caught:
        make_files(files, tmp_path / "root", material)
    assert str(caught.value) == "/nothing, which the scenario serves as a, cannot be read: No such file or directory"
    assert caught.value.remedy == remedy


A_SERVICE = """
from contextlib import asynccontextmanager
from bootrig.network.services.service import Service

class Dummy:
    server, version = "dummyd", "1"
    async def watch(self): ...

class DummyService(Service):
    programs = ("dummyd",)
    def read(self, table):
        return table.string("word")
    def iter_faults(self, configuration, surroundings):
        if configuration == "bad":
            yield "word", "is bad"
    @asynccontextmanager
    async def start(self, configuration, context):
        (context.logs / "dummy.log").write_text(configuration)
        yield Dummy()

SERVICE = DummyService()
"""
A_CONTENT = """
from bootrig.network.services.content.kind import ContentKind, MadeFile

class DummyContent(ContentKind):
    def read(self, table):
        return table.integer("count")
    def make(self, name, content, material):
        return MadeFile(b"x" * content)

CONTENT = DummyContent()
"""
A_SCENARIO = """
summary = "x"
report = "nbp"
[dummyservice]
word = "WORD"
[tftp.a]
content = "dummycontent"
count = 3
[deadline]
guest_s = 1
wall_s = 1
"""


def test_a_new_service_and_a_new_content_are_one_new_file_each(
    tmp_path: Path, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(A_SCENARIO)
    with pytest.raises(BootrigError, match=r"dummyservice: unknown key"):
        load_scenarios(path)
    for room, name, text in (
        (bootrig.network.services, "dummyservice", A_SERVICE),
        (bootrig.network.services.content, "dummycontent", A_CONTENT),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(text)
        monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path / name)])
    (scenario,) = load_scenarios(path)
    assert scenario.services["dummyservice"] == "WORD"
    make_files(scenario.iter_files(), tmp_path / "root", material)
    assert (tmp_path / "root" / "a").read_bytes() == b"xxx"

    async def start() -> str:
        service = find_services()["dummyservice"]
        async with service.start("WORD", ServiceContext(tmp_path, tmp_path)) as running:
            return f"{running.server} {running.version}"

    assert asyncio.run(start()) == "dummyd 1"
    assert (tmp_path / "dummy.log").read_text() == "WORD"
    path.write_text(A_SCENARIO.replace("WORD", "bad"))
    with pytest.raises(BootrigError, match=r"dummyservice\.word: is bad"):
        load_scenarios(path)
