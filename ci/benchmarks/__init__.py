"""Benchmarks: one module per subject, each with `iter_figures(...) -> Iterator[Figure]`, which names its options."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: what was measured, in a few words.
        value: the measurement.
        unit: its unit: `s`, `MB`, `boots/s`.
        reference: what it is held against, in the same unit; None where there is nothing to hold it against.
        limit: the most it may be; None where nothing was promised.
    """

    name: str
    value: float
    unit: str
    reference: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """The measurement divided by the reference."""
        return None if not self.reference else self.value / self.reference

    @property
    def kept(self) -> bool:
        """Whether the figure is within its limit; true where it has none."""
        return self.limit is None or self.value <= self.limit

    def __str__(self) -> str:
        """Return the line that is printed."""
        words = [f"{self.name:<52} {self.value:10.3f} {self.unit:<4}"]
        if self.ratio is not None:
            words.append(f"ratio {self.ratio:.3f} to {self.reference:g} {self.unit}")
        if self.limit is not None:
            words.append(f"limit {self.limit:g} {self.unit}: {'kept' if self.kept else 'MISSED'}")
        return "  ".join(words).rstrip()
