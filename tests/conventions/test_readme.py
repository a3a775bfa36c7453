"""README.md shows what the commands really print."""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.conventions import write_readme
from tests.conventions.readme import ConsoleBlock, ReadmeError, find_output_fault, parse_console_blocks, run_block
from tests.conventions.readme import make_working_directory as link_checkout
from tests.conventions.tracked import ROOT

README = ROOT / "README.md"
SAMPLE = """\
# Sample

<!-- checked: rig, slow, exit 1 -->
```console
$ printf 'one\\ntwo\\n'
one
two
$ echo took 3.25 s in bootrig-runs/20260102T030405-compare \\
    && false
took 17 s in bootrig-runs/20270102T030405-compare
```

<!-- not run: it installs packages -->
```console
$ ci/setup
```

```toml
[a]
```
"""


def readme_blocks() -> list[ParameterSet]:
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    return [
        pytest.param(block, marks=[getattr(pytest.mark, name) for name in block.markers], id=f"line{block.line}")
        for block in parse_console_blocks(text)
        if block.checked
    ]


@pytest.mark.parametrize("block", readme_blocks())
def test_the_readme_shows_what_commands_print(block: ConsoleBlock, tmp_path: Path) -> None:
    link_checkout(tmp_path)
    faults = run_block(block, tmp_path)
    assert not faults, "\n\n".join(faults)


def test_blocks_are_parsed() -> None:
    first, second = parse_console_blocks(SAMPLE)
    assert (first.line, first.checked, first.markers, first.exit_status) == (4, True, ("rig", "slow"), 1)
    assert [(shown.line, shown.output[0][:3]) for shown in first.commands] == [(5, "one"), (8, "too")]
    assert first.commands[1].command.endswith("\\\n    && false")
    assert not second.checked


def test_a_block_that_shows_the_truth_is_accepted(tmp_path: Path) -> None:
    assert run_block(parse_console_blocks(SAMPLE)[0], tmp_path) == []


def test_a_block_that_does_not_is_rejected(tmp_path: Path) -> None:
    text = SAMPLE.replace("\ntwo\n", "\nthree\n").replace("&& false", "&& true")
    first, second = run_block(parse_console_blocks(text)[0], tmp_path)
    assert first.startswith("README.md:5: $ printf")
    assert "README shows\n  one\n  three\nbut the command printed\n  one\n  two" in first
    assert second.endswith("exit status 0, expected 1")


def test_a_python_block_is_run(tmp_path: Path) -> None:
    text = "<!-- checked: rig -->\n```python\nfor name in 'ab':\n    print(name + '\"')  # a\"\nprint('c')  # c\n```\n"
    right, wrong = (parse_console_blocks(text.replace("'ab'", names))[0] for names in ("'a'", "'b'"))
    assert (right.program, right.markers) == (True, ("rig",))
    assert run_block(right, tmp_path) == []
    assert 'but the command printed\n  b"' in run_block(wrong, tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```console\n$ true\n```\n", "line 1: this block needs <!-- checked -->"),
        ("<!-- not run -->\n```console\n$ true\n```\n", "line 2: say why this block is not run"),
        ("<!-- checked: fast -->\n```console\n$ true\n```\n", "line 2: unknown marker 'fast'"),
        ("<!-- checked -->\n```console\noutput\n```\n", "line 3: a console block begins with a command"),
        ("<!-- checked -->\n```console\n```\n", "line 3: a console block without a command"),
        ("<!-- checked -->\n```console\n$ true\n", "line 2: this block has no end"),
        ("```python\nprint(1)  # 1\n```\n", "line 1: this block needs <!-- checked -->"),
        ("<!-- checked -->\n```python\nprint(1)\n```\n", "line 3: a Python block that does not show what it prints"),
    ],
)
def test_a_block_that_breaks_the_convention_is_rejected(text: str, fault: str) -> None:
    with pytest.raises(ReadmeError) as caught:
        parse_console_blocks(text)
    assert str(caught.value).startswith(fault)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a   12.5 s\nb", "a 0.3 s\nb\n\n"),
        ("first\n...\nlast", "first\n1\n2\nlast\n"),
        ("runs in ... here", "runs in /some/where here"),
        ("started 2026-01-02 03:04:05", "started 2027-11-12T13:14:15Z"),
        ("green", "\x1b[32mgreen\x1b[0m"),
        ("──────", "─────────"),
        ("guest time +13.1 s", "guest time -0.2 s"),
        ("", ""),
        ("one", "set-up: ready\none\n"),
    ],
)
def test_what_differs_from_run_to_run_is_accepted(shown: str, printed: str) -> None:
    assert find_output_fault(tuple(shown.splitlines()), printed) is None


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("8 cells", "9 cells"),
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("e1000e ok", "e1000 ok"),
        ("", "x"),
        ("72192 bytes", "1 s"),
    ],
)
def test_what_is_different_is_found(shown: str, printed: str) -> None:
    fault = find_output_fault(tuple(shown.splitlines()), printed)
    assert fault is not None
    assert "but the command printed" in fault


def test_the_readme_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(SAMPLE.replace("\ntwo\n", "\n").replace("took 17 s in", "took ... in"), encoding="utf-8")
    monkeypatch.setattr(write_readme, "README", readme)
    monkeypatch.setattr("sys.argv", ["write_readme", "4"])
    assert write_readme.main() == 0
    assert readme.read_text(encoding="utf-8") == SAMPLE.replace("took 17 s in", "took ... in")
