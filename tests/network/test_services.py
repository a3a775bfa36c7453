"""Services read their tables; a new service, and a new kind of content, is one new file."""

import asyncio
from pathlib import Path

import pytest

import bootrig.network.services
import bootrig.network.services.content
from bootrig.errors import BootrigError
from bootrig.network.errors import ServiceError
from bootrig.network.services.content import grub
from bootrig.network.services.content.kind import Material
from bootrig.network.services.content.path import HostFile
from bootrig.network.services.files import ServedFile, find_content_kinds, iter_host_faults, make_files
from bootrig.network.services.registry import find_programs, find_services
from bootrig.network.services.service import ServiceContext
from bootrig.process import ToolMissingError
from bootrig.scenario.file import load_scenarios
from firmware.probe.boot.image import MARKER, NONCE_PLACEHOLDER, sum_image
from tests.network.tables import faults, problems, read

NONCE = "fedcba9876543210"
CODE = b"\xea" + MARKER + bytes(4) + b"BOOTRIG " + NONCE_PLACEHOLDER + b" nbp  sum="


def test_the_services_that_there_are() -> None:
    services = find_services()
    assert list(services) == ["dhcp", "http", "tftp"]
    assert [name for name, service in services.items() if service.is_always_started] == ["dhcp", "tftp"]


def test_the_settings_of_tftp_and_http() -> None:
    assert read("tftp", {"refuse": ["blksize"]}).refuse == {"blksize"}
    assert problems("tftp", {"refuse": ["utimeout"]}) == [
        'tftp.refuse[0]: found "utimeout", expected one of blksize, tsize, timeout, windowsize; did you mean "timeout"?'
    ]
    assert read("http", {}).families == ("ip4", "ip6")
    assert read("http", {"families": ["ip6"]}).families == ("ip6",)
    assert problems("http", {"families": []}) == ["http.families: found an empty array, expected one of ip4, ip6"]
    assert problems("http", {"families": ["ip5"]}) == [
        'http.families[0]: found "ip5", expected one of ip4, ip6; did you mean "ip6"?'
    ]
    table = read("http", {"a": {"content": "error"}})
    assert faults("http", table) == ['a.content: "error" is an answer of TFTP']


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["a/b", "a//b"], '"a//b": is the same file as tftp."a/b"'),
        (["./a", "a"], 'a: is the same file as tftp."./a"'),
        (["a", "a/b"], '"a/b": and one are a file and a folder: tftp.a'),
        (["x" * 256], f"{'x' * 256}: the name of a file or folder has at most 255 bytes"),
        (["a\0"], r'"a\x00": the name of a file has no byte 0x00'),
        (["a/../b"], '"a/../b": leads out of the server\'s root'),
    ],
)
def test_names_that_files_cannot_have(names: list[str], problem: str) -> None:
    assert problems("tftp", {name: {"content": "probe"} for name in names}) == [f"tftp.{problem}"]


@pytest.mark.parametrize(
    ("service", "name", "offered"),
    [
        ("tftp", "boot/a.0", True),
        ("tftp", "/boot/a.0", True),
        ("tftp", "tftp://10.0.2.1/boot/a.0", True),
        ("tftp", "a.0", False),
        ("tftp", "tftp://10.0.2.9/boot/a.0", False),
        ("tftp", "boot//a.0", True),
        ("tftp", "boot/a.0/", False),
        ("tftp", "tftp://[fd00:b007::1]/boot/a.0", True),
        ("tftp", "tftp://server.bootrig.test:69/boot%2fa.0", True),
        ("tftp", "tftp://10.0.2.1:70/boot/a.0", False),
        ("tftp", "http://10.0.2.1/boot/a.0", False),
        ("http", "http://10.0.2.1:80/boot/a.0#x", True),
        ("http", "HTTP://[fd00:b007::1]/boot/a.0", True),
        ("http", "http://10.0.2.1:x/boot/a.0", False),
        ("http", "https://10.0.2.1/boot/a.0", False),
        ("http", "http://[10.0.2.1/boot/a.0", False),
        ("http", "http://10.0.2.1/boot/a.0", True),
        ("http", "http://server.bootrig.test/boot/a.0?x=1", True),
        ("http", "http://10.0.2.1/other", False),
        ("http", "boot/a.0", False),
    ],
)
def test_what_a_service_offers(service: str, name: str, offered: bool) -> None:
    configuration = read(service, {"boot/a.0": {"content": "probe"}})
    assert find_services()[service].offers(configuration, name) is offered


