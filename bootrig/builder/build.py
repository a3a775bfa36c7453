"""Building ROM sets and platform firmware: in a work directory, without a network.

The store gets an artifact when all of it is there.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from shutil import copyfile, rmtree

from bootrig.builder.artifact import Artifact, find_artifact, keep_artifact, read_files
from bootrig.builder.assembly import assemble_target
from bootrig.builder.chamber import INPUTS, TREE, Chamber, namespace_command
from bootrig.builder.compile_log import ANNOUNCEMENT, NO_SPACE, find_first_error
from bootrig.builder.configuration import write_configuration, write_settings
from bootrig.builder.errors import CompileError, SourceError
from bootrig.builder.given_tree import update_tree
from bootrig.builder.plan import BuildPlan, StepKind, make_plan
from bootrig.builder.source_tree import apply_patch, find_source_date, unpack_source
from bootrig.cache import digest_key
from bootrig.deadline import Deadline
from bootrig.errors import RigError
from bootrig.process import ProcessError
from bootrig.recipe.build import BuildRecipe
from bootrig.recipe.platform_firmware import load_platform_firmware_recipe
from bootrig.shortage import find_remedy
from bootrig.store.content import Store
from bootrig.store.errors import StoreError
from bootrig.store.fetch import fetch_source
from bootrig.store.incoming import DownloadProgress
from bootrig.store.settings import FetchSettings
from bootrig.tree_room import TreeRoom
from bootrig.workdir import CACHE_VARIABLE, start_work_directory
from firmware.romset import RomSet

logger = logging.getLogger(__name__)

# A file that was damaged on the disk has gone once it was read, so the second time the artifact is built again.
BUILDS = 2
# Each build's log is kept by its key, or by the name of the tree where it is incremental: there with what make left.
ROOM = TreeRoom("builds", limit=2 << 30)
LOG, SECOND_LOG, WORK = "build.log", "second.log", "work"
# In a work directory: what make would do.
COUNTED = "steps.log"
# In the directory of an incremental build: the source before it is brought in, and the names of what was.
SOURCE, BROUGHT = "source", "brought.json"
# In it while it is built: a make that was killed leaves files half written, which the next one would take for whole.
UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that differed the second time.

    Attributes:
        name: the file.
        second: its SHA-256 the second time.
        offset: where the first byte differs.
    """

    name: str
    second: str
    offset: int


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a build is run, apart from what it builds.

    Attributes:
        settings: where files come from, the user's by default.
        parallelism: how many processes make starts at a time, one per processor by default.
        use_ccache: whether ccache is used where it is installed.
        on_step: called with the number of a step, the number of all, and the step's name and detail.
        on_make: called before make runs, with its log and how many steps it will announce there; None for the log of
            the make that finds out, which makes what the other needs to know that.
        on_download: called with the address, the bytes so far and the bytes in all.
    """

    settings: FetchSettings | None = None
    parallelism: int = field(default_factory=lambda: os.cpu_count() or 1)
    use_ccache: bool = True
    on_step: Callable[[int, int, str], None] = field(default=lambda number, count, text: None)
    on_make: Callable[[Path, int | None], None] = field(default=lambda log, count: None)
    on_download: DownloadProgress | None = None


def build(plan: BuildPlan, store: Store, options: BuildOptions = BuildOptions()) -> Artifact:
    """Return the artifact of a plan: from the store, else built and added to it.

    One process at a time builds a key; the others wait for its artifact.

    Raises:
        SourceError: the source is not what the recipe says, a patch does not apply, it does not compile, or lint finds
            errors in what was built.
        UnavailableError: the store lacks a file of the source and no way gave it.
        RigError: the machine cannot build: no namespaces, no space.
    """
    with _one_builder(plan, plan.key) as place:
        log = place / LOG
        found = find_artifact(plan, store)
        if found is not None:
            return found
        contents, source_date = _build_once(plan, store, options, log)
        return keep_artifact(plan, store, contents, source_date, log)


def build_incrementally(plan: BuildPlan, store: Store, options: BuildOptions = BuildOptions()) -> Artifact:
    """Build a given tree where it was built the last time, so that make makes only what has changed.

    For a change, a build and a try; what comes of it depends on what was built before. So the store gets the files with
    provenance that says so, and does not take them for the result of the recipe.

    Raises:
        SourceError: no tree is given, or as `build` does.
        RigError: as `build` does.
    """
    if plan.given is None:
        raise SourceError("an incremental build needs a tree", remedy="name it with --source")
    name = f"{plan.recipe.name}-{digest_key({'tree': str(plan.given.directory.resolve())})[:12]}"
    with _one_builder(plan, name) as place:
        work, log = place.resolve() / WORK, place / LOG
        namespace_command()
        _clear(log)
        unfinished = work / UNFINISHED
        try:
            if unfinished.exists():
                rmtree(work)
            work.mkdir(parents=True, exist_ok=True)
            unfinished.touch()
        except OSError as error:
            raise _unwritable(log, error) from error
        try:
            contents, source_date = _Build(plan, options, work, log, is_incremental=True).run({})
        except CompileError:
            unfinished.unlink()
            raise
        unfinished.unlink()
        return keep_artifact(plan, store, contents, source_date, log, is_reproducible=False)


def check_build(
    plan: BuildPlan, store: Store, options: BuildOptions = BuildOptions()
) -> tuple[Artifact, tuple[ChangedFile, ...]]:
    """Build twice, without ccache, and compare; the store gets the first result.

    Raises:
        SourceError, UnavailableError, RigError: as `build` does.
    """
    options = replace(options, use_ccache=False)
    with _one_builder(plan, plan.key) as place:
        log = place / LOG
        first, source_date = _build_once(plan, store, options, log)
        second, _ = _build_once(plan, store, options, place / SECOND_LOG)
        changed = [name for name in first if first[name] != second[name]]
        differences = tuple(_compare(name, first[name], second[name]) for name in changed)
        return keep_artifact(plan, store, first, source_date, log), differences


def obtain_built_rom_set(recipe: BuildRecipe, store: Store, options: BuildOptions) -> RomSet:
    """Return the ROM set of a recipe that is built, from the store where it was built before.

    Raises:
        SourceError: the source is not what the recipe says, or does not compile.
        UnavailableError: a file of the source is not available.
        RigError: the machine cannot build.
    """
    plan = make_plan(recipe)
    for _ in range(BUILDS):
        contents = read_files(build(plan, store, options), store)
        if contents is not None:
            return RomSet.of_files(recipe.name, dict(sorted(contents.items())), recipe.origin_facts())
    raise _damaging(store)


def _damaging(store: Store) -> StoreError:
    return StoreError(f"the store {store.root} damages what is written to it", remedy="check its disk")


def obtain_platform_firmware(name: str, store: Store | None = None, *, options: BuildOptions | None = None) -> Path:
    """Return the file of a platform firmware that is built, from the store where it was built before.

    Raises:
        DocumentError: there is no such recipe, or it says something wrong.
        SourceError: the source is not what the recipe says, or does not compile.
        UnavailableError: a file of the source is not available.
        RigError: the machine cannot build.
    """
    store = store or Store.default()
    recipe = load_platform_firmware_recipe(name)
    plan = make_plan(recipe)
    for _ in range(BUILDS):
        found = store.find_intact(build(plan, store, options or BuildOptions()).digests[recipe.code])
        if found is not None:
            return found
    raise _damaging(store)


def _one_builder(plan: BuildPlan, name: str) -> AbstractContextManager[Path]:
    """Return the context in which this process alone builds in the directory `name`, which the context gives.

    Another process that wants to build the same waits, as long as a build may take.
    """
    return ROOM.hold(name, Deadline.after(plan.recipe.instructions.deadline_s, f"another process builds {name}"))


def _unwritable(log: Path, error: OSError) -> RigError:
    remedy = find_remedy(error, f"name another place with {CACHE_VARIABLE}")
    return RigError(f"the log {log} cannot be written: {error.strerror}", remedy=remedy)


def _compare(name: str, first: bytes, second: bytes) -> ChangedFile:
    pairs = zip(first, second, strict=False)
    shorter = min(len(first), len(second))
    offset = next((index for index, (left, right) in enumerate(pairs) if left != right), shorter)
    return ChangedFile(name, hashlib.sha256(second).hexdigest(), offset)


def _build_once(plan: BuildPlan, store: Store, options: BuildOptions, log: Path) -> tuple[dict[str, bytes], int]:
    """Build in a new work directory; return the files by their names and the SOURCE_DATE_EPOCH."""
    namespace_command()
    files = {
        file.file_name: fetch_source(file, store, settings=options.settings, progress=options.on_download)
        for file in (plan.recipe.source.files if plan.given is None else ())
    }
    _clear(log)
    with start_work_directory("build") as work:
        return _Build(plan, options, work.resolve(), log).run(files)


def _clear(log: Path) -> None:
    """Empty a log.

    Raises:
        RigError: it cannot be written.
    """
    try:
        log.write_bytes(b"")
    except OSError as error:
        raise _unwritable(log, error) from error


class _Build:
    """One build in one work directory; where it is incremental, what an earlier one made is there already."""

    def __init__(
        self, plan: BuildPlan, options: BuildOptions, work: Path, log: Path, *, is_incremental: bool = False
    ) -> None:
        self.plan = plan
        self.options = options
        self.work = work
        self.log = log
        self.instructions = plan.recipe.instructions
        self.is_incremental = is_incremental
        self.tree = work / TREE
        self.source = work / SOURCE if is_incremental else self.tree  # where the source is made ready
        self.source_date = self.instructions.source_date or 0

    def run(self, files: dict[str, Path]) -> tuple[dict[str, bytes], int]:
        """Run the plan's steps."""
        contents: dict[str, bytes] = {}
        for number, step in enumerate(self.plan.steps, start=1):
            self.options.on_step(number, len(self.plan.steps), f"{step.kind}: {step.detail}")
            started_s = time.monotonic()
            match step.kind:
                case StepKind.UNPACK:
                    self._unpack(files)
                case StepKind.PATCH:
                    for patch in self.instructions.patches:
                        apply_patch(self.source, patch)
                case StepKind.CONFIGURE:
                    inner = self.source / self.instructions.directory
                    write_configuration(inner, self.instructions.configuration)
                    write_settings(inner, self.instructions.settings)
                case StepKind.PREPARE:
                    self._make(step.argv)
                case StepKind.MAKE:
                    self._make((*step.argv, f"-j{self.options.parallelism}"), is_counted=True)
                case StepKind.ASSEMBLE:
                    contents = {target.name: assemble_target(target, self.directory) for target in self.plan.targets}
            logger.info("%s took %.1f s", step.kind, time.monotonic() - started_s)
        return contents, self.source_date

    def _unpack(self, files: dict[str, Path]) -> None:
        if self.is_incremental and self.source.exists():
            rmtree(self.source)
        unpack_source(self.plan.recipe.source, files, self.source, given=self.plan.given)
        if self.instructions.source_date is None:
            self.source_date = find_source_date(self.source) or 0

    @property
    def directory(self) -> Path:
        """Where make runs, outside."""
        return self.tree / self.instructions.directory

    def _make(self, argv: tuple[str, ...], *, is_counted: bool = False) -> None:
        if self.source.exists() and self.source != self.tree:
            update_tree(self.source, self.tree, self.work / BROUGHT)
            rmtree(self.source)  # the next make runs in the same tree
        self._copy_inputs()
        use_ccache = self.options.use_ccache and self.plan.toolchain.has_ccache
        chamber = Chamber(self.work, self.source_date, self.plan.build_id, use_ccache=use_ccache)
        deadline = Deadline.after(self.instructions.deadline_s, f"{self.plan.recipe.name} is built")
        run = partial(chamber.run, directory=PurePosixPath(TREE, self.instructions.directory), deadline=deadline)
        if is_counted:
            self.options.on_make(self.log, self._count_steps(run, argv))
        try:
            run(argv, log=self.log)
        except ProcessError as error:
            if error.status is None:
                raise
            text = self.log.read_text("utf-8", "replace")
            if NO_SPACE.search(text):
                raise RigError(
                    f"the disk is full: {self.plan.recipe.name} could not be built in {self.work.parent}",
                    remedy="free some space, or name another place with TMPDIR",
                ) from error
            raise CompileError(
                f"{self.plan.recipe.name} does not compile", first_error=find_first_error(text), log=self.log
            ) from error

    def _count_steps(self, run: Callable[..., None], argv: tuple[str, ...]) -> int:
        """Return how many steps make would announce, 0 where it does not get so far: then the real one says why.

        It makes what it needs to know that: the lists of what depends on what.
        """
        log = self.work / COUNTED
        log.write_bytes(b"")
        self.options.on_make(log, None)
        with suppress(ProcessError):
            run((*argv, "--dry-run"), log=log)
        return len(ANNOUNCEMENT.findall(log.read_text("utf-8", "replace")))

    def _copy_inputs(self) -> None:
        """Put the files that make gets by their names beside the tree."""
        inner = self.instructions
        (self.work / INPUTS).mkdir(exist_ok=True)
        for path in (*inner.trusted, *((inner.embedded_script,) if inner.embedded_script else ())):
            with suppress(FileExistsError):
                copyfile(path, self.work / INPUTS / path.name)
