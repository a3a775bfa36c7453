"""Who vouches for whom: a witness speaks for all that show the like, and refutes only itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from bootrig.trace.reading.attempts import WantedBoot

Member = TypeVar("Member")


class Answer(Enum):
    """What other boots say of something that was seen: the same, that it is not there, or nothing yet."""

    SEEN = "seen"
    NOT_SEEN = "not seen"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Testimony(Generic[Member]):
    """What is known of one member.

    Attributes:
        answer: what other boots say.
        witness: the member whose boots say so; None where nothing is known.
        wanted: the boots that would tell.
    """

    answer: Answer
    witness: Member | None = None
    wanted: tuple[WantedBoot, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways(Generic[Member]):
    """How members are asked.

    Attributes:
        ask: whether a member's own boots show it again; None where they could not, or are not there.
        want: the boots that a first witness needs; empty where it cannot be one.
        want_each: the boots that each member needs where a witness did not see it.
    """

    ask: Callable[[Member], bool | None]
    want: Callable[[Member], tuple[WantedBoot, ...]]
    want_each: Callable[[Member], tuple[WantedBoot, ...]]


def vouch(
    members: Sequence[Member], ways: Ways[Member], *, everywhere: bool = False, one_is_enough: bool = False
) -> dict[Member, Testimony[Member]]:
    """Ask members that show the like, the best witness first.

    One whose own boots were asked is judged by them. For the others any member vouches that saw it again, unless one
    did not see it, or it has to be seen `everywhere`: then each is asked by its own boots. Where `one_is_enough`, one
    after the other is asked until one has seen it.
    """
    own = {member: ways.ask(member) for member in members}
    each = everywhere or (False in own.values() and not one_is_enough)
    witness = None if each else next((member for member, seen in own.items() if seen), None)
    want = ways.want_each if one_is_enough and False in own.values() else ways.want
    unasked = (member for member, seen in own.items() if seen is None and want(member))
    first = None if each or witness is not None else next(unasked, None)
    told: dict[Member, Testimony[Member]] = {}
    for member, seen in own.items():
        if seen is not None:
            told[member] = Testimony(Answer.SEEN if seen else Answer.NOT_SEEN, member)
        elif witness is not None:
            told[member] = Testimony(Answer.SEEN, witness)
        elif first is None:
            told[member] = Testimony(Answer.OPEN, wanted=ways.want_each(member))
        else:
            told[member] = Testimony(Answer.OPEN, wanted=want(member) if member == first else ())
    return told
