"""Random numbers that depend on what is drawn, never on when or by which process.

Every thing (an identity, a camera, one picture) has a generator of its own, made from
the seed, a word for the kind of thing and its numbers. That makes the rendering the
same byte for byte whatever the number of processes and the order of the work.
"""

import zlib

import numpy as np


def generator(seed: int, kind: str, *numbers: int) -> np.random.Generator:
    """A generator for the thing ``kind`` number ``numbers`` (each may be negative)."""
    words = [seed, zlib.crc32(kind.encode())]
    words += [number % (1 << 32) for number in numbers]
    return np.random.default_rng(np.random.SeedSequence(words))
