"""Feed targets and print what was found; exit status 1 where anything was."""

import argparse
import sys
from pathlib import Path

from ci.fuzzing.feeding import Found, feed
from ci.fuzzing.inputs import make_input
from ci.fuzzing.target import Target, load_targets

INPUTS = 1_000_000
SHOWN = 5


def report(target: Target, seed: int, inputs: int) -> bool:
    """Feed a target and print its line, and each place where something was found; return whether nothing was."""
    count, longest_s, memory_bytes = 0, 0.0, 0
    kinds: dict[tuple[str, str], list[Found]] = {}
    for told in feed(target, seed, range(inputs)):
        count += told.inputs
        longest_s, memory_bytes = max(longest_s, told.longest_s), max(memory_bytes, told.memory_bytes)
        for found in told.found:
            kinds.setdefault((found.what.partition(":")[0], found.place), []).append(found)
    measured = f"longest {longest_s * 1000:5.0f} ms, memory {memory_bytes / 1e6:4.0f} MB"
    print(f"{target.name:20} {count:8,} inputs, {measured}, found {sum(map(len, kinds.values()))}", flush=True)
    for (_, place), all_found in kinds.items():
        numbers = ", ".join(str(found.number) for found in all_found[:SHOWN])
        print(f"  {len(all_found)} times {all_found[0].what!r} {place}")
        print(f"    ci/fuzz --only {target.name} --seed {seed} --input {{{numbers}}}", flush=True)
    return not kinds


def feed_again(target: Target, seed: int, number: int) -> int:
    """Print one input, and let what it raises be seen."""
    content = make_input(target.name, tuple(target.seeds()), target.words, seed, number)
    print(f"{len(content)} bytes: {content[:2000]!r}")
    Path("input.fuzzed").write_bytes(content)
    try:
        target.feed(content)
    except target.documented as error:
        print(f"documented: {type(error).__name__}: {error}")
    return 0


def main() -> int:
    """Run what the command line names."""
    targets = load_targets()
    parser = argparse.ArgumentParser(prog="ci/fuzz", description="Feed damaged and random bytes to all readers.")
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument(
        "--only", metavar="TARGET", choices=targets, action="append", help="only this target; repeatable"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which inputs are made (default: 1)")
    parser.add_argument("--inputs", type=int, metavar="N", help=f"how many, all targets together (default: {INPUTS})")
    parser.add_argument("--input", type=int, metavar="K", help="feed input K alone; it is left in input.fuzzed")
    arguments = parser.parse_args()
    chosen = [targets[name] for name in arguments.only or targets]
    if arguments.list:
        print("\n".join(targets))
        return 0
    if arguments.input is not None:
        return feed_again(chosen[0], arguments.seed, arguments.input)
    whole = sum(target.share for target in chosen)
    inputs = arguments.inputs or INPUTS
    print(f"seed {arguments.seed}", flush=True)
    results = [report(target, arguments.seed, -(-inputs * target.share // whole)) for target in chosen]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
