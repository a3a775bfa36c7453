"""Error numbers in words: those that real ROMs printed beside the words, and the ends of the list."""

import pytest

from bootrig.trace.reading.error_numbers import WORDS, explain_error


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("3c092003", "operation not supported"),
        ("1d852039", "input/output error"),
        ("1c0c2002", "invalid argument"),
        ("2d03e13b", "no such file or directory"),
        ("0f0a6039", "connection reset"),
        ("4c126035", "connection timed out"),
        ("2e008081", "exec format error"),
        ("040ee119", "address not available"),
        ("020c613c", "permission denied"),
        ("01000000", "argument list too long"),
        ("4fffffff", "improper link"),
        ("bc092003", "operation not supported"),
        ("00000001", "exit status 1"),
        ("00001fff", "exit status 8191"),
        ("00002000", None),
        ("00000000", None),
        ("50000000", None),
        ("7f000000", None),
    ],
)
def test_what_a_number_means(number: str, words: str | None) -> None:
    assert explain_error(number) == words


def test_every_error_has_words_of_its_own() -> None:
    assert len(set(WORDS.values())) == len(WORDS) == 0x4F
    assert all(WORDS.values())


def test_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        explain_error("PXE-E16")
