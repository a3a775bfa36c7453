import pytest

from bootrig.builder.compile_log import NO_SPACE, find_first_error

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
