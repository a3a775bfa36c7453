"""Mutants of the code that decides a verdict; ci/mutate says how to use it.

cosmic-ray makes the mutants. Each is written into a copy of the tree, where the tests of its room run until one fails.
Survivors are listed, and make the exit status 1, but for those in accepted-mutants.toml.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = Path(__file__).with_name("accepted-mutants.toml")
# what is broken, and which tests have to notice
ROOMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bootrig/compare", ("tests/compare",)),
    ("bootrig/trace/reading", ("tests/trace/reading",)),
    ("bootrig/network/decode", ("tests/network/decode",)),
    ("bootrig/network/capture.py", ("tests/network/test_capture.py",)),
    ("bootrig/schedule/campaign.py", ("tests/schedule/test_campaign.py",)),
)
# values here have no identity, so that `is` and `==` are the same, and those that `is` compares have no order
MEANINGLESS = (
    *("NoOp", "_Is_Eq", "_Eq_Is", "_IsNot_NotEq", "_NotEq_IsNot"),
    *(f"_{first}_{second}" for first in ("Is", "IsNot") for second in ("Lt", "LtE", "Gt", "GtE")),
)
PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0")
# what random examples kill is killed by luck
CHOSEN = "not rig and not slow and not network and not hypothesis"
PATIENCE = 4.0
SPARED_S = 20.0


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place that an operator of cosmic-ray can break."""

    path: str
    line: int
    operator: str
    occurrence: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutant is to a reader: the changed lines of a file, before and after, without indentation."""

    path: str
    before: str
    after: str


def load_accepted(path: Path = ACCEPTED) -> dict[Change, str]:
    """Return the accepted mutants with their reasons.

    Raises:
        ValueError: one lacks a field, or its reason.
    """
    accepted = {}
    for entry in tomllib.loads(path.read_text()).get("accepted", ()):
        if set(entry) != {"path", "before", "after", "reason"} or not entry["reason"].strip():
            raise ValueError(f"{path.name}: expected path, before, after and a reason, found {entry}")
        accepted[Change(entry["path"], entry["before"], entry["after"])] = entry["reason"]
    return accepted


def find_tests(path: str) -> tuple[str, ...]:
    """Return the tests that have to notice when `path` is broken.

    Raises:
        ValueError: it belongs to no room.
    """
    for room, tests in ROOMS:
        if path == room or path.startswith(f"{room}/"):
            return tests
    raise ValueError(f"{path}: no tests are known for it; see ROOMS in ci/mutation.py")


def iter_sources(names: Sequence[str]) -> Iterator[str]:
    """Yield the Python files that are meant, relative to the root."""
    for name in names or [room for room, _ in ROOMS]:
        path = ROOT / name
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (str(one.resolve().relative_to(ROOT)) for one in found)


def find_annotated(source: str) -> set[tuple[int, int]]:
    """Return the places (line, column) inside annotations: broken types are for mypy to find."""
    places = set()
    for node in ast.walk(ast.parse(source)):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            for inner in ast.walk(annotation) if isinstance(annotation, ast.AST) else ():
                if isinstance(inner, ast.expr):
                    columns = range(inner.col_offset, (inner.end_col_offset or inner.col_offset) + 1)
                    places |= {(inner.lineno, column) for column in columns}
    return places


def iter_places(path: str) -> Iterator[Place]:
    """Yield every place of a file that can be broken."""
    from cosmic_ray.ast import ast_nodes, get_ast  # noqa: PLC0415 - only ci/mutate installs it
    from cosmic_ray.plugins import get_operator, operator_names  # noqa: PLC0415

    source = (ROOT / path).read_text()
    tree, annotated, lines = get_ast(source), find_annotated(source), source.splitlines()
    for name in sorted(operator_names()):
        kind = get_operator(name)
        if kind.arguments() or name.endswith(MEANINGLESS):
            continue
        operator = kind()
        positions = (start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node))
        for occurrence, start in enumerate(positions):
            line = lines[start[0] - 1]
            # that a dataclass is frozen and has slots, and an argument its name, is for linters
            if start not in annotated and not line.startswith("@dataclass") and not line.startswith("*,", start[1]):
                yield Place(path, start[0], name, occurrence)


def mutate(place: Place) -> str:
    """Return the whole file with that place broken."""
    from cosmic_ray.mutating import mutate_code  # noqa: PLC0415
    from cosmic_ray.plugins import get_operator  # noqa: PLC0415

    mutated: str = mutate_code((ROOT / place.path).read_text(), get_operator(place.operator)(), place.occurrence)
    return mutated


def describe_change(path: str, before: str, after: str) -> Change:
    """Return the lines that differ between two versions of a file."""
    first, second = before.splitlines(), after.splitlines()
    blocks = [block for block in SequenceMatcher(None, first, second).get_opcodes() if block[0] != "equal"]
    old = [line.strip() for _, start, end, _, _ in blocks for line in first[start:end]]
    new = [line.strip() for _, _, _, start, end in blocks for line in second[start:end]]
    return Change(path, " / ".join(old), " / ".join(new))


def copy_tree(directory: Path) -> None:
    """Copy the tracked files, as they are now, into `directory`."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)


