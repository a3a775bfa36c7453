"""What a service's table says about the network, held against what was seen of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from bootrig.network.errors import ServiceError
from bootrig.trace.trace import ReadBack

FAULTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a table, by its key path: what it means, what was seen, in which frame (None: by a request)."""

    key_path: str
    meant: str
    seen: str
    frame: int | None = None

    @property
    def holds(self) -> bool:
        """Whether the network does what the table says."""
        return self.meant == self.seen


def prove_statements(service: str, statements: Iterable[Statement]) -> tuple[ReadBack, ...]:
    """Return what proves statements of a service, called as its errors are to call it: of each the first proof.

    Raises:
        ServiceError: the network does not do what the table says; the first differences are told.
    """
    first: dict[tuple[str, str, str], Statement] = {}
    for statement in statements:
        first.setdefault((statement.key_path, statement.meant, statement.seen), statement)
    wrong = [
        f"{statement.key_path} means {statement.meant}, and {_place(statement)} {statement.seen}"
        for statement in first.values()
        if not statement.holds
    ]
    if wrong:
        raise ServiceError(f"{service} does not do what its table says: {'; '.join(wrong[:FAULTS_SHOWN])}")
    return tuple(ReadBack(statement.key_path, statement.seen, statement.frame) for statement in first.values())


def _place(statement: Statement) -> str:
    return "an answer from inside the namespace has" if statement.frame is None else f"frame {statement.frame} has"
