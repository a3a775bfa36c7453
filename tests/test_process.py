"""Processes: the session and the process group in which they run."""

import os
from pathlib import Path

import pytest

from bootrig.process import start_process


@pytest.mark.parametrize("has_own_session", [False, True])
def test_a_process_leads_a_group_and_a_session_only_where_it_is_asked(has_own_session: bool, tmp_path: Path) -> None:
    with start_process(["sleep", "1000"], output=tmp_path / "log", has_own_session=has_own_session) as process:
        assert os.getpgid(process.pid) == process.pid
        assert os.getsid(process.pid) == (process.pid if has_own_session else os.getsid(0))
