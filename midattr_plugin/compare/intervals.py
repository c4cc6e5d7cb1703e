"""Means over seeds, and differences between rows with confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation of some values; of a single value ``std`` is None."""

    mean: float
    std: float | None


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences and its confidence interval, None for a single pair."""

    mean: float
    low: float | None
    high: float | None

    @property
    def excludes_zero(self) -> bool:
        """Whether the confidence interval does not contain 0."""
        return self.low is not None and (self.low > 0 or self.high < 0)


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(float(np.mean(values)), std)


def paired_difference(values: Sequence[float], baseline: Sequence[float]) -> Difference:
    """Return the difference of ``values`` from ``baseline``, paired by position (the seed).

    The interval is that of Student's t over the differences. With three seeds it is wide, because
    three seeds say little.
    """
    differences = np.subtract(values, baseline)
    mean = float(differences.mean())
    if len(differences) == 1:
        return Difference(mean, None, None)
    margin = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1) * stats.sem(differences))
    return Difference(mean, mean - margin, mean + margin)