def run_tests(tree: Path, tests: Iterable[str], timeout_s: float | None = None) -> bool:
    """Return whether the tests pass in a copy of the tree; those that take too long fail."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [sys.executable, *PYTEST, "-m", CHOSEN, *tests],
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout_s) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()


def measure_tests(tree: Path, rooms: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
    """Return how long the tests of each room may take.

    Raises:
        RuntimeError: they fail although nothing is broken.
    """
    allowed = {}
    for tests in rooms:
        started_s = time.monotonic()
        if not run_tests(tree, tests):
            raise RuntimeError(f"{' '.join(tests)}: fail although nothing is broken")
        allowed[tests] = SPARED_S + PATIENCE * (time.monotonic() - started_s)
    return allowed


def find_survivors(places: Sequence[Place], workers: int) -> list[tuple[Place, Change]]:
    """Return the mutants that no test noticed."""
    with tempfile.TemporaryDirectory(prefix="bootrig-mutants-") as scratch:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            copy_tree(Path(scratch, str(number)))
            trees.put(Path(scratch, str(number)))
        allowed = measure_tests(Path(scratch, "0"), {find_tests(place.path) for place in places})

        def survives(place: Place) -> tuple[Place, Change] | None:
            tree, source, mutated = trees.get(), (ROOT / place.path).read_text(), mutate(place)
            try:
                (tree / place.path).write_text(mutated)
                tests = find_tests(place.path)
                return (
                    (place, describe_change(place.path, source, mutated))
                    if run_tests(tree, tests, allowed[tests])
                    else None
                )
            finally:
                (tree / place.path).write_text(source)
                trees.put(tree)

        survivors = []
        with ThreadPoolExecutor(workers) as pool:
            for number, found in enumerate(pool.map(survives, places), start=1):
                if found is not None:
                    survivors.append(found)
                    print(describe_survivor(*found), file=sys.stderr, flush=True)
                if number % 20 == 0 or number == len(places):
                    print(f"{number} of {len(places)}, {len(survivors)} survived", file=sys.stderr, flush=True)
        return survivors


def describe_survivor(place: Place, change: Change) -> str:
    """Return what nobody noticed, in three lines."""
    return f"{place.path}:{place.line}: survived ({place.operator})\n  - {change.before}\n  + {change.after}"


def report(count: int, survivors: Sequence[tuple[Place, Change]], accepted: Collection[Change]) -> tuple[str, int]:
    """Return what to print, and the exit status: 1 where a survivor was not accepted."""
    unknown = [(place, change) for place, change in survivors if change not in accepted]
    lines = [describe_survivor(place, change) for place, change in unknown]
    killed, expected = count - len(survivors), len(survivors) - len(unknown)
    score = 100 * killed / (count - expected) if count > expected else 100.0
    lines.append(
        f"{killed} of {count} mutants killed, {expected} accepted, {len(unknown)} survived: score {score:.0f} %"
    )
    return "\n".join(lines), 1 if unknown else 0


def main() -> int:
    """Make mutants, run tests, report."""
    parser = argparse.ArgumentParser(prog="ci/mutate", description="Which breaks of the code does no test see?")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: all that this is for)")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants only, chosen at random")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the choice (default: 1)")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="at a time")
    arguments = parser.parse_args()
    accepted = load_accepted()
    places = sorted(place for path in iter_sources(arguments.paths) for place in iter_places(path))
    if arguments.sample is not None and arguments.sample < len(places):
        places = sorted(random.Random(arguments.seed).sample(places, arguments.sample))  # noqa: S311 - repeatable
    text, status = report(len(places), find_survivors(places, arguments.workers), accepted)
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
