"""Consoles of real boots, as the guests wrote them."""

import json
from pathlib import Path

RECORDED: dict[str, str] = json.loads((Path(__file__).parent / "consoles.json").read_text())
