"""Correction of p-values for their number, so that a false star among all of them is rare.

Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
1979. It holds however the comparisons depend on each other, as those with a shared baseline do.
"""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, each to be compared with the level itself."""
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(np.sort(p_values) * factors))
    return adjusted.tolist()
