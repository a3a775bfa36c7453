"""Bisection: which commit of a source tree, or which of several sides, is the first that is bad."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from bootrig.api.bisection import Answer, Line, SideLine, Step, choose_next
from bootrig.api.matrix import compare, run
from bootrig.api.requests import Matrix
from bootrig.api.results import CompareResult, RunResult
from bootrig.builder.artifact import find_artifact, read_files
from bootrig.builder.build import BuildOptions, build, build_incrementally
from bootrig.builder.commits import SHORT, Commits, open_commits
from bootrig.builder.errors import CompileError, SourceError, UnsoundError
from bootrig.builder.plan import make_plan
from bootrig.cache import digest_key
from bootrig.compare import Policy
from bootrig.deadline import Deadline
from bootrig.errors import ExitStatus, InputError
from bootrig.jsonfile import load_json, write_json
from bootrig.recipe.build import BuildRecipe
from bootrig.report.sentences import format_finding
from bootrig.romset.obtain import require_rom_sets
from bootrig.schedule.campaign import Listener
from bootrig.schedule.sides import obtain_sides
from bootrig.store.content import Store
from bootrig.store.errors import StoreError
from bootrig.temporary import remove_path
from bootrig.tree_room import TreeRoom

# A bisection that was interrupted goes on from what its directory here holds.
ROOM = TreeRoom("bisections", limit=1 << 30)
STEPS, SOURCE, BUILT = "steps.json", "source", "roms"
WAIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried with each: it has to boot, or to be compatible with a baseline by a policy.

    Attributes:
        matrix: the cells.
        baseline: the side that it is compared with; None where its boots just have to pass.
        policy: what a comparison is judged by.
    """

    matrix: Matrix
    baseline: str | None = None
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRange:
    """Commits of a work tree, and how each is built.

    Attributes:
        source: a directory in the work tree.
        recipe: how it is built.
        good: revisions that are good.
        bad: a revision after them that is bad.
    """

    source: Path
    recipe: BuildRecipe
    good: tuple[str, ...]
    bad: str


class BisectListener:
    """Told how a bisection goes; does nothing by itself."""

    def resumed(self, steps: Sequence[Step]) -> None:
        """These steps were made before, by a bisection that was interrupted."""

    def built(self) -> AbstractContextManager[BuildOptions]:
        """Return the context in which a commit is built, with the options."""
        return nullcontext(BuildOptions())

    def booted(self) -> AbstractContextManager[Listener]:
        """Return the context in which one is booted, with what is told of its run."""
        return nullcontext(Listener())

    def judged(self, step: Step, left: int) -> None:
        """A step was made; of `left` one is the first bad one as far as was known before it."""

    def misled(self, step: Step) -> None:
        """A commit that is built from nothing is judged otherwise, so all are."""


@dataclass(frozen=True, slots=True)
class Bisected:
    """What a bisection found.

    Attributes:
        steps: what was tried, in order.
        suspects: those of which one is the first bad one; a single one where it was found.
    """

    steps: tuple[Step, ...]
    suspects: tuple[str, ...]

    @property
    def first_bad(self) -> Step | None:
        """The first bad one; None where those that prove nothing hide it."""
        return self.find(self.suspects[0]) if len(self.suspects) == 1 else None

    @property
    def last_good(self) -> Step:
        """The good one that was tried last."""
        return [step for step in self.steps if step.answer is Answer.GOOD][-1]

    @property
    def status(self) -> ExitStatus:
        """Good where the first bad one was found; else nothing is proven."""
        return ExitStatus.SKIPPED if self.first_bad is None else ExitStatus.GOOD

    def find(self, name: str) -> Step:
        """Return the step in which one was tried."""
        return next(step for step in self.steps if step.name == name)


def bisect_sides(names: Sequence[str], trial: Trial, listener: BisectListener | None = None) -> Bisected:
    """Find the first bad one of sides, oldest first: the first has to be good, the last bad.

    Interrupted, it goes on from the boots that are kept.

    Raises:
        InputError: the request is wrong, or the ends are not as they have to be.
        RigError: the rig or its host is broken.
    """
    listener = listener or BisectListener()
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError("a bisection needs two different sides or more, each once, oldest first")
    require_rom_sets(names)
    steps: list[Step] = []
    return _search(
        SideLine(tuple(names)),
        names[:1],
        names[-1],
        lambda name: _try(name, name, trial, listener),
        steps.append,
        listener,
    )


