from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.store.settings import FetchSettings, load_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BOOTRIG_CONFIG", "BOOTRIG_MIRROR", "BOOTRIG_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_defaults_without_a_file() -> None:
    assert load_settings() == FetchSettings(mirrors=(), use_apt=True, offline=False)


def test_reads_the_file_in_its_usual_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config" / "bootrig" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('mirrors = ["http://m.example/debian"]\nuse_apt = false\noffline = true\n')
    assert load_settings() == FetchSettings(("http://m.example/debian",), use_apt=False, offline=True)
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config").mkdir()
    (tmp_path / "config" / "bootrig").rename(tmp_path / ".config" / "bootrig")
    assert load_settings().offline


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('mirrors = ["http://m.example/debian"]\n')
    monkeypatch.setenv("BOOTRIG_CONFIG", str(path))
    monkeypatch.setenv("BOOTRIG_MIRROR", "http://a.example/ https://b.example/")
    monkeypatch.setenv("BOOTRIG_OFFLINE", "1")
    assert load_settings() == FetchSettings(("http://a.example/", "https://b.example/"), use_apt=True, offline=True)
    monkeypatch.setenv("BOOTRIG_OFFLINE", "0")
    assert not load_settings().offline


def test_refuses_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('mirors = ["x"]\nmirrors = ["ftp://x"]\n')
    monkeypatch.setenv("BOOTRIG_CONFIG", str(path))
    with pytest.raises(DocumentError) as caught:
        load_settings()
    assert 'mirrors[0]: found a string "ftp://x", expected an http or https address' in str(caught.value)
    assert "mirors: unknown key" in str(caught.value)
    monkeypatch.setenv("BOOTRIG_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(DocumentError, match=r"none\.toml cannot be read: No such file"):
        load_settings()
    monkeypatch.delenv("BOOTRIG_CONFIG")
    monkeypatch.setenv("BOOTRIG_MIRROR", "mirror.example")
    with pytest.raises(DocumentError, match=r'BOOTRIG_MIRROR has "mirror\.example", expected an http or https address'):
        load_settings()
