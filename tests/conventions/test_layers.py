"""Imports point down only."""

from pathlib import Path

import pytest

from tests.conventions.layers import find_circles, find_layer_faults
from tests.conventions.tracked import ROOT, iter_sources


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def test_imports_point_down() -> None:
    faults = []
    for path in iter_sources("bootrig", "firmware"):
        source = (ROOT / path).read_text(encoding="utf-8")
        faults += find_layer_faults(source, module_name(path), is_package=path.name == "__init__.py")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("bootrig.store.fetch", "import bootrig.cli.main", "bootrig.store.fetch:1: bootrig.store imports bootrig.cli"),
        ("bootrig.store.fetch", "from bootrig import compare", "bootrig.store imports bootrig.compare, which is above"),
        ("bootrig.store.fetch", "from ..scenario import trace", "bootrig.store imports bootrig.scenario"),
        (
            "bootrig.network.tap",
            "def f():\n    from bootrig.emulator import x",
            "tap:2: bootrig.network imports bootrig.emul",
        ),
        ("bootrig.network.tap", "from bootrig.builder.obtain import x", "bootrig.builder; cell joins the two"),
        (
            "bootrig.compare.pairing",
            "import bootrig.schedule.plan",
            "bootrig.schedule; api joins the two|run without an em",
        ),
        (
            "bootrig.schedule.plan",
            "import bootrig.compare",
            "bootrig.schedule imports bootrig.compare; api joins the two",
        ),
        (
            "bootrig.report.text",
            "import bootrig.scenario.scenario",
            "bootrig.scenario; it has to run without an emulator",
        ),
        ("bootrig.errors", "from bootrig.store import Store", "bootrig imports bootrig.store|bootrig.errors imports"),
        ("firmware.nic", "from bootrig.errors import InputError", "firmware imports bootrig.errors, which is above it"),
        *(
            ("firmware.nic", source, f"firmware is pure and does not import {name}")
            for source, name in [
                ("import subprocess", "subprocess"),
                ("import fcntl", "fcntl"),
                ("import os.path", "os"),
                ("from ctypes import CDLL", "ctypes"),
                ("from pathlib import Path", "pathlib.Path"),
                ("from urllib.request import urlopen", "urllib"),
                ("def f():\n    import tempfile", "tempfile"),
            ]
        ),
        ("bootrig.attic.x", "", "DESIGN has no room bootrig.attic"),
    ],
)
def test_an_import_that_points_up_is_found(module: str, source: str, fault: str) -> None:
    (found,) = find_layer_faults(source, module)
    assert any(wanted in found for wanted in fault.split("|"))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bootrig.cli.run", "from bootrig.trace.trace import Trace\nimport json"),
        ("bootrig.report.html", "from bootrig.compare import verdict"),
        ("bootrig.network.servers.tftp", "from ..errors import ServiceError\nfrom bootrig.errors import RigError"),
        ("bootrig.cli.main", "from bootrig import __version__"),
        ("firmware.nic", "from pathlib import PurePath\nimport hashlib"),
    ],
)
def test_an_import_that_points_down_is_accepted(module: str, source: str) -> None:
    assert find_layer_faults(source, module) == []


def test_no_imports_go_in_circles() -> None:
    sources = {
        module_name(path): ((ROOT / path).read_text(encoding="utf-8"), path.name == "__init__.py")
        for path in iter_sources("bootrig", "firmware")
    }
    circles = find_circles(sources)
    assert not circles, "\n".join(circles)


@pytest.mark.parametrize(
    ("sources", "circles"),
    [
        ({"bootrig.a": "import bootrig.b", "bootrig.b": "import os"}, 0),
        ({"bootrig.a": "from bootrig.b import x", "bootrig.b": "from bootrig import a"}, 1),
        ({"bootrig.a": "from bootrig.b import x", "bootrig.b": "if TYPE_CHECKING:\n    from bootrig.a import y"}, 1),
        (
            {
                "bootrig.a": "import bootrig.b",
                "bootrig.b": "def f():\n    import bootrig.c",
                "bootrig.c": "import bootrig.a",
            },
            1,
        ),
    ],
)
def test_a_circle_is_found(sources: dict[str, str], circles: int) -> None:
    assert len(find_circles({name: (source, False) for name, source in sources.items()})) == circles
