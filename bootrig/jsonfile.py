"""JSON that bootrig writes and reads back: typed values, encoded and decoded by msgspec.

Every document is an object with a field `format`, `bootrig-NAME/N`. What is read is checked: a wrong type is named with
its place. Paths are text; what a document has beside the known fields is passed over.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bootrig.errors import InputError
from bootrig.givenfile import FileKind, GivenFileError, read_given
from bootrig.legible import ILLEGIBLE, make_legible
from bootrig.workdir import write_atomically

T = TypeVar("T")

SURROGATES = re.compile("[\ud800-\udfff]")
RECORD = FileKind("a document of bootrig's", 256 << 20)


class JsonFileError(InputError):
    """A file is not the document that it should be."""


def _encode_other(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _decode_other(kind: type, value: object) -> object:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise TypeError(f"expected {kind.__name__}")


def encode_json(value: object) -> bytes:
    r"""Return `value` as JSON for people and machines: indented, with a line end; what terminals obey is escaped.

    A surrogate, by which a byte of a file name is kept that is not UTF-8, becomes text such as `\xff` for good.
    """
    text = msgspec.json.format(_encode(value), indent=1).decode()
    return ILLEGIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode() + b"\n"


def encode_line(value: object) -> bytes:
    """Return `value` as `encode_json` does, but on one line, with its end."""
    return ILLEGIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", _encode(value).decode()).encode() + b"\n"


def _encode(value: object) -> bytes:
    try:
        return msgspec.json.encode(value, enc_hook=_encode_other)
    except UnicodeEncodeError:
        return msgspec.json.encode(_replace_surrogates(to_json_value(value)))


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return SURROGATES.sub(lambda match: make_legible(match[0]), value)
    if isinstance(value, dict):
        return {_replace_surrogates(name): _replace_surrogates(one) for name, one in value.items()}
    return [_replace_surrogates(one) for one in value] if isinstance(value, list | tuple) else value


def to_json_value(value: object) -> Any:
    """Return `value` as dictionaries, lists and plain values."""
    return msgspec.to_builtins(value, enc_hook=_encode_other)


def parse_json(content: bytes, kind: type[T], origin: str) -> T:
    """Return the value of the type `kind` in a JSON document, which messages call `origin`.

    A type with a field `format` refuses documents of other formats.

    Raises:
        JsonFileError: it is not JSON, or not such a value; the message says where in it.
    """
    try:
        return msgspec.json.decode(content, type=kind, dec_hook=_decode_other)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise JsonFileError(f"{origin}: {error}") from error


def learn_json(kind: type[object]) -> None:
    """Find out how values of the type `kind` are read, which else is done when the first one is."""
    msgspec.json.Decoder(kind, dec_hook=_decode_other)


def load_json(path: Path, kind: type[T]) -> T:
    """Return the value in the file `path`.

    Raises:
        JsonFileError: it cannot be read, or is not such a value.
    """
    try:
        content = read_given(path, RECORD)
    except GivenFileError as error:
        raise JsonFileError(f"{path}: {error.reason}") from error
    return parse_json(content, kind, str(path))


def write_json(path: Path, value: object, *, durable: bool = True) -> None:
    """Write `value` to the file `path`, all or nothing, also when the power is cut where it is `durable`."""
    write_atomically(path, encode_json(value), durable=durable)
