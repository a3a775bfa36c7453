from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootrig.network.names import encode_name
from bootrig.network.servers.file_server import find_jailed_file


@pytest.fixture
def root(tmp_path) -> Path:
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "file").write_text("in")
    (root / "deep" / "file").write_text("deep")
    (tmp_path / "secret").write_text("out")
    (tmp_path / "root-twin").mkdir()
    (tmp_path / "root-twin" / "file").write_text("out")
    (root / "escape").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to("..")
    (root / "inner").symlink_to("deep/file")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize("name", ["file", "/file", "//file", "./file", "deep/../file", "deep/file", "inner"])
def test_finds_what_is_inside(root, name):
    assert find_jailed_file(root, encode_name(name)).read_text() in {"in", "deep"}


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/../secret",
        "deep/../../secret",
        "escape",
        "up/secret",
        "../root-twin/file",
        "/etc/passwd",
        "../../../../../../../../etc/passwd",
        "loop",
        "missing",
        "",
        "/",
        ".",
        "deep",
        "file/",
        "file/x",
        "a" * 5000,
        "fi\0le",
        "\udcff",
    ],
)
def test_finds_nothing_else(root, name):
    assert find_jailed_file(root, encode_name(name)) is None


def test_an_absolute_name_of_a_file_outside_is_taken_as_relative(root, tmp_path):
    assert find_jailed_file(root, bytes(tmp_path / "secret")) is None


def test_no_root(tmp_path):
    assert find_jailed_file(tmp_path / "none", b"file") is None


@settings(deadline=None, max_examples=200)
@given(st.binary())
def test_any_name_is_answered(name):
    found = find_jailed_file(Path(__file__).parent, name)
    assert found is None or found.is_relative_to(Path(__file__).resolve().parent)
