"""What a kind of scenario can do with a boot. The cell has the guest and the network; a kind knows neither."""

from typing import Protocol

from bootrig.scenario.scenario import Scenario


class Stage(Protocol):
    """One boot, ready: the services answer, the guest is complete and paused.

    Whatever comes first ends the boot: the kind's drive, a deadline, a guest that can come no further, the report of a
    probe that is not expected, an operator who leaves, the death of the guest or of a service. The drive is cancelled
    then.
    """

    @property
    def scenario(self) -> Scenario:
        """What is tried."""

    async def start_guest(self) -> None:
        """Let the guest run."""

    async def await_milestone(self, name: str) -> None:
        """Wait until the console has shown the milestone `name`, or a probe's report that is one."""

    async def await_text(self, pattern: str) -> str:
        """Wait until the console shows a regular expression of the scenario; returns the match.

        It is sought behind what was last waited for. `@nonce@` in it stands for the boot's nonce.
        """

    def type_text(self, text: str) -> None:
        """Let `text` be typed, key by key, as the guest takes it."""

    def note_milestone(self, name: str, evidence: str) -> None:
        """Note that the boot has reached the milestone `name`, and what shows it."""
