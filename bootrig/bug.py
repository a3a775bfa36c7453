"""The last resort: what nobody caught is a bug of bootrig, and its traceback is kept."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootrig.errors import BUG_WORDS, BootrigError, BugError
from bootrig.workdir import cache_directory, write_atomically

BUG_FILE = "bug.txt"


def keep_bug(error: BaseException, directory: Path | None = None) -> BugError:
    """Write the traceback of `error` into `BUG_FILE` in a directory, and return the error that says so in one line.

    Without a directory it is kept in the cache's. Where it cannot be written, the error tells it whole.
    """
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" ({Path(frame.filename).name}:{frame.lineno})" for frame in last)
    words = " ".join(str(error).split())
    message = f"{BUG_WORDS}: {type(error).__name__}{f': {words}' if words else ''}{place}"
    told = "".join(traceback.format_exception(error))
    try:
        file = (directory or cache_directory()) / BUG_FILE
        write_atomically(file, told.encode("utf-8", "backslashreplace"))
    except (OSError, RuntimeError, BootrigError) as failure:
        told = f"{message}\n{told}its traceback could not be kept: {failure}"
        return BugError(told, remedy="report it with the above")
    return BugError(message, remedy=f"report it with {file.absolute()}, which has the traceback")


@contextmanager
def keep_bugs(directory: Path | None = None) -> Iterator[None]:
    """While inside, what is not an error of bootrig's or of the operating system becomes one, kept in `directory`.

    An interruption stays one, also where the interpreter made another error of it.

    Raises:
        BugError: it was neither.
    """
    try:
        yield
    except (BootrigError, OSError):
        raise
    except Exception as error:
        cause: BaseException | None = error
        seen: set[int] = set()  # nothing keeps an exception from being its own cause
        while cause is not None and id(cause) not in seen:
            if isinstance(cause, KeyboardInterrupt):
                raise cause from None
            seen.add(id(cause))
            cause = cause.__cause__
        raise keep_bug(error, directory) from error
