"""The argument parser of all verbs: words that are wrong are answered with what was meant, in two lines."""

import argparse
import re
import sys
from typing import Any, NoReturn

from bootrig.errors import ExitStatus

_WRONG_CHOICE = re.compile(r"^(?P<start>.*invalid choice: '(?P<word>[^']*)') \(choose from (?P<known>.*)\)$", re.DOTALL)
_UNKNOWN = "unrecognized arguments: "


class Parser(argparse.ArgumentParser):
    """Takes options by their whole names; says what is wrong as errors of bootrig are said.

    Attributes:
        verbs: the parsers of its verbs.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})
        self.verbs: dict[str, Parser] = {}

    def error(self, message: str) -> NoReturn:
        """End with the status of bad input; the remedy is the verb's help, or the words that are known."""
        from bootrig.document.toml import suggest

        remedy = f"{self.prog} --help"
        if found := _WRONG_CHOICE.match(message):
            known = re.findall(r"[^\s',]+", found["known"])
            message, remedy = found["start"] + suggest(found["word"], known), f"known: {', '.join(known)}"
        elif message.startswith(_UNKNOWN):
            options = [option for option in self._option_string_actions if option.startswith("--")]
            wrong = next((w for w in message.removeprefix(_UNKNOWN).split() if w.startswith("-")), "")
            wrong = wrong.partition("=")[0]
            message += "" if wrong in options else suggest(wrong, options)
        print(f"{self.prog}: {message}\n  remedy: {remedy}", file=sys.stderr)
        raise SystemExit(int(ExitStatus.INPUT))
