"""Sources as trees: fetched, verified, unpacked, patched."""

import re
import shutil
from email.utils import parsedate_to_datetime
from pathlib import Path

from bootrig.builder.errors import PatchError, SourceError
from bootrig.builder.given_tree import GivenTree, copy_tree
from bootrig.cache import digest_file
from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.process import ProcessError, ToolMissingError, run_process
from bootrig.recipe.source import Source, SourceKind

UNPACK_S = 300.0
CHANGELOG_DATE = re.compile(r"^ -- .*>  (.+)$", re.MULTILINE)
UPSTREAM_TARBALL = re.compile(r"\.orig\.tar\.\w+$")
COMPONENT_TARBALL = re.compile(r"\.orig-([A-Za-z0-9-]+)\.tar\.\w+$")
PACKAGING_TARBALL = re.compile(r"\.debian\.tar\.\w+$")


def digest_source(source: Source, given: GivenTree | None = None) -> dict[str, str]:
    """Return what pins a source, or the tree that is built instead: digests by file name, a commit, a digest."""
    if given is not None:
        return {given.name: f"tree:{given.digest}"}
    if source.commit:
        return {source.repository: f"commit:{source.commit}"}
    return {file.file_name: f"sha256:{file.sha256}" for file in source.files}


def unpack_source(source: Source, files: dict[str, Path], tree: Path, *, given: GivenTree | None = None) -> None:
    """Make the directory `tree` of a source, of its files by their names, or of the tree that is built instead.

    Raises:
        SourceError: the source is not what its kind says.
        PatchError: a patch of a Debian source package does not apply.
        RigError: the disk is full, a program is missing.
    """
    try:
        if given is not None:
            copy_tree(given, tree)
        elif source.kind is SourceKind.GIT:
            _check_out(source, tree)
        elif source.kind is SourceKind.DEBIAN_SOURCE:
            _unpack_debian_source(files, tree)
        else:
            for name, path in files.items():
                _unpack_tarball(path, name, tree)
    except OSError as error:
        raise RigError(f"the source cannot be unpacked: {error}") from error


def _unpack_debian_source(files: dict[str, Path], tree: Path) -> None:
    """Unpack a Debian source package and apply its patches (dpkg-source(1), formats 3.0 (quilt) and 3.0 (native))."""
    from debian.deb822 import Dsc  # noqa: PLC0415 - a fifth of a second to import

    description_name = next(iter(files))
    description = Dsc(files[description_name].read_bytes())
    listed = {entry["name"]: entry["sha256"] for entry in description.get("Checksums-Sha256", [])}
    given = {name: digest_file(path) for name, path in list(files.items())[1:]}
    if not listed or any(listed.get(name) != digest for name, digest in given.items()):
        raise SourceError(f"{description_name} does not list the files that the recipe names: {', '.join(listed)}")
    tarballs = [name for name in listed if ".tar." in name and not name.endswith(".asc")]
    lacking = [name for name in tarballs if name not in given]
    if lacking:
        raise SourceError(f"the recipe lacks files that {description_name} lists: {', '.join(lacking)}")
    form = description.get("Format", "")
    if form not in ("3.0 (quilt)", "3.0 (native)"):
        raise SourceError(f'{description_name} has the format "{form}", which cannot be unpacked')
    first = next((name for name in tarballs if UPSTREAM_TARBALL.search(name)), tarballs[0])
    _unpack_tarball(files[first], first, tree)
    for name in tarballs:
        if component := COMPONENT_TARBALL.search(name):
            _unpack_tarball(files[name], name, tree / component[1])
    for name in tarballs:
        if PACKAGING_TARBALL.search(name):
            shutil.rmtree(tree / "debian", ignore_errors=True)
            _unpack_tarball(files[name], name, tree / "debian")
    _apply_series(tree)


def _unpack_tarball(path: Path, name: str, target: Path) -> None:
    """Unpack a tarball as the directory `target`; a single directory at its top is left out.

    GNU tar itself removes a leading slash and `..` from member names.
    """
    unpacked = target.with_name(f"{target.name}.unpacking")
    unpacked.mkdir(parents=True)
    argv: list[str | Path] = ["tar", "--extract", "--no-same-owner", "--no-same-permissions"]
    argv += ["--file", path, "--directory", unpacked]
    try:
        run_process(argv, deadline=Deadline.after(UNPACK_S, f"{name} is unpacked"))
    except ToolMissingError:
        raise
    except ProcessError as error:
        if "No space left" in error.output:
            raise
        raise SourceError(f"{name} cannot be unpacked: {error.output.strip()}") from error
    entries = list(unpacked.iterdir())
    top = entries[0] if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink() else unpacked
    top.rename(target)
    if top is not unpacked:
        unpacked.rmdir()


def _check_out(source: Source, tree: Path) -> None:
    """Fetch one commit; git checks its digest, which is its name."""
    deadline = Deadline.after(UNPACK_S, f"{source.repository} is fetched")
    run_process(["git", "init", "--quiet", tree], deadline=deadline)
    fetch = ["git", "fetch", "--quiet", "--depth", "1", source.repository, source.commit]
    run_process(fetch, deadline=deadline, directory=tree)
    run_process(["git", "checkout", "--quiet", source.commit], deadline=deadline, directory=tree)
    shutil.rmtree(tree / ".git")


def _apply_series(tree: Path) -> None:
    """Apply the patches of `debian/patches/series`, as dpkg-source does."""
    series = tree / "debian" / "patches" / "series"
    if not series.is_file():
        return
    for line in series.read_text("utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words:
            strip = next((word for word in words[1:] if word.startswith("-p")), "-p1")
            apply_patch(tree, series.parent / words[0], strip)


def apply_patch(tree: Path, patch: Path, strip: str = "-p1") -> None:
    """Apply one patch without fuzz, and all of it.

    Raises:
        PatchError: it does not apply, or is missing.
    """
    argv: list[str | Path] = ["patch", "-t", "-F", "0", "-N", strip, "-u", "-V", "never", "-E", "--reject-file=-"]
    if not patch.is_file():
        raise PatchError(f"there is no patch {patch.name}")
    try:
        argv += ["-i", patch.resolve()]
        run_process(argv, deadline=Deadline.after(UNPACK_S, f"{patch.name} is applied"), directory=tree)
    except ToolMissingError:
        raise
    except ProcessError as error:
        raise PatchError(f"the patch {patch.name} does not apply:\n{error.output.strip()}") from error


def find_source_date(tree: Path) -> int | None:
    """Return the date of the newest entry of `debian/changelog` in seconds since 1970, None without one."""
    changelog = tree / "debian" / "changelog"
    if not changelog.is_file():
        return None
    found = CHANGELOG_DATE.search(changelog.read_text("utf-8", "replace"))
    try:
        return int(parsedate_to_datetime(found[1]).timestamp()) if found else None
    except ValueError:
        return None
