"""A thousand boots: the suite `bench-142` over NIC models and their variants, two ROM sets and two emulators.

Prefixes are kept from a run with one scenario before; the boots themselves are not.
"""

from collections.abc import Iterator

from ci.benchmarks import Figure
from ci.benchmarks._rig import choose, start_rig, take_share
from firmware.nic import NIC_MODELS

ROM_SETS = ("ipxe-debian-12", "ipxe-debian-13")
EMULATORS = ("host", "qemu-10.0")
VARIANTS = (
    *("e1000-82544gc", "e1000-82545em", "i82550", "i82551", "i82562"),
    *("virtio-net-pci-transitional", "virtio-net-pci-non-transitional"),
)
BEFORE = "nbp-sizes"
BOOTS, LIMIT_S = 1000, 300.0


def iter_figures(cells: int | None) -> Iterator[Figure]:
    """Yield the wall time of the boots, or of about so many of them."""
    nics = take_share((*NIC_MODELS, *VARIANTS), cells, BOOTS)
    words = ["run", *ROM_SETS, "--suite", "bench-142", *choose("--emulator", EMULATORS), *choose("--nic", nics)]
    with start_rig() as rig:
        before = rig.call(*words, "--scenario", BEFORE)
        yield from before.iter_figures(f"{BEFORE}, empty cache")
        boots = rig.call(*words, "--fresh")
        yield from boots.iter_figures(
            "all scenarios, prefixes kept", reference_s=before.wall_s, limit_s=LIMIT_S if cells is None else None
        )
