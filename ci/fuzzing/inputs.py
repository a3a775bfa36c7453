"""Making inputs: right ones that are damaged in up to eight places, and now and then random bytes."""

from collections.abc import Sequence
from random import Random

MAXIMUM = 1 << 16
EDGES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\x01", b"\0\0", b"\xff\xff", b"\x7f\xff", b"\xff" * 4, b"\0" * 4)
REPETITIONS = (2, 3, 8, 100, 3000)


def make_input(target: str, seeds: Sequence[bytes], words: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return input `number` of a target; it depends on nothing but the arguments."""
    random = Random(f"{seed} {target} {number}")  # noqa: S311 - not for secrets
    if random.random() < 0.03:
        return random.randbytes(random.randrange(600))
    content = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 1, 2, 3, 4, 8))):
        _damage(content, seeds, words, random)
    del content[MAXIMUM:]
    return bytes(content)


def _damage(content: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], random: Random) -> None:
    """Damage `content` at one place, in one of eleven ways."""
    place = random.randrange(len(content) + 1)
    end = place + min(int(random.expovariate(1 / 12)) + 1, 400)
    way = random.randrange(11 if words else 9)
    if way <= 1:
        if place < len(content):
            content[place] ^= 1 << random.randrange(8)
    elif way == 2:
        edge = random.choice(EDGES)
        content[place : place + len(edge)] = edge
    elif way == 3:
        del content[place:end]
    elif way == 4:
        content[place:place] = random.randbytes(end - place)
    elif way == 5:
        content[place:place] = content[place:end] * random.choice(REPETITIONS)
    elif way == 6:
        del content[place:]
    elif way == 7:
        other = random.choice(seeds)
        start = random.randrange(len(other) + 1)
        content[place:end] = other[start : start + end - place]
    elif way == 8:
        start = random.randrange(len(content) + 1)
        content[start:start] = content[place:end]
    else:
        content[place : place if way == 9 else end] = random.choice(words) * random.choice((1, 1, 1, 1, *REPETITIONS))
