"""The boots that tests of schedules look at."""

from pathlib import Path

import pytest

from tests.cell.boots import Boots, boot_once


@pytest.fixture
def all_nic_models(session_directory: Path) -> Boots:
    """The simplest scenario with every NIC model."""
    return boot_once(session_directory / "boots-nics", "run", "ipxe-debian-12", "--scenario", "pxe-tftp", "-j", "2")
