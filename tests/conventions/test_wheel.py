"""What an installed bootrig has with it: recipes and the sources of the probes."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conventions.tracked import ROOT, tracked_files


def run(*argv: str | Path, directory: Path, **environment: str) -> str:
    """Run a command to its end and return what it printed; its failure is the test's."""
    result = subprocess.run(
        [str(word) for word in argv],
        cwd=directory,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build a wheel from a copy of the tracked files, without network."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"
    for path in tracked_files():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, source / path)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir")
    run(*pip, "--wheel-dir", directory, source, directory=directory)
    (built,) = directory.glob("bootrig-*.whl")
    yield built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Install the wheel into an environment of its own, which takes all other packages from this one."""
    environment = wheel.parent / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, directory=wheel.parent)
    python = environment / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel),
        directory=wheel.parent,
    )
    (packages,) = environment.glob("lib/python3*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return environment


def test_the_wheel_holds_all_recipes_and_probe_sources(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    recipes = {f"bootrig/{path}" for path in tracked_files() if path.parts[0] == "recipes"}
    probes = {str(path) for path in tracked_files() if path.is_relative_to("firmware/probe")}
    modules = {str(path) for path in tracked_files() if path.parts[0] == "bootrig" and path.suffix == ".py"}
    assert recipes
    assert any(name.endswith(".S") for name in probes)
    templates = {str(path) for path in tracked_files() if path.parts[0] == "bootrig" and path.suffix == ".j2"}
    assert templates
    assert recipes | probes | modules | templates <= names
    assert not [name for name in names if name.startswith(("tests/", "ci/", "recipes/"))]


def test_an_installed_bootrig_finds_its_recipes_and_probes(installed: Path, tmp_path: Path) -> None:
    python = installed / "bin" / "python"
    where = run(python, "-c", "import bootrig; print(bootrig.__file__)", directory=tmp_path)
    assert Path(where.strip()).is_relative_to(installed)
    listing = run(installed / "bin" / "bootrig", "roms", directory=tmp_path)
    for path in (ROOT / "recipes" / "roms").glob("*.toml"):
        assert path.stem in listing
    probe = "import firmware.probe, pathlib; print(*pathlib.Path(firmware.probe.__file__).parent.glob('*/*.S'))"
    assert "bios.S" in run(python, "-c", probe, directory=tmp_path)
