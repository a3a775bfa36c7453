from collections.abc import Iterator
from pathlib import Path

import pytest

from bootrig.store.apt import ask_apt
from tests.requirements import miss
from tests.store.programs import write_apt


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    ask_apt.cache_clear()
    yield
    ask_apt.cache_clear()


def test_takes_what_apt_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = ["http://one.example/debian", "cdrom:[x]/", "http://two.example/s/", "http://one.example/debian"]
    write_apt(tmp_path, addresses, "http='http://proxy.example:3128'\nhttps='DIRECT'\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    mirrors = ask_apt()
    assert mirrors.addresses == ("http://one.example/debian/", "http://two.example/s/")
    assert mirrors.proxies == {"http": "http://proxy.example:3128"}
    assert mirrors.failure == ""


def test_says_that_apt_has_no_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_apt(tmp_path, ["file:/srv/debian"])
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ask_apt().failure == "apt has no http or https mirror"


def test_says_that_there_is_no_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_apt().failure == "cannot start apt-get: no such program"


def test_says_that_apt_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\nexit 100\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ask_apt().failure == "apt-get failed with exit status 100"


def test_the_stand_in_answers_as_the_real_apt_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ask_apt()
    if not real.addresses:
        miss(f"no apt to compare the stand-in with: {real.failure}")
    ask_apt.cache_clear()
    write_apt(tmp_path, list(real.addresses))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ask_apt().addresses == real.addresses
