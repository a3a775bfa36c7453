"""Errors in words, on standard error."""

import sys

from bootrig.errors import BootrigError, ExitStatus


def tell_error(error: BootrigError) -> ExitStatus:
    """Print an error and its remedy; returns the exit status that is due to it."""
    print(f"bootrig: {error}", file=sys.stderr)
    if error.remedy:
        print(f"  remedy: {error.remedy}", file=sys.stderr)
    return error.exit_status