def bisect_commits(asked: SourceRange, trial: Trial, listener: BisectListener | None = None) -> Bisected:
    """Find the first bad commit of a work tree, which stays as it is; go on where the same question was interrupted.

    A commit is built where the one before was, so that make makes only what has changed; the answer is confirmed by
    builds from nothing. What does not compile is skipped.

    Raises:
        InputError: the request is wrong, or the ends are not as they have to be.
        RigError: the rig or its host is broken.
    """
    listener = listener or BisectListener()
    trial.matrix.require_sound()
    planned = trial.matrix.plan()
    nic_models = tuple(dict.fromkeys(cell.key.nic_model for cell in planned)) if trial.matrix.filters.nic_models else ()
    commits = open_commits(asked.source)
    good, bad = tuple(map(commits.resolve, asked.good)), commits.resolve(asked.bad)
    commits.require_line(good, bad)
    key = _digest_question(commits, asked.recipe, good, bad, trial)
    with ROOM.hold(key, Deadline.after(WAIT_S, "another process makes the same bisection")) as place:
        record = _Record(place / STEPS, is_fresh=trial.matrix.is_fresh)
        if record.steps:
            listener.resumed(record.steps)

        def search(builds: _Builds) -> Bisected:
            return _search(commits, good, bad, builds.judge, record.add, listener, record.steps)

        builds = _Builds(commits, asked.recipe, nic_models, place, trial, listener)
        with record.kept():
            found = search(builds)
            misled = builds.find_misled(found)
        if misled is None:
            return found
        listener.misled(misled)
        with record.kept():
            return search(replace(builds, is_clean=True))


def _digest_question(commits: Commits, recipe: BuildRecipe, good: Sequence[str], bad: str, trial: Trial) -> str:
    """Return the name of a question: what was judged for another one does not answer it."""
    baseline = [] if trial.baseline is None else obtain_sides([trial.baseline])
    matrix = replace(trial.matrix, runs=None, argv=(), is_fresh=False, parallelism=None)
    facts = {
        "tree": [str(commits.top.resolve()), commits.inner],
        "recipe": repr(recipe),
        "ends": [*good, bad],
        "baseline": [trial.baseline, [[(rom.file_name, rom.sha256) for rom in one.roms] for one in baseline]],
        "matrix": repr(matrix),
        "policy": repr(trial.policy),
    }
    return f"{recipe.name}-{digest_key(facts)[:24]}"


class _Record:
    """The steps of a bisection, in a file from which an interrupted one goes on."""

    def __init__(self, path: Path, *, is_fresh: bool) -> None:
        self._path = path
        self.steps: list[Step] = []
        if is_fresh:
            remove_path(path)
        elif path.exists():
            self.steps = load_json(path, list[Step])

    def add(self, step: Step) -> None:
        """Add a step."""
        self.steps.append(step)
        write_json(self._path, self.steps)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Forget the steps at the end and where the question is wrong; whatever else ends it lets it go on later."""
        try:
            yield
        except InputError:
            self._forget()
            raise
        self._forget()

    def _forget(self) -> None:
        remove_path(self._path)
        self.steps = []


@dataclass(frozen=True, slots=True)
class _Builds:
    """Judges commits by building and booting them; `is_clean` if from nothing, not where the one before was built."""

    commits: Commits
    recipe: BuildRecipe
    nic_models: Sequence[str]
    place: Path
    trial: Trial
    listener: BisectListener
    is_clean: bool = False
    store: Store = field(default_factory=Store.default)

    def judge(self, commit: str) -> Step:
        """Build a commit and boot what comes of it."""
        return self._judge(commit, is_clean=self.is_clean)

    def find_misled(self, found: Bisected) -> Step | None:
        """Return the first of the bad commit and those before it that is judged otherwise if built from nothing."""
        if found.first_bad is None:
            return None
        tried = {step.name: step for step in found.steps}
        ends = (found.first_bad.name, *self.commits.parents(found.first_bad.name))
        for step in [tried[name] for name in ends if name in tried]:
            again = self._judge(step.name, is_clean=True, known=step)
            if again.answer is not step.answer:
                return again
        return None

    def _judge(self, commit: str, *, is_clean: bool, known: Step | None = None) -> Step:
        """Judge a commit; where its build gives the files of a step that is known, that step."""
        tree = self.commits.check_out(commit, self.place / SOURCE)
        try:
            contents = self._build(tree, is_clean=is_clean)
        except UnsoundError as error:
            return Step(commit, Answer.BAD, _shorten(error))
        except CompileError as error:
            return Step(commit, Answer.SKIPPED, f"does not compile: {_first_line(error.first_error)}")
        except SourceError as error:
            return Step(commit, Answer.SKIPPED, _shorten(error))
        roms = tuple(sorted(contents[1].items()))
        if known is not None and known.roms == roms:
            return known
        directory = self.place / BUILT / commit[:SHORT]
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in contents[0].items():
            (directory / name).write_bytes(content)
        side = str(directory).replace(",", ",,")
        return replace(_try(commit, side, self.trial, self.listener), roms=roms)

    def _build(self, tree: Path, *, is_clean: bool) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return the files that a tree gives by their names, and their digests."""
        plan = make_plan(self.recipe, nic_models=self.nic_models, directory=tree)
        artifact = find_artifact(plan, self.store)
        if artifact is None:
            with self.listener.built() as options:
                artifact = (build if is_clean else build_incrementally)(plan, self.store, options)
        contents = read_files(artifact, self.store)
        if contents is None:
            raise StoreError(f"the store {self.store.root} damages what is written to it", remedy="check its disk")
        return contents, dict(artifact.digests)


