"""What a broken cell leaves instead of a trace (`bootrig-error/1`)."""

from typing import Literal

from msgspec import Struct

ERROR_FILE = "error.json"


class CellErrorDocument(Struct, frozen=True, kw_only=True):
    """The error's type, message and remedy (empty for none)."""

    format: Literal["bootrig-error/1"] = "bootrig-error/1"
    type: str
    message: str
    remedy: str = ""
