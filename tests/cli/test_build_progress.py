import io
import time
from pathlib import Path

import pytest

import bootrig.cli.build_progress as progress_module
from bootrig.cli.build_progress import step_options
from bootrig.report.terminal.console import ReportConsole


def test_shows_steps_downloads_and_how_far_make_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = ReportConsole(screen, 60)
    monkeypatch.setattr(progress_module, "open_console", lambda **options: console)
    log = tmp_path / "log"
    with step_options(3) as options:
        assert options.parallelism == 3
        assert options.on_download is not None
        options.on_download("http://x.example/a", 5, 10)
        console.print("drawn")
        options.on_step(2, 3, "make: 16 targets")
        options.on_make(log, None)
        log.write_text('  [DEPS] a.c\necho "  [BUILD] bin/a.o"\n')
        console.print("drawn")
        options.on_make(log, 480)
        with log.open("a") as stream:
            stream.write("  [BUILD] bin/a.o\nnoise\n  [BUILD] bin/b.o\n\n  [BUILD] bin/c")
        console.print("drawn")
        options.on_make(log, 0)
        with log.open("a") as stream:
            stream.write(".o\n")
        console.print("drawn")
    shown = screen.getvalue()
    assert "http://x.example/a: 5 of 10 bytes" in shown
    assert "[2/3] make: 16 targets" in shown
    assert "finding out what to compile: 1 [DEPS] a.c" in shown
    assert "compiling 2 of 480 [BUILD] bin/b.o" in shown


def test_prints_lines_now_and_then_where_there_is_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = ReportConsole(screen, 60)
    monkeypatch.setattr(progress_module, "open_console", lambda **options: console)
    monkeypatch.setattr(progress_module, "QUIET_S", 0.01)
    log = tmp_path / "log"
    with step_options(None) as options:
        options.on_make(log, 2)
        log.write_text("  [BUILD] bin/a.o\n")
        while "compiling 1 of 2 [BUILD] bin/a.o\n" not in screen.getvalue():
            time.sleep(0.01)
        time.sleep(0.05)
    assert screen.getvalue().count("compiling 1 of 2") == 1
