"""What the firmware wrote on the console: banner, features, prompts, error numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bootrig.trace.trace import ConsoleLine


@dataclass(frozen=True, slots=True)
class Banner:
    """The line by which the firmware names itself.

    Attributes:
        product: `iPXE`, `gPXE`.
        version: as the line says it.
        text: the line, from the product to `Boot Firmware`.
    """

    product: str
    version: str
    text: str


def find_banner(lines: Sequence[ConsoleLine]) -> Banner | None:
    """Return the first banner, None where the firmware did not show one."""
    raise NotImplementedError


def find_features(lines: Sequence[ConsoleLine]) -> tuple[str, ...] | None:
    """Return the words of the first feature line, None where the firmware did not show one."""
    raise NotImplementedError


def find_post_words(lines: Sequence[ConsoleLine]) -> tuple[str, ...] | None:
    """Return what the ROM says of the BIOS during POST (`PCI2.10`, `PnP`, `PMM`), without addresses."""
    raise NotImplementedError


def find_prompts(lines: Sequence[ConsoleLine]) -> tuple[str, ...]:
    """Return the prompts that wait for a key, each once, in the order in which they came; wiped ones too."""
    raise NotImplementedError


def find_errors(lines: Sequence[ConsoleLine]) -> frozenset[str]:
    """Return the errors that the firmware printed by number: `4c126035` of `http://ipxe.org/4c126035`, `PXE-E16`."""
    raise NotImplementedError


def iter_identity(lines: Sequence[ConsoleLine]) -> Iterator[str]:
    """Yield how the ROM names itself: its banner, its feature line."""
    raise NotImplementedError
