import subprocess
from pathlib import Path

import pytest

from bootrig.builder.configuration import write_configuration, write_settings
from bootrig.builder.errors import SourceError

HEADER = """#ifndef H
#define H
#define BANNER_TIMEOUT 20
#define NET_PROTO_IPV6
#undef HTTPS
#endif"""


def test_the_preprocessor_sees_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "general.h").write_text(HEADER)
    (tmp_path / "main.c").write_text("NAME NEW LOCAL")
    defines: dict[str, bool | int | str] = {
        "BANNER_TIMEOUT": 0,
        "NET_PROTO_IPV6": False,
        "HTTPS": True,
        "NAME": '"x y"',
        "NEW": 5,
    }
    write_configuration(tmp_path, {"config/general.h": defines, "config/local/new.h": {"LOCAL": True}})
    source = '#include "config/general.h"\n#include "config/general.h"\n#include "config/local/new.h"\n'
    macros = subprocess.run(
        ["gcc", "-E", "-dM", "-I", tmp_path, "-"], input=source, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for line in ("BANNER_TIMEOUT 0", "HTTPS ", 'NAME "x y"', "NEW 5", "LOCAL "):
        assert f"#define {line}" in macros
    assert not any(line.startswith("#define NET_PROTO_IPV6") for line in macros)


def test_a_header_that_is_not_there_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"the source has no config/general\.h, which the recipe configures"):
        write_configuration(tmp_path, {"config/general.h": {}})


def test_a_macro_that_nothing_mentions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    header = tmp_path / "config" / "general.h"
    header.write_text(HEADER)
    with pytest.raises(SourceError, match=r"mentions the macro NET_PROTO_IPV4, .*did you mean \"NET_PROTO_IPV6\"\?"):
        write_configuration(tmp_path, {"config/general.h": {"NET_PROTO_IPV4": True, "HTTPS": True}})
    with pytest.raises(SourceError, match=r"mentions the macro HTTP, so it would change nothing"):
        write_configuration(tmp_path, {"config/local/new.h": {"HTTP": True}})
    assert header.read_text() == HEADER
    with pytest.raises(SourceError, match=r"mentions the setting CONFIG_NONE"):
        write_settings(tmp_path, {".config": {"CONFIG_HTTPS": True, "CONFIG_NONE": True}})


def test_settings_are_written_as_kconfig_reads_them(tmp_path: Path) -> None:
    (tmp_path / "Kconfig").write_text("config A\nconfig B\nconfig C\nconfig D\n")
    write_settings(tmp_path, {".config": {"CONFIG_A": True, "CONFIG_B": False, "CONFIG_C": 256, "CONFIG_D": '"x"'}})
    assert (tmp_path / ".config").read_text() == 'CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=256\nCONFIG_D="x"\n'
