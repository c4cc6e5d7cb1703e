"""Means over seeds, and differences between rows with confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """Mean of some values; ``std`` is that of the sample, or None for a single value."""

    mean: float
    std: float | None


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences with its confidence interval, None for a single pair."""

    mean: float
    low: float | None
    high: float | None

    @property
    def excludes_zero(self) -> bool:
        return self.low is not None and (self.low > 0 or self.high < 0)


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(float(np.mean(values)), std)


def paired_difference(values: Sequence[float], baseline: Sequence[float]) -> Difference:
    """Of values and those of the baseline with the same seeds, in the same order.

    The interval is that of Student's t over the differences: with three seeds it is wide, which
    is what three seeds are worth.
    """
    differences = np.subtract(values, baseline)
    mean = float(differences.mean())
    if len(differences) == 1:
        return Difference(mean, None, None)
    margin = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1) * stats.sem(differences))
    return Difference(mean, mean - margin, mean + margin)
