"""Documents that verbs write where the user says."""

from pathlib import Path

import pytest

from bootrig.cli.documents import require_writable
from bootrig.errors import InputError


def test_where_documents_can_go(tmp_path: Path) -> None:
    require_writable(None, Path("-"), tmp_path / "verdict.json", tmp_path / "made" / "later" / "verdict.xml")


def test_where_documents_cannot_go(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Is a directory"):
        require_writable(None, tmp_path)
    with pytest.raises(InputError, match="file is not a directory"):
        require_writable(tmp_path / "file" / "verdict.json")
