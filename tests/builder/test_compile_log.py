from pathlib import Path

import pytest

from bootrig.builder.compile_log import ANNOUNCEMENT, NO_SPACE, StepReader, find_first_error

GCC = """  [BUILD] bin/a.o
core/a.c: In function 'f':
core/a.c:10:2: warning: unused
core/a.c:12:9: error: 'y' undeclared
   12 |  return y;
      |         ^
core/a.c:12:9: note: each is reported once
core/b.c:1:1: error: another
make: *** [Makefile:3: bin/a.o] Error 1
make: *** Waiting for unfinished jobs....
"""


def test_the_first_error_of_a_compiler_and_what_belongs_to_it() -> None:
    assert find_first_error(GCC).splitlines() == [
        "core/a.c:12:9: error: 'y' undeclared",
        "   12 |  return y;",
        "      |         ^",
        "core/a.c:12:9: note: each is reported once",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x\na.c:1:10: fatal error: lzma.h: No such file or directory\ny\n", "a.c:1:10: fatal error: lzma.h: No such"),
        ("x\na.S:5: Error: no such instruction\nmake: *** [a.o] Error 1\n", "a.S:5: Error: no such instruction"),
        ("x\nld: main.o: in function `f':\nundefined reference to `g'\n", "ld: main.o: in function"),
        ("x\ngcc: error: y: linker input file not found\n", "gcc: error: y: linker"),
        ("x\nmake: *** No rule to make target 'z'.  Stop.\n", "make: *** No rule to make target 'z'"),
        ("x\nsh: 1: perl: not found\n", "sh: 1: perl: not found"),
        ("one\ntwo\nthree\n", "one\ntwo\nthree"),
        ("", ""),
    ],
)
def test_other_first_errors(text: str, found: str) -> None:
    assert find_first_error(text).startswith(found)


def test_a_full_disk_is_told_apart() -> None:
    assert NO_SPACE.search("a.c: fatal error: error writing to x.s: No space left on device")
    assert not NO_SPACE.search(GCC)


def test_the_steps_that_make_announces(tmp_path: Path) -> None:
    log = tmp_path / "log"
    steps = StepReader(log)
    steps.read()
    assert (steps.count, steps.last) == (0, "")
    log.write_bytes(b"make[1]: x\n  [DEPS] a.c\n  Compile checking out/a.o\n  [LD")
    steps.read()
    assert (steps.count, steps.last) == (2, "Compile checking out/a.o")
    with log.open("ab") as stream:
        stream.write(b"D] a.o\n   note: x\n  99 warnings\nPart [X] y\n")
    steps.read()
    steps.read()
    assert (steps.count, steps.last) == (3, "[LDD] a.o")
    later = StepReader(log)
    later.read()
    assert later.count == 0


def test_the_steps_that_make_would_announce() -> None:
    shown = 'gcc -c a.c\necho "  [BUILD] a.o"\necho \'  Linking out/a\'\n\techo "  [LD] a"; ld a\n'
    assert len(ANNOUNCEMENT.findall(shown)) == 3
