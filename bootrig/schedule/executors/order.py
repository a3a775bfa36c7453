"""What goes to a worker elsewhere and what comes back: a cell's specification, contents by their digests, files.

An order names all files of the cell's run that the cell reads, by their paths in the run and the digests of their
contents. The worker answers with the digests of what it does not have, or with all files of the attempt's directory.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from bootrig.cache import digest_file
from bootrig.cell.errors import CellError
from bootrig.cell.process import describe_host_error
from bootrig.cell.specification import CellSpecification, encode_specification
from bootrig.jsonfile import load_json
from bootrig.schedule.equipment import PROGRAMS_DIRECTORY
from bootrig.schedule.errors import WorkerError
from bootrig.schedule.executors.executor import CellResult
from bootrig.temporary import start_temporary_directory
from bootrig.trace.trace import TRACE_FILE, Trace
from bootrig.workdir import NEW_PREFIX

COMPRESSION = 1


class Order(Struct, frozen=True, kw_only=True):
    """One boot that is asked for.

    Attributes:
        specification: the cell's file, as it is in the worker's run.
        cell_directory: where it belongs in the run; likewise `data_directory`, that of the ROMs.
        files: by their paths in the run, the digests of what the cell reads.
        emulator: the name of the emulator, of which the worker takes its own, and the digest of it.
        prefix: the key of the beginning from which the boot may go on; empty for a cold boot.
    """

    specification: bytes
    attempt: str
    cell_directory: str
    data_directory: str
    files: Mapping[str, str]
    emulator: str
    emulator_digest: str
    prefix: str


class Answer(Struct, frozen=True, kw_only=True):
    """What a worker answers to an order.

    Attributes:
        lacking: the digests of the contents that it has not; nothing was booted then.
        files: of the attempt's directory, by their paths in it.
        error: how the cell broke, empty where it did not; and what its user can do.
        run_directory: the worker's, which its messages name.
        boots_cold: why prefixes cannot be made or used there, empty where they can.
    """

    lacking: tuple[str, ...] = ()
    files: Mapping[str, bytes] = {}
    error: str = ""
    remedy: str = ""
    run_directory: str = ""
    boots_cold: str = ""


@dataclass(frozen=True, slots=True)
class Packed:
    """An order, and where the contents are that it names, by their digests."""

    order: Order
    contents: Mapping[str, Path]


class Packer:
    """Makes orders; the digest of a file of a run, which nobody changes, is found once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def pack(self, specification: CellSpecification) -> Packed:
        """Return the order of a boot.

        Raises:
            OSError: a file that the cell reads cannot be read.
        """
        run = specification.run_directory
        firmware = specification.platform_firmware_file
        files = {path: path for path in self._iter_files(specification)}
        if firmware is not None and not firmware.is_relative_to(run):
            inside = run / PROGRAMS_DIRECTORY / self._find_digest(firmware) / firmware.name
            files[inside] = firmware
            specification = replace(specification, platform_firmware_file=inside)
        emulator = specification.emulator
        order = Order(
            specification=encode_specification(specification),
            attempt=str(specification.attempt),
            cell_directory=_relative(specification.cell_directory, run),
            data_directory=_relative(specification.data_directory, run),
            files={_relative(path, run): self._find_digest(source) for path, source in files.items()},
            emulator=emulator.name,
            emulator_digest=emulator.digest,
            prefix="" if specification.has_random_times else specification.prefix,
        )
        return Packed(order, {self._find_digest(source): source for source in files.values()})

    def _iter_files(self, specification: CellSpecification) -> Iterator[Path]:
        yield from specification.programs.values()
        yield from sorted(path for path in specification.data_directory.rglob("*") if path.is_file())
        firmware = specification.platform_firmware_file
        if firmware is not None and firmware.is_relative_to(specification.run_directory):
            yield firmware

    def _find_digest(self, path: Path) -> str:
        if path not in self._known:
            self._known[path] = digest_file(path)
        return self._known[path]


def encode_order(order: Order) -> bytes:
    """Return an order as it is sent."""
    return msgspec.msgpack.encode(order)


def decode_order(content: bytes) -> Order:
    """Return the order that was sent as `content`."""
    return msgspec.msgpack.decode(content, type=Order)


def encode_answer(answer: Answer) -> bytes:
    """Return an answer as it is sent."""
    return zlib.compress(msgspec.msgpack.encode(answer), COMPRESSION)


def decode_answer(content: bytes) -> Answer:
    """Return the answer that was sent as `content`.

    Raises:
        WorkerError: it is none, or has files that belong elsewhere.
    """
    try:
        answer = msgspec.msgpack.decode(zlib.decompress(content), type=Answer)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise WorkerError(f"what came back is not an answer: {error}") from error
    for name in answer.files:
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or ".." in path.parts:
            raise WorkerError(f"a file came back that belongs elsewhere: {name!r}")
    return answer


def unpack(specification: CellSpecification, answer: Answer) -> CellResult:
    """Put the files of an answer into the attempt's directory, all or nothing; return the boot's result."""
    directory = specification.directory
    try:
        with start_temporary_directory(specification.cell_directory, NEW_PREFIX) as new:
            for name, content in answer.files.items():
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            new.chmod(0o755)
            new.rename(directory)
    except OSError as error:
        told = describe_host_error(error, directory)
        broken = CellError(str(told), label=str(specification.key), directory=str(directory), remedy=told.remedy)
        return CellResult(specification, None, broken)
    if not answer.error:
        return CellResult(specification, load_json(directory / TRACE_FILE, Trace), None)
    message = answer.error.replace(answer.run_directory, str(specification.run_directory))
    return CellResult(specification, None, CellError(message, directory=str(directory), remedy=answer.remedy))


def _relative(path: Path, run: Path) -> str:
    return str(path.relative_to(run))