def _search(
    line: Line,
    good: Sequence[str],
    bad: str,
    judge: Callable[[str], Step],
    keep: Callable[[Step], None],
    listener: BisectListener,
    before: Sequence[Step] = (),
) -> Bisected:
    """Judge the ends, then what halves what is left, until one is left.

    Args:
        line: what is bisected.
        good: has to be good.
        bad: has to be bad.
        judge: judges one.
        keep: is given each step.
        listener: is told each step.
        before: the steps that were made before.

    Raises:
        InputError: the ends are not as they have to be.
    """
    steps = list(before)

    def settle(name: str, left: int) -> Step:
        step = next((step for step in steps if step.name == name), None)
        if step is None:
            step = judge(name)
            steps.append(step)
            keep(step)
            listener.judged(step, left)
        return step

    count = len(line.rank(bad, good)) + 1
    for name, wanted in ((bad, Answer.BAD), *((name, Answer.GOOD) for name in good)):
        step = settle(name, count)
        if step.answer is not wanted:
            raise InputError(
                f"{name[:SHORT] if len(name) == 40 else name} should be {wanted}, and is {step.answer}"
                f"{f': {step.reason}' if step.reason else ''}",
                remedy="name another end, or what tells the two apart: --scenario, --nic, --baseline",
            )
    while (choice := choose_next(line, steps)).name is not None:
        settle(choice.name, len(choice.suspects))
    return Bisected(tuple(steps), choice.suspects)


def _try(name: str, side: str, trial: Trial, listener: BisectListener) -> Step:
    """Boot a side and judge it.

    Raises:
        InputError: the input of a cell is wrong.
    """
    result: RunResult | CompareResult
    with listener.booted() as boots:
        if trial.baseline is None:
            result = run([side], trial.matrix, boots)
            reasons = _iter_failures(result)
        else:
            result = compare(trial.baseline, side, trial.matrix, trial.policy, boots)
            reasons = _iter_differences(result)
    reason = next(reasons, "")
    if result.status is ExitStatus.INPUT:
        raise InputError(reason)
    answers = {ExitStatus.GOOD: Answer.GOOD, ExitStatus.BAD: Answer.BAD}
    answer = answers.get(result.status, Answer.SKIPPED)
    return Step(name, answer, "" if answer is Answer.GOOD else reason, str(result.directory))


def _iter_failures(result: RunResult) -> Iterator[str]:
    yield from (f"{trace.cell}: {trace.outcome.reason}" for trace in result.failed)
    yield from (f"{key}: {_first_line(message)}" for _, key, message in result.outcomes.errors)


def _iter_differences(result: CompareResult) -> Iterator[str]:
    verdict = result.verdict
    if result.status is ExitStatus.BAD:
        yield from (f"{cause.first.id}: {format_finding(cause.first.finding)}" for cause in verdict.causes)
    yield from (f"{key}: {_first_line(message)}" for key, message in verdict.broken.items())
    yield verdict.answer.replace("-", " ")


def _shorten(error: Exception) -> str:
    return " ".join(str(error).split("\n")[:2])


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