def test_problems_of_names_that_are_not_text_can_be_printed() -> None:
    name = {"name": {"hex": "e4"}}
    grub = problems("tftp", {"a": name | {"content": "grub", "modules": ["pxe"]}})
    assert grub == ["tftp.a.name: a file of the content grub has a name in UTF-8"]
    found = faults("tftp", read("tftp", {"a": name | {"content": "probe", "length": 1}}))
    assert found == ["a.length: found 1, expected 512 to 622592 bytes for the bios probe"]


def test_a_table_in_a_table_is_a_file_and_all_else_a_setting() -> None:
    table = {"server": "tftpy", "a": {"content": "probe"}}
    assert find_services()["tftp"].files(read("tftp", table)) == (ServedFile("a", "probe", None),)
    a_file_of_that_name = {"server": {"content": "text", "text": "x"}}
    assert find_services()["tftp"].files(read("tftp", a_file_of_that_name)) == (ServedFile("server", "text", "x"),)


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert find_programs(["tftp", "http"]) == ()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("bootrig.process.os.defpath", str(tmp_path))
    monkeypatch.setattr("bootrig.process.shutil.which", lambda *_words, **_more: None)
    with pytest.raises(ToolMissingError, match="dnsmasq is not installed"):
        find_programs(["dhcp", "tftp"])


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
        ServedFile("error", "error", 2),
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
    assert not (root / "error").exists()
    assert (root / "path").read_text() == "real"
    assert not (root / "path").is_symlink()
    assert (root / "core.0").read_bytes() == b"GRUB"


def test_what_this_machine_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grub, "MODULES", tmp_path)
    (tmp_path / "pxe.mod").touch()
    files = (
        ServedFile("a", "path", HostFile(Path("/nothing"), "")),
        ServedFile("b", "path", HostFile(tmp_path, "a-package")),
        ServedFile("c", "grub", ("pxe", "pxs")),
        ServedFile("d", "path", HostFile(tmp_path / "pxe.mod", "")),
    )
    assert list(iter_host_faults(files)) == [
        ("a.path", "/nothing cannot be read: No such file or directory"),
        ("b.path", f"{tmp_path} cannot be read: it is a directory, expected a regular file"),
        ("c.modules[1]", f'GRUB has no module "pxs" in {tmp_path}; did you mean "pxe"?'),
    ]
    with pytest.raises(ServiceError, match="/nothing cannot be read: No such file") as caught:
        list(iter_host_faults((ServedFile("a", "path", HostFile(Path("/nothing"), "pxelinux")),)))
    assert caught.value.remedy == "apt-get install pxelinux"


def test_modules_of_grub_are_not_options() -> None:
    found = problems("tftp", {"a": {"content": "grub", "modules": ["pxe", "--config=/etc/shadow"]}})
    assert found == ['tftp.a.modules[1]: found a string "--config=/etc/shadow", expected the name of a module of GRUB']


def test_a_file_of_this_machine_is_gone(material: Material, tmp_path: Path) -> None:
    with pytest.raises(ServiceError) as caught:
        make_files((ServedFile("a", "path", HostFile(Path("/nothing"), "")),), tmp_path / "root", material)
    assert str(caught.value) == '/nothing, which the scenario serves as "a", cannot be read: No such file or directory'


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
