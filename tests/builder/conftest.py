from pathlib import Path

import pytest

from bootrig.builder.build import BuildOptions
from bootrig.builder.plan import BuildPlan, make_plan
from bootrig.store.settings import FetchSettings
from tests.builder.stand_in import Prepare, load_build, make_source_package, recipe_text, serve, write_recipe
from tests.store.http_server import Server


@pytest.fixture
def options(server: Server) -> BuildOptions:
    return BuildOptions(FetchSettings((f"{server.address}/debian",), use_apt=False), use_ccache=False)


@pytest.fixture
def prepare(server: Server, tmp_path: Path) -> Prepare:
    """A function that packages the tree, serves the package, writes a recipe of it and returns the plan."""

    def make(changed: dict[str, bytes | None] | None = None, *, build: str = "", rom: str = "") -> BuildPlan:
        package = make_source_package(changed)
        serve(server, package)
        path = write_recipe(tmp_path / "recipes", recipe_text(package, build=build, rom=rom))
        return make_plan(load_build(path))

    return make
