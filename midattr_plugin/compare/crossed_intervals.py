"""Confidence interval of a difference over seeds and test identities, both taken as samples.

Training is random, and so is whom the test shows: another seed gives another difference, and so do
other people. A bootstrap over seeds alone, or over identities alone, of a mean has a variance in
closed form, which is used here, so that a report has no random numbers. What seeds and identities
have in common is in both of them, and subtracted once (Cameron, Gelbach and Miller, Robust
inference with multiway clustering, JBES 29, 2011). A bootstrap that draws both at once would count
it three times (Owen, The pigeonhole bootstrap, AOAS 1, 2007).

Shapes: S seeds, I identities.
"""

from collections.abc import Sequence

import numpy as np

from midattr_plugin.compare.intervals import (
    SEEDS_AND_IDENTITIES,
    Difference,
    VariancePart,
    differ,
)


def crossed_difference(seeds: Sequence[int], sums: np.ndarray, counts: np.ndarray) -> Difference:
    """Return the mean difference over all queries and its interval.

    Args:
        seeds: S seeds, at least 2.
        sums: differences summed over the queries of an identity (S, I), I at least 2.
        counts: queries of each identity (I,).
    """
    num_seeds, num_identities = sums.shape
    shares = counts / counts.sum()
    by_seed = sums.sum(1) / counts.sum()
    mean = by_seed.mean()
    # additive parts of the mean over seeds and identities: those of a seed sum to by_seed - mean
    deviations = sums / counts.sum() - mean * shares
    of_seeds, of_identities = by_seed - mean, deviations.mean(0)
    common = deviations - of_seeds[:, None] * shares - of_identities
    correction = num_identities / (num_identities - 1)
    seed_variance = (of_seeds**2).sum() / (num_seeds * (num_seeds - 1))
    identity_variance = (of_identities**2).sum() * correction
    common_variance = (common**2).sum() * correction / (num_seeds * (num_seeds - 1))
    return Difference(
        float(mean),
        tuple(seeds),
        SEEDS_AND_IDENTITIES,
        (
            VariancePart(float(seed_variance), num_seeds - 1),
            VariancePart(max(0.0, float(identity_variance - common_variance)), num_identities - 1),
        ),
        has_spread=differ(by_seed),
    )
