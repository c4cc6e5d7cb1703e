"""Means over seeds, and differences between rows with confidence intervals.

The variance of a difference is estimated as a sum of parts, each with its own degrees of freedom:
that of the seeds and, where the results of every query were kept, that of the test identities
(:mod:`.crossed_intervals`). The critical value is the mean of Student's t of the parts, weighted by
their variances (Cochran, Approximate significance levels of the Behrens-Fisher test, Biometrics
20, 1964). With a single part that is Student's interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from scipy import optimize, special, stats

CONFIDENCE = 0.95
MIN_PAIRS = 3
"""Fewer pairs say too little about their spread for a star."""
SEEDS, SEEDS_AND_IDENTITIES = 'seeds', 'seeds and identities'
"""What an interval covers."""

_SMALLEST_P = 1e-12  # smaller ones are not told apart


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation of some values; of a single value ``std`` is None."""

    mean: float
    std: float | None


@dataclass(frozen=True)
class VariancePart:
    """Estimated part of the variance of a mean, with the degrees of freedom of the estimate."""

    variance: float
    freedom: int


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences with its confidence interval.

    Attributes:
        mean: the difference.
        seeds: the seeds that both sides have, a pair each.
        covers: what the interval covers, :data:`SEEDS` or :data:`SEEDS_AND_IDENTITIES`.
        parts: of the variance of the mean; none for a single pair.
        has_spread: whether the pairs differ at all.
    """

    mean: float
    seeds: tuple[int, ...]
    covers: str = SEEDS
    parts: tuple[VariancePart, ...] = ()
    has_spread: bool = False

    @property
    def low(self) -> float | None:
        """Lower end of the confidence interval, None for a single pair."""
        return None if not self.parts else self.mean - self._margin(1 - CONFIDENCE)

    @property
    def high(self) -> float | None:
        """Upper end of the confidence interval, None for a single pair."""
        return None if not self.parts else self.mean + self._margin(1 - CONFIDENCE)

    @property
    def obstacle(self) -> str:
        """Why the difference cannot be tested; '' if it can."""
        if len(self.seeds) < MIN_PAIRS:
            return f'fewer than {MIN_PAIRS} pairs'
        return '' if self.has_spread else 'the seeds do not differ'

    @property
    def p_value(self) -> float | None:
        """Probability of a difference at least this large if there were none; None if untestable.

        It is the level whose interval ends at 0.
        """
        if self.obstacle:
            return None

        def excess(log_p: float) -> float:
            return self._margin(np.exp(log_p)) - abs(self.mean)

        smallest = log(_SMALLEST_P)
        if excess(smallest) <= 0:
            return _SMALLEST_P
        return float(np.exp(optimize.brentq(excess, smallest, 0.0, xtol=1e-9)))

    def _margin(self, level: float) -> float:
        """Return half the width of the interval that misses the truth with this probability."""
        variance = sum(part.variance for part in self.parts)
        if variance == 0:
            return 0.0
        weighted = sum(
            part.variance * -float(special.stdtrit(part.freedom, level / 2)) for part in self.parts
        )
        return weighted / sqrt(variance)


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(float(np.mean(values)), std)


def paired_difference(values: Mapping[int, float], baseline: Mapping[int, float]) -> Difference:
    """Return the difference of ``values`` from ``baseline``, both by seed.

    The interval is that of Student's t over the seeds that both have, of which there must be one.
    It covers other seeds, not other test images. With three seeds it is wide, because three seeds
    say little.
    """
    seeds = tuple(seed for seed in values if seed in baseline)
    differences = np.array([values[seed] - baseline[seed] for seed in seeds])
    if len(seeds) == 1:
        return Difference(float(differences.mean()), seeds)
    part = VariancePart(float(stats.sem(differences) ** 2), len(seeds) - 1)
    return Difference(
        float(differences.mean()), seeds, SEEDS, (part,), has_spread=differ(differences)
    )


def differ(values: np.ndarray) -> bool:
    """Return whether percentages differ by more than rounding errors."""
    return bool(np.ptp(values) > 1e-9)
