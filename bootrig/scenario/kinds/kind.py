"""What a kind of scenario is: what its file must have, and how the guest is driven."""

from abc import ABC, abstractmethod

from bootrig.document.toml import TableReader
from bootrig.scenario.kinds.stage import Stage
from bootrig.scenario.scenario import Scenario


class Kind(ABC):
    """A kind of scenario; the object `KIND` of a module of this room.

    Attributes:
        is_real_only: whether it makes no sense in virtual time, unless a scenario's file says otherwise.
        begins_alone: whether nothing is done to the guest before its first packet, so that boots may share their
            beginning.
    """

    is_real_only = False
    begins_alone = False

    @abstractmethod
    def check(self, scenario: Scenario, root: TableReader) -> None:
        """Note what a scenario of this kind lacks, with `root`, the reader of its file's outermost table."""

    @abstractmethod
    async def drive(self, stage: Stage) -> None:
        """Drive a boot until everything that is expected has come."""
