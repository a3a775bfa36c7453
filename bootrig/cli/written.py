"""Documents that verbs write where the user says."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bootrig.errors import InputError
from bootrig.trace.trace import Trace
from bootrig.workdir import write_atomically

OUTCOMES_FORMAT = "bootrig-outcomes/1"


def write_document(path: Path, content: bytes) -> None:
    """Write `content` to a file, or to standard output for `-`.

    Raises:
        InputError: the file cannot be written.
    """
    if path == Path("-"):
        sys.stdout.write(content.decode())
        return
    try:
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def require_writable(*paths: Path | None) -> None:
    """Find out before hours of boots, not after them, that a document cannot go where the user says.

    Raises:
        InputError: a path is a directory, or lies below something that is none.
    """
    for path in paths:
        if path is None or path == Path("-"):
            continue
        if path.is_dir():
            raise InputError(f"cannot write {path}: Is a directory")
        parent = next(parent for parent in path.absolute().parents if parent.exists())
        if not parent.is_dir():
            raise InputError(f"cannot write {path}: {parent} is not a directory")


def encode_outcomes(traces: Sequence[Trace]) -> bytes:
    """Return the outcomes of boots as JSON: format, then one object a cell."""
    cells = [
        {
            **asdict(trace.key),
            "rom_set": trace.rom_set,
            "time_mode": trace.time_mode,
            **asdict(trace.outcome),
            "directory": trace.directory,
            "rom_sha256": trace.rom.sha256,
        }
        for trace in traces
    ]
    return (json.dumps({"format": OUTCOMES_FORMAT, "cells": cells}, indent=1) + "\n").encode()
