"""Report formats: a file each, found by its name."""

from pathlib import Path

import pytest

import bootrig.report
from bootrig.compare import compare_traces
from bootrig.errors import InputError
from bootrig.report.format import find_encoder, load_formats


def test_the_formats_that_are_shipped() -> None:
    formats = load_formats()
    assert list(formats) == ["github", "html", "json", "junit", "markdown", "sarif", "tap", "text"]
    assert all(one.summary for one in formats.values())
    able = {
        name: [word for word in ("verdict", "outcomes", "findings") if getattr(one, word)]
        for name, one in formats.items()
    }
    assert able == {
        "github": ["verdict", "outcomes", "findings"],
        "html": ["verdict", "outcomes"],
        "json": ["verdict", "outcomes", "findings"],
        "junit": ["verdict", "outcomes"],
        "markdown": ["verdict", "outcomes", "findings"],
        "sarif": ["findings"],
        "tap": ["verdict", "outcomes", "findings"],
        "text": ["verdict", "outcomes", "findings"],
    }


@pytest.mark.parametrize(
    ("name", "subject", "message"),
    [
        ("jsn", "verdict", 'there is no report "jsn" here; did you mean "json"?'),
        ("sarif", "verdict", 'there is no report "sarif" here'),
        ("junit", "findings", 'there is no report "junit" here'),
        ("", "outcomes", 'there is no report "" here'),
    ],
)
def test_a_format_that_is_not_there(name: str, subject: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        find_encoder(name, subject)
    assert str(caught.value) == message
    assert caught.value.remedy.startswith(("known: github, html, json", "known: github, json"))


def test_a_new_format_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shout.py").write_text(
        "from bootrig.report.format import ReportFormat\n"
        "FORMAT = ReportFormat(summary='loud', verdict=lambda verdict: verdict.answer.upper().encode())\n"
    )
    monkeypatch.setattr(bootrig.report, "__path__", [*bootrig.report.__path__, str(tmp_path)])
    assert find_encoder("shout", "verdict")(compare_traces([], [])) == b"NOTHING-PROVEN"
