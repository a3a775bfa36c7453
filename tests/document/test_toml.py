from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import pytest

from bootrig.document.errors import DocumentError
from bootrig.document.syntax import DEEPEST, KEY_PARTS
from bootrig.document.toml import Document, describe, load_document


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@pytest.fixture
def document(tmp_path: Path) -> Callable[[str], Document]:
    def load(text: str) -> Document:
        path = tmp_path / "some.toml"
        path.write_text(text)
        return load_document(path)

    return load


def problems(document: Document) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        document.finish()
    return [(problem.key_path, problem.message) for problem in caught.value.problems]


def test_reads_every_type(document: Callable[[str], Document]) -> None:
    read = document("""
        s = "x"
        i = 3
        n = 2.5
        b = true
        c = "green"
        l = ["a", "b"]
        li = [1, 2]
        free = { any = [1, "x"] }
        [t]
        x = "in"
        [[a]]
        x = "first"
        [[a]]
        x = "second"
        [named.one]
        x = "1"
        """)
    root = read.root
    assert (root.string("s"), root.integer("i"), root.number("n"), root.boolean("b")) == ("x", 3, 2.5, True)
    assert root.choice("c", Colour) is Colour.GREEN
    assert root.strings("l") == ("a", "b")
    assert root.integers("li") == (1, 2)
    assert root.free_value("free") == {"any": [1, "x"]}
    assert root.table("t").string("x") == "in"
    assert [table.string("x") for table in root.tables("a")] == ["first", "second"]
    assert [(name, table.string("x")) for name, table in root.named_tables("named")] == [("one", "1")]
    read.finish()


def test_defaults_and_optional_keys(document: Callable[[str], Document]) -> None:
    read = document("")
    root = read.root
    assert root.string("s", "d") == "d"
    assert root.integer("i", 7) == 7
    assert root.number("n", 0.5) == 0.5
    assert root.boolean("b", default=True) is True
    assert root.choice("c", Colour, Colour.GREEN) is Colour.GREEN
    assert root.strings("l", ("x",)) == ("x",)
    assert root.optional_string("os") is None
    assert root.optional_integer("oi") is None
    assert root.optional_table("t") is None
    assert root.tables("a") == ()
    read.finish()


def test_names_every_problem_at_once(document: Callable[[str], Document]) -> None:
    read = document("""
        s = 1
        i = "3"
        low = 0
        high = 99.5
        b = "yes"
        c = "gren"
        l = "a"
        p = "UPPER"
        ls = ["ok", "NO"]
        t = []
        a = [1]
        unknwn = 1
        [q]
        inner = true
        """)
    root = read.root
    root.string("s")
    root.string("missing")
    root.integer("i")
    root.integer("low", minimum=1)
    root.number("high", maximum=5.0)
    root.boolean("b")
    root.choice("c", Colour)
    root.strings("l")
    root.string("p", pattern="[a-z]+", expected="lower-case letters")
    root.strings("ls", pattern="[a-z]+", expected="lower-case letters")
    root.table("t").string("never reported, for the table is no table")
    root.tables("a")
    root.tables("none", required=True)
    root.optional_string("unknown")
    root.table("q").string("outer", "")
    assert problems(read) == [
        ("s", "found an integer 1, expected a string"),
        ("missing", "missing; expected a string"),
        ("i", 'found a string "3", expected an integer'),
        ("low", "found 0, expected at least 1"),
        ("high", "found 99.5, expected at most 5.0"),
        ("b", 'found a string "yes", expected a boolean'),
        ("c", 'found "gren", expected one of red, green; did you mean "green"?'),
        ("l", 'found a string "a", expected an array, each element a string'),
        ("p", 'found a string "UPPER", expected lower-case letters'),
        ("ls[1]", 'found a string "NO", expected lower-case letters'),
        ("t", "found an array, expected a table"),
        ("a[0]", "found an integer 1, expected a table"),
        ("none", "missing; expected an array, each element a table"),
        ("unknwn", 'unknown key; did you mean "unknown"?'),
        ("q.inner", "unknown key"),
    ]


def test_a_boolean_is_no_integer(document: Callable[[str], Document]) -> None:
    read = document("i = true")
    read.root.integer("i")
    assert problems(read) == [("i", "found the boolean true, expected an integer")]


def test_a_known_key_that_is_there_is_not_suggested(document: Callable[[str], Document]) -> None:
    read = document('name = "x"\nnames = "y"')
    read.root.string("name")
    assert problems(read) == [("names", "unknown key")]


