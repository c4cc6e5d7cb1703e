"""Which of many are shown."""

import numpy as np


def spread(total: int, most: int) -> list[int]:
    """Return numbers below ``total``, ascending and spread evenly: all, or ``most`` of them."""
    return np.linspace(0, total - 1, min(total, most)).round().astype(int).tolist()
