"""What the user configures about fetching files.

The file is `$BOOTRIG_CONFIG`, else `bootrig/config.toml` in the user's configuration directory:

    mirrors = ["https://mirror.example.org/debian/"]   # tried first; $BOOTRIG_MIRROR (one or several) overrides it
    use_apt = true                                     # whether the mirrors that apt has are tried
    offline = false                                    # whether the network is left alone; $BOOTRIG_OFFLINE=1 too
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bootrig.document.errors import DocumentError
from bootrig.document.toml import load_document

ADDRESS = r"https?://[^\s]+"


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """What the user configures about fetching, as the file has it.

    Attributes:
        mirrors: below them a Debian file has its pool path, any other file its name.
    """

    mirrors: tuple[str, ...] = ()
    use_apt: bool = True
    offline: bool = False


def load_settings() -> FetchSettings:
    """Load the user's settings from the configuration file and the environment.

    Raises:
        DocumentError: the file says something wrong, or `$BOOTRIG_CONFIG` names a file that is not there.
    """
    settings = FetchSettings()
    path = _find_file()
    if path is not None:
        document = load_document(path)
        root = document.root
        settings = FetchSettings(
            mirrors=root.strings("mirrors", (), pattern=ADDRESS, expected="an http or https address"),
            use_apt=root.boolean("use_apt", default=True),
            offline=root.boolean("offline", default=False),
        )
        document.finish()
    named = tuple(os.environ.get("BOOTRIG_MIRROR", "").split())
    for address in named:
        if not address.startswith(("http://", "https://")):
            raise DocumentError(f'BOOTRIG_MIRROR has "{address}", expected an http or https address')
    offline = os.environ.get("BOOTRIG_OFFLINE", "") not in {"", "0"}
    return FetchSettings(named or settings.mirrors, settings.use_apt, offline or settings.offline)


def _find_file() -> Path | None:
    """Return the configuration file; None where there is none, and where no home directory can have one."""
    named = os.environ.get("BOOTRIG_CONFIG")
    if named:
        return Path(named)
    with suppress(OSError, RuntimeError):
        directory = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        path = directory / "bootrig" / "config.toml"
        if path.is_file():
            return path
    return None
