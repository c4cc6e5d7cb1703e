"""Intervals over seeds and identities: by hand, against bootstraps, and on simulated suites.

``pytest tests/compare/test_crossed_intervals.py --suites 1000 -s`` simulates so many suites of each
kind, and prints a table.
"""

import numpy as np
import pytest

from midattr_plugin.compare.crossed_intervals import crossed_difference
from midattr_plugin.compare.holm import holm
from midattr_plugin.compare.intervals import SEEDS_AND_IDENTITIES

TRUTH = 3.0
# Standard deviations of a row's score, in percentage points: from seed to seed, from identity to
# identity, of both together, and from query to query. A query of Market-1501 has about 20 to 30.
KINDS = {
    'seeds': (3, 3, 10, 10),
    'identities': (1, 20, 5, 10),
    'seeds and identities': (1, 10, 10, 20),
    'seeds hardly': (0.3, 10, 10, 20),
    'seeds not at all': (0, 10, 10, 20),
    'both together': (1, 0, 10, 30),
}
ROWS = 4  # beside a baseline that they share


def simulated(random, kind, num_seeds, num_identities, true_gains, spreads=1.0):
    """Return differences from the baseline, summed by identity (rows, S, I), and counts (I,).

    Half of what varies from query to query is the same for all seeds.
    """
    of_seed, of_identity, of_both, of_query = KINDS[kind]
    shape = (len(true_gains) + 1, num_seeds, num_identities)
    fixed = (shape[0], 1, num_identities)
    counts = random.integers(1, 9, num_identities)
    spreads = np.broadcast_to(spreads, shape[0])[:, None, None]
    scores = (
        of_seed * random.standard_normal((*shape[:2], 1)) + of_both * random.standard_normal(shape)
    ) * spreads
    scores = counts * (scores + of_identity * random.standard_normal(fixed))
    scores += np.sqrt(counts / 2) * of_query * random.standard_normal(fixed)
    scores += np.sqrt(counts / 2) * of_query * random.standard_normal(shape) * spreads
    gains = np.asarray(true_gains)[:, None, None] * counts
    return scores[1:] - scores[:1] + gains, counts


def differences(sums, counts):
    return [crossed_difference(range(len(row)), row, counts) for row in sums]


def test_by_hand():
    """Two seeds, two identities of 1 and 3 queries; differences are the same within each."""
    per_query = np.array([[4.0, 0.0], [8.0, 2.0]])
    difference = crossed_difference([7, 9], per_query * [1, 3], np.array([1, 3]))
    assert difference.mean == pytest.approx((4 + 8 + 3 * 2) / 8)  # 2.25
    assert difference.seeds == (7, 9) and difference.covers == SEEDS_AND_IDENTITIES
    seeds, identities = difference.parts
    # of the seeds 1.0 and 3.5: squared standard error of their mean
    assert (seeds.variance, seeds.freedom) == (pytest.approx(2 * 1.25**2 / 2), 1)
    # of the identities 6 and 1 on average: their shares of the mean deviate by 15/16 and -15/16;
    # seed and identity together by +-3/16, all four alike
    expected = 2 * 2 * (15 / 16) ** 2 - 2 * 4 * (3 / 16) ** 2 / 2
    assert (identities.variance, identities.freedom) == (pytest.approx(expected), 1)


def test_identical_seeds_have_no_spread():
    sums = np.array([[1.0, 5.0, 2.0]] * 3)
    difference = crossed_difference([1, 2, 3], sums, np.array([1, 2, 1]))
    assert not difference.has_spread and difference.obstacle
    assert difference.low < difference.mean < difference.high  # other people


def test_variances_are_those_of_bootstraps():
    """Drawn again with replacement: seeds alone, and identities alone."""
    random = np.random.default_rng(0)
    sums, counts = simulated(random, 'seeds and identities', 6, 80, [TRUTH])
    sums = sums[0]
    seeds, identities = crossed_difference(range(6), sums, counts).parts
    drawn = random.integers(0, 6, (20000, 6))
    means = (sums.sum(1) / counts.sum())[drawn].mean(1)
    assert seeds.variance == pytest.approx(means.var() * 6 / 5, rel=0.05)
    drawn = random.multinomial(80, np.full(80, 1 / 80), 20000)
    means = drawn @ sums.mean(0) / (drawn @ counts)
    # what seeds and identities have in common is subtracted from it
    assert 0.7 * means.var() < identities.variance < 1.02 * means.var()
    alike = np.broadcast_to(sums.mean(0), (2, 80))  # where there is nothing in common
    _, identities = crossed_difference(range(2), alike, counts).parts
    assert identities.variance == pytest.approx(means.var() * 80 / 79, rel=0.05)


@pytest.mark.parametrize('num_seeds', [3, 5, 10])
def test_coverage(suites, num_seeds):
    """93 to 97% of the 95% intervals contain the truth; with three seeds up to 98%.

    The bounds are widened by what so few suites leave to chance.
    """
    chance = 3 * np.sqrt(0.05 * 0.95 / suites)
    for kind in KINDS:
        for num_identities in (50, 200, 750):
            if suites < 1000 and num_identities == 750:
                continue
            random = np.random.default_rng(num_seeds * num_identities)
            found, excluded = [], 0
            for _ in range(suites):
                sums, counts = simulated(random, kind, num_seeds, num_identities, [TRUTH] * ROWS)
                found += [row.low <= TRUTH <= row.high for row in differences(sums, counts)]
                sums -= TRUTH * counts  # now there is no difference
                p_values = [row.p_value for row in differences(sums, counts)]
                excluded += min(holm(p_values)) < 0.05
            covered, false_stars = np.mean(found), excluded / suites
            print(
                f'{kind:22} S {num_seeds:2} I {num_identities:3}: covered {covered:.1%}, '
                f'any false star {false_stars:.1%}'
            )
            assert 0.93 - chance <= covered <= (0.98 if num_seeds == 3 else 0.97) + chance
            assert false_stars <= 0.06 + chance


def test_coverage_where_rows_vary_differently(suites):
    """The reason not to pool variances over rows: one varies three times as much by seed."""
    chance = 3 * np.sqrt(0.05 * 0.95 / suites)
    random = np.random.default_rng(0)
    found = []
    for _ in range(suites):
        spreads = [1, 1, 1, 1, 3]
        sums, counts = simulated(random, 'seeds', 5, 50, [TRUTH] * ROWS, spreads)
        found.append([row.low <= TRUTH <= row.high for row in differences(sums, counts)])
    assert (np.abs(np.mean(found, 0) - 0.95) <= 0.02 + chance).all()
