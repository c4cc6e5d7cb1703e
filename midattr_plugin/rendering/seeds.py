"""Random numbers that depend on the thing they are for, never on when or by which process.

Every identity, camera and picture has a generator of its own, made from the seed, a word for
the kind of thing and its numbers. So the number of processes and the order of the work do not
change a byte of the result.
"""

import zlib

import numpy as np


def generator(seed: int, kind: str, *numbers: int) -> np.random.Generator:
    """Return the generator of one thing.

    Args:
        seed: seed of the dataset.
        kind: a word for the kind of thing.
        numbers: which one of that kind; may be negative.
    """
    words = [seed, zlib.crc32(kind.encode())]
    words += [number % (1 << 32) for number in numbers]
    return np.random.default_rng(np.random.SeedSequence(words))