def test_an_empty_array_of_tables_is_no_answer_where_one_is_required(document: Callable[[str], Document]) -> None:
    read = document("a = []")
    read.root.tables("a", required=True)
    assert problems(read) == [("a", "found an empty array, expected at least one table")]


def test_places_are_written_as_toml_writes_them(document: Callable[[str], Document]) -> None:
    read = document('[[rom]]\n"odd key" = 1\n')
    for table in read.root.tables("rom"):
        table.string("sha256")
    assert problems(read) == [
        ("rom[0].sha256", "missing; expected a string"),
        ('rom[0]."odd key"', "unknown key"),
    ]


def test_the_error_names_the_file_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("a = 1\n")
    document = load_document(path)
    with pytest.raises(DocumentError) as caught:
        document.finish()
    assert str(caught.value) == f"bad.toml has 1 problem:\n  {path}: a: unknown key"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = [1\nb", "is not TOML: "),
        (b"a = 1\na = 2\n", "is not TOML: Cannot overwrite a value (at line 2, column 6)"),
        (b'a = "\xff"', "is not UTF-8: byte 5: "),
        (b"a = " + b"[" * 100_000, "is nested too deeply"),
        (b"a = " + b"1" * 5_000, "is not TOML: Exceeds the limit"),
    ],
)
def test_refuses_what_is_no_toml(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        load_document(path)
    assert f"{path} {message}" in str(caught.value)


def test_refuses_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read: it is a directory, expected a regular file"):
        load_document(tmp_path)
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        load_document(tmp_path / "none.toml")


def test_describes_long_values_by_their_type() -> None:
    assert describe("x" * 100) == "a string"
    assert describe({"a": 1}) == "a table"
    assert describe(1.5) == "a number 1.5"


def test_bytes_as_hexadecimal_digits() -> None:
    document = Document(Path("x.toml"), {"good": "4d 5A\n00", "odd": "4", "other": "xx", "number": 3})
    root = document.root
    assert [root.hexadecimal(key) for key in ("good", "odd", "other", "number", "gone")] == [
        b"MZ\0",
        b"",
        b"",
        b"",
        b"",
    ]
    assert problems(document) == [
        ("odd", 'found a string "4", expected pairs of hexadecimal digits'),
        ("other", 'found a string "xx", expected pairs of hexadecimal digits'),
        ("number", "found an integer 3, expected pairs of hexadecimal digits"),
        ("gone", "missing; expected pairs of hexadecimal digits"),
    ]


def test_numbers_that_are_none_or_too_large_are_told_once(document: Callable[[str], Document]) -> None:
    read = document(f"a = nan\nb = inf\nc = -1e999\nd = {10**400}\nfree = {{ x = [1, nan] }}\ngood = {2**64 - 1}")
    root = read.root
    for key in ("a", "b", "c", "d"):
        root.number(key, minimum=1, maximum=2)
    root.free_value("free")
    assert root.integer("good") == 2**64 - 1
    assert problems(read) == [
        ("a", "found nan, expected a number"),
        ("b", "found inf, expected a number"),
        ("c", "found -inf, expected a number"),
        ("d", "found an integer of more than 64 bits"),
        ("free.x[1]", "found nan, expected a number"),
    ]


def test_what_is_not_printable_is_told_on_one_line(document: Callable[[str], Document]) -> None:
    read = document('"a\\u001bb" = 1\nc = "x\\ny\\u009b"')
    read.root.string("c", pattern="z", expected="z")
    assert problems(read) == [
        ("c", r'found a string "x\x0ay\xc2\x9b", expected z'),
        (r'"a\x1bb"', "unknown key"),
    ]


def test_the_same_problem_is_told_once_and_of_very_many_the_first() -> None:
    read = Document(Path("x.toml"), {f"k{number}": 1 for number in range(100_000)})
    read.add_problem("a", "wrong")
    read.add_problem("a", "wrong")
    found = problems(read)
    assert len(found) == 100
    assert found.count(("a", "wrong")) == 1
    with pytest.raises(DocumentError, match=r"^x\.toml has more than 100 problems, the first:"):
        read.finish()


def test_the_deepest_table_that_is_allowed_can_be_read(document: Callable[[str], Document]) -> None:
    key = ".".join(["a"] * KEY_PARTS)
    read = document(f"[{key}]\n{key} = " + f"{{ {key} = " * (DEEPEST - 1) + "nan" + " }" * (DEEPEST - 1))
    read.root.free_value("a")
    assert [message for _, message in problems(read)] == ["found nan, expected a number"]
