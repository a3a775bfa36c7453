"""Run the checked console blocks of README.md and put what they print into it.

    python -m tests.conventions.write_readme [LINE...]   the blocks whose fence is on these lines, default: all

What a block shows with `...` in it is somebody's choice of what to show, and stays.
"""

import sys
import tempfile
from pathlib import Path

from tests.conventions.readme import ConsoleBlock, make_working_directory, parse_console_blocks, run_command
from tests.conventions.tracked import ROOT

README = ROOT / "README.md"


def printed_lines(block: ConsoleBlock) -> list[str]:
    """Run a block's commands in a directory of their own; return the block's lines, output included."""
    lines = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        make_working_directory(directory)
        for shown in block.commands:
            _, printed = run_command(shown.command, directory)
            output = [
                line.rstrip().replace(name, ".") for line in printed.splitlines() if not line.startswith("set-up: ")
            ]
            kept = any("..." in line for line in shown.output)
            lines += [f"$ {shown.command}", *(shown.output if kept else output)]
    return lines


def main() -> int:
    """Rewrite README.md."""
    wanted = {int(word) for word in sys.argv[1:]}
    lines = README.read_text(encoding="utf-8").splitlines()
    for block in reversed(parse_console_blocks("\n".join(lines))):
        if block.checked and not block.program and (not wanted or block.line in wanted):
            length = sum(command.command.count("\n") + 1 + len(command.output) for command in block.commands)
            lines[block.line : block.line + length] = printed_lines(block)
    README.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
