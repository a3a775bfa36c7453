import pytest

import bootrig.builder.toolchain as toolchain_module
from bootrig.builder.errors import ToolchainError
from bootrig.builder.toolchain import require_toolchain


def test_finds_programs_and_their_versions() -> None:
    toolchain = require_toolchain(("gcc", "make", "unshare"), ("stdio.h",))
    assert [tool.name for tool in toolchain.tools] == ["gcc", "make"]
    assert toolchain.tools[1].version.startswith("GNU Make")


def test_names_all_that_is_missing_with_its_package() -> None:
    with pytest.raises(ToolchainError) as caught:
        require_toolchain(("gcc", "no-such-tool", "iasl-none"), ("no/such/header.h", "stdio.h"))
    assert str(caught.value) == ("the build needs what is not installed: no-such-tool, iasl-none, <no/such/header.h>")
    assert caught.value.remedy == ("apt-get install no-such-tool iasl-none the package that has no/such/header.h")


def test_known_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain_module, "which", lambda name, path: None)
    with pytest.raises(ToolchainError) as caught:
        require_toolchain(("gcc", "iasl", "perl"), ("lzma.h",))
    assert caught.value.remedy == "apt-get install gcc acpica-tools perl patch tar util-linux xz-utils"


def test_a_program_without_a_version_is_known_by_its_file(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain = require_toolchain(("false",), ())
    assert " bytes of " in toolchain.tools[0].version or "false" in toolchain.tools[0].version
