"""Files of scenarios that tests write."""

from pathlib import Path

GOOD = """\
summary = "x"
report = "nbp"
[dhcp]
[deadline]
guest_s = 90
wall_s = 120
"""


def write(directory: Path, text: str, name: str = "mine") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text)
    return path
