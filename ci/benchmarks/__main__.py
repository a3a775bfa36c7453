"""Run benchmarks and print their figures; exit status 1 where a limit was missed."""

import argparse
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ci.benchmarks import Figure


def iter_names() -> Iterator[str]:
    """Yield the names of all benchmarks."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.stem.startswith("_"):
            yield path.stem


def report(name: str, figures: Iterable[Figure]) -> bool:
    """Print a benchmark's figures as they come; return whether all limits were kept."""
    print(f"{name}:", flush=True)
    kept = True
    for figure in figures:
        print(f"  {figure}", flush=True)
        kept = kept and figure.kept
    return kept


def measure(name: str, arguments: argparse.Namespace) -> Iterable[Figure]:
    """Return the figures of a benchmark, which gets the options that its function names."""
    iter_figures = importlib.import_module(f"ci.benchmarks.{name}").iter_figures
    options = {option: getattr(arguments, option) for option in inspect.signature(iter_figures).parameters}
    figures: Iterable[Figure] = iter_figures(**options)
    return figures


def main() -> int:
    """Run the benchmarks that the command line names."""
    names = tuple(iter_names())
    parser = argparse.ArgumentParser(prog="ci/bench", description="Run benchmarks and print their figures.")
    parser.add_argument("--list", action="store_true", help="name the benchmarks")
    parser.add_argument(
        "--cells",
        type=int,
        metavar="N",
        help="verdict: compare a set with itself in N cells (default: 36); matrix, thousand: try about N cells only",
    )
    parser.add_argument("--loops", type=int, default=0, metavar="K", help="verdict: with K busy loops beside")
    parser.add_argument("name", nargs="*", help=f"what to run (default: all): {', '.join(names)}")
    arguments = parser.parse_args()
    for name in arguments.name:
        if name not in names:
            parser.error(f"no benchmark is called {name!r}; there are: {', '.join(names)}")
    if arguments.list:
        print("\n".join(names))
        return 0
    results = [report(name, measure(name, arguments)) for name in arguments.name or names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
