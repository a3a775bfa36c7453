import io
from pathlib import Path

import pytest

import bootrig.cli.build_progress as progress_module
from bootrig.cli.build_progress import step_options
from bootrig.report.terminal.console import ReportConsole


def test_shows_steps_downloads_and_the_last_line_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = ReportConsole(screen, 60)
    monkeypatch.setattr(progress_module, "open_console", lambda **options: console)
    log = tmp_path / "log"
    with step_options(3, log) as options:
        assert options.parallelism == 3
        assert options.on_download is not None
        options.on_download("http://x.example/a", 5, 10)
        console.print("drawn")
        options.on_step(2, 3, "make: 16 targets")
        log.write_text("  [BUILD] bin/a.o\n  [BUILD] bin/b.o\n\n")
        console.print("drawn")
    shown = screen.getvalue()
    assert "http://x.example/a: 5 of 10 bytes" in shown
    assert "[2/3] make: 16 targets" in shown
    assert "make: [BUILD] bin/b.o" in shown
