"""How far two boots may differ and still count as the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What counts as the same time.

    Attributes:
        wait_s: seconds by which a wait of the guest, which its timers make, may differ.
        work_share: share by which the instructions that it runs may differ, of the smaller number.
    """

    wait_s: float = 0.5
    work_share: float = 0.25


# Less cannot be told from noise.
SMALLEST = Tolerance(wait_s=0.3, work_share=0.05)
TOLERANCE = Tolerance()
