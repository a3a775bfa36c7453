"""Stand-ins for programs, on a PATH of the test's own."""

from pathlib import Path


def write_apt(directory: Path, addresses: list[str], configuration: str = "") -> None:
    """Write an apt-get and an apt-config that say that apt has these mirrors."""
    directory.mkdir(exist_ok=True)
    listed = "".join(f"{address}\n" for address in addresses)
    for name, text in (("apt-get", listed), ("apt-config", configuration)):
        program = directory / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\n")
        program.chmod(0o755)
