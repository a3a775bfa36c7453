"""The boots that tests of scenarios look at."""

from pathlib import Path

import pytest

from tests.cell.boots import Boots, boot_once


@pytest.fixture
def all_scenarios(session_directory: Path) -> Boots:
    """Every scenario with one NIC model, on the two guests on one of which each is tried first."""
    guests = ("--machine", "pc", "--machine", "q35")
    return boot_once(session_directory / "boots-scenarios", "run", "ipxe-debian-12", "--nic", "e1000", *guests)
