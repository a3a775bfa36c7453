"""What is said where not all that was asked for was compared, because a side is one ROM."""

from collections.abc import Collection, Sequence


def tell_narrowed(single: Sequence[str], nic_models: Collection[str]) -> tuple[str, ...]:
    """Return a note that only the NICs of single ROMs were compared; none where no side is a single ROM.

    Args:
        single: the sides that are single ROMs, as users name them.
        nic_models: the NICs that were compared.
    """
    if not single:
        return ()
    nics = f"the NIC{'s' if len(nic_models) > 1 else ''} {', '.join(sorted(nic_models))}"
    were = "were" if len(nic_models) > 1 else "was"
    what = f"{single[0]} is one ROM" if len(set(single)) == 1 else f"{' and '.join(single)} are single ROMs"
    return (f"only {nics} {were} compared: {what}",)
