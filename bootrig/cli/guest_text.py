"""What of a guest's output may reach a terminal: text, line ends, tabs, colours and moves of the cursor.

A guest can write anything. A terminal that got all of it would change its title, the user's clipboard or its character
set, or answer questions as if the user had typed. Source of the control functions: ECMA-48, section 5.3 to 5.6, and
xterm, "Control Sequences".
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Mapping
from enum import Enum, auto

# What the strings of a guest that never end take away at most; what comes behind is text again.
STRING_LIMIT = 4096
PARAMETERS_LIMIT = 32
# Moves (A to H, d, f), wiping (J, K), inserting and deleting (@, L, M, P, X), scrolling (S, T), colours (m).
ALLOWED_FUNCTIONS = frozenset("ABCDEFGHdfJK@LMPXSTm")

_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_PARAMETERS = re.compile(rf"[0-9;]{{0,{PARAMETERS_LIMIT}}}")
# A step back is a move of the cursor. Where lines end in another way, they end.
_KEPT: Mapping[str, str] = {"\n": "\n", "\r": "\r", "\t": "\t", "\b": "\x1b[D", "\v": "\n", "\f": "\n"}
# The characters of one byte that stand for ESC and another character.
_CONTROL_SEQUENCE, _STRING_END = "\x9b", "\x9c"
_STRINGS = frozenset("\x90\x98\x9d\x9e\x9f")
_CANCELS = frozenset("\x18\x1a")
# Bytes that are not UTF-8, as Python's decoder hands them on.
_NOT_UTF_8 = {0xDC00 + byte: bytes([byte]).decode("cp437") for byte in range(0x80, 0x100)}


class _State(Enum):
    TEXT = auto()
    ESCAPE = auto()
    CONTROL_SEQUENCE = auto()
    STRING = auto()


class GuestText:
    """Passes on what may reach a terminal, also where a sequence is divided."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")
        self._state = _State.TEXT
        self._sequence = ""  # of a control sequence, as much as could be an allowed one
        self._taken = 0  # characters of a string

    def feed_bytes(self, content: bytes) -> str:
        """Return what may be shown of bytes: UTF-8, or code page 437 where they are not."""
        return self.feed(self._decoder.decode(content).translate(_NOT_UTF_8))

    def feed(self, text: str) -> str:
        """Return what may be shown of the text that a guest wrote next."""
        kept: list[str] = []
        place = 0
        while place < len(text):
            if self._state is _State.TEXT and (match := _TEXT.match(text, place)):
                kept.append(match[0])
                place = match.end()
            else:
                kept.append(self._step(text[place]))
                place += 1
        return "".join(kept)

    def _step(self, character: str) -> str:
        """Take a character that is a control, or inside a sequence; return what is shown because of it."""
        if self._state is _State.STRING:
            return self._step_in_string(character)
        if character == "\x1b":
            self._state = _State.ESCAPE
        elif character in _CANCELS:
            self._state = _State.TEXT
        elif character < " " or character == "\x7f":
            return _KEPT.get(character, "")  # inside a sequence, too, it is obeyed
        elif "\x80" <= character <= "\x9f":
            self._begin(character)
        elif self._state is _State.ESCAPE:
            self._step_in_escape(character)
        elif self._state is _State.CONTROL_SEQUENCE:
            return self._step_in_control_sequence(character)
        else:
            return character
        return ""

    def _begin(self, character: str) -> None:
        """Begin what a control of one byte from 0x80 on begins."""
        self._sequence, self._taken = "", 0
        if character == _CONTROL_SEQUENCE:
            self._state = _State.CONTROL_SEQUENCE
        else:
            self._state = _State.STRING if character in _STRINGS else _State.TEXT

    def _step_in_escape(self, character: str) -> None:
        """Take what follows ESC: blanks to slashes go on, everything else is the last or begins a sequence."""
        if "@" <= character <= "_":
            self._begin(chr(ord(character) + 0x40))
        elif not " " <= character <= "/":
            self._state = _State.TEXT

    def _step_in_control_sequence(self, character: str) -> str:
        """Return the whole sequence with its last character, where it is allowed."""
        if " " <= character <= "?":
            self._sequence = f"{self._sequence}{character}"[: PARAMETERS_LIMIT + 1]
            return ""
        self._state = _State.TEXT
        is_allowed = character in ALLOWED_FUNCTIONS and _PARAMETERS.fullmatch(self._sequence)
        return f"\x1b[{self._sequence}{character}" if is_allowed else ""

    def _step_in_string(self, character: str) -> str:
        """Take a character of a string; nothing of it is shown."""
        self._taken += 1
        if character == "\x1b":
            self._state = _State.ESCAPE  # its end is ESC and a backslash; another sequence ends it as well
        elif character in _CANCELS or character in ("\a", _STRING_END) or self._taken >= STRING_LIMIT:
            self._state = _State.TEXT
        return ""
