import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from bootrig.builder.errors import PatchError, SourceError
from bootrig.builder.source_tree import (
    apply_patch,
    digest_source,
    find_source_date,
    unpack_source,
)
from bootrig.recipe.source import Source, SourceFile, SourceKind
from tests.builder.stand_in import TREE, make_description, make_source_package, make_tarball
from tests.requirements import miss


def written(directory: Path, package: Mapping[str, bytes]) -> dict[str, Path]:
    directory.mkdir(exist_ok=True)
    for name, content in package.items():
        (directory / name).write_bytes(content)
    return {name: directory / name for name in package}


def debian_source(package: Mapping[str, bytes]) -> Source:
    files = tuple(SourceFile(name, hashlib.sha256(content).hexdigest()) for name, content in package.items())
    return Source(SourceKind.DEBIAN_SOURCE, files)


def unpack(tmp_path: Path, package: Mapping[str, bytes]) -> Path:
    unpack_source(debian_source(package), written(tmp_path / "files", package), tmp_path / "tree")
    return tmp_path / "tree"


def test_unpacks_as_dpkg_source_does(tmp_path: Path) -> None:
    package = make_source_package()
    tree = unpack(tmp_path, package)
    assert '"1.0-2"' in (tree / "src/config/branding.h").read_text()
    assert find_source_date(tree) == 1303128000
    if shutil.which("dpkg-source") is None:
        miss("no dpkg-source to compare with: apt-get install dpkg-dev")
    argv = ["dpkg-source", "--no-check", "-x", "standboot_1.0-2.dsc", str(tmp_path / "real")]
    subprocess.run(argv, cwd=tmp_path / "files", check=True, capture_output=True)
    shutil.rmtree(tmp_path / "real" / ".pc")
    (tmp_path / "real" / "debian" / "patches" / ".dpkg-source-applied").unlink(missing_ok=True)
    found = {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    real = tmp_path / "real"
    assert found == {str(path.relative_to(real)): path.read_bytes() for path in real.rglob("*") if path.is_file()}


def test_a_description_that_lists_other_files(tmp_path: Path) -> None:
    package = make_source_package()
    name = "standboot_1.0.orig.tar.gz"
    with pytest.raises(SourceError, match=r"standboot_1\.0-2\.dsc does not list the files that the recipe names"):
        unpack(tmp_path, {**package, name: package[name] + b"x"})


def test_a_recipe_that_lacks_files(tmp_path: Path) -> None:
    package = make_source_package()
    del package["standboot_1.0-2.debian.tar.xz"]
    with pytest.raises(SourceError, match=r"lacks files that .* lists: standboot_1\.0-2\.debian\.tar\.xz"):
        unpack(tmp_path, package)


def test_a_format_that_is_too_old(tmp_path: Path) -> None:
    package = make_source_package()
    tarballs = {name: content for name, content in package.items() if not name.endswith(".dsc")}
    package["standboot_1.0-2.dsc"] = make_description(tarballs, "1.0")
    with pytest.raises(SourceError, match=r'has the format "1\.0", which cannot be unpacked'):
        unpack(tmp_path, package)


def test_a_native_package_and_components(tmp_path: Path) -> None:
    native = {"x_1.tar.xz": make_tarball({"x-1/file": b"1"}, "xz")}
    tree = unpack(tmp_path, {"x_1.dsc": make_description(native, "3.0 (native)"), **native})
    assert (tree / "file").read_bytes() == b"1"
    shutil.rmtree(tree)
    several = {
        "x_1.orig.tar.gz": make_tarball({"x-1/file": b"1", "x-1/other": b"2"}, "gz"),
        "x_1.orig-more.tar.gz": make_tarball({"y/inner": b"3"}, "gz"),
        "x_1-1.debian.tar.gz": make_tarball({"debian/changelog": b"broken"}, "gz"),
    }
    tree = unpack(tmp_path, {"x_1-1.dsc": make_description(several), **several})
    assert (tree / "more" / "inner").read_bytes() == b"3"
    assert find_source_date(tree) is None


def test_a_damaged_tarball(tmp_path: Path) -> None:
    several = {"x_1.orig.tar.gz": make_tarball({"x-1/file": b"1" * 10000}, "gz")[:60]}
    with pytest.raises(SourceError, match=r"x_1\.orig\.tar\.gz cannot be unpacked: "):
        unpack(tmp_path, {"x_1.dsc": make_description(several), **several})


def test_a_patch_that_does_not_apply(tmp_path: Path) -> None:
    package = make_source_package({"src/config/branding.h": b"something else\n"})
    with pytest.raises(PatchError, match=r"the patch version\.patch does not apply"):
        unpack(tmp_path, package)


def test_a_patch_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PatchError, match=r"there is no patch none\.patch"):
        unpack(tmp_path, make_source_package({"debian/patches/series": b"# first\nnone.patch -p0\n"}))
    with pytest.raises(PatchError, match=r"there is no patch none\.patch"):
        apply_patch(tmp_path, tmp_path / "none.patch")


def test_patches_may_strip_other_prefixes(tmp_path: Path) -> None:
    patch = b"--- README\n+++ README\n@@ -1 +1 @@\n-old\n+new\n"
    changed: dict[str, bytes | None] = {
        "README": b"old\n",
        "debian/patches/series": b"\nx.patch -p0\n",
        "debian/patches/x.patch": patch,
    }
    assert (unpack(tmp_path, make_source_package(changed)) / "README").read_bytes() == b"new\n"


def test_a_commit_is_fetched_and_pins_itself(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(TREE, repository)
    base = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
        subprocess.run([*base, *words], check=True, capture_output=True)
    commit = subprocess.run([*base, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    source = Source(SourceKind.GIT, repository=f"file://{repository}", commit=commit)
    assert digest_source(source) == {f"file://{repository}": f"commit:{commit}"}
    unpack_source(source, {}, tmp_path / "tree")
    assert (tmp_path / "tree" / "src" / "Makefile").is_file()
    assert not (tmp_path / "tree" / ".git").exists()
