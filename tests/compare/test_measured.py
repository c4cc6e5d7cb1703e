"""What rows measured, and their differences: of which scores, and what the intervals cover."""

import pytest

from helpers.fake_queries import made_up_queries
from midattr_plugin.compare.intervals import SEEDS, SEEDS_AND_IDENTITIES
from midattr_plugin.compare.measured import Measured
from midattr_plugin.errors import InputError


def measured(mAPs, kept=(), attribute=70.0, prefix=''):
    """Return a side whose queries all have the mAP of their seed, but for one identity."""
    queries = {
        seed: made_up_queries([mAP / 100 + x for x in (0.1, 0, 0, -0.1, 0, 0)], prefix=prefix)
        for seed, mAP in mAPs.items()
        if seed in kept
    }
    return Measured(
        'row',
        {seed: {'mAP': mAP, 'balanced_accuracy': attribute} for seed, mAP in mAPs.items()},
        queries,
    )


def test_intervals_cover_identities_where_queries_were_kept():
    ours, theirs = {1: 60, 2: 63, 3: 61}, {1: 50, 2: 51, 3: 55}
    difference = measured(ours, (1, 2, 3)).minus(measured(theirs, (1, 2, 3)))
    assert difference['mAP'].covers == SEEDS_AND_IDENTITIES
    assert difference['mAP'].mean == pytest.approx((10 + 12 + 6) / 3)
    assert (
        difference['balanced_accuracy'].covers == SEEDS and difference['balanced_accuracy'].obstacle
    )


@pytest.mark.parametrize('kept', [(), (1, 2)])
def test_earlier_results_have_intervals_over_seeds(kept):
    ours, theirs = {1: 60, 2: 63, 3: 61}, {1: 50, 2: 51, 3: 55}
    difference = measured(ours, (1, 2, 3)).minus(measured(theirs, kept))['mAP']
    assert difference.covers == SEEDS and len(difference.parts) == 1
    assert difference.mean == pytest.approx((10 + 12 + 6) / 3)


def test_seeds_that_differ():
    difference = measured({1: 60, 2: 63, 4: 61}, (1, 2)).minus(measured({1: 50, 3: 51, 4: 55}))
    assert difference['mAP'].seeds == (1, 4) and difference['mAP'].mean == 8
    assert measured({1: 60}).minus(measured({2: 50})) == {}
    assert measured({1: 60}, (1,)).minus(measured({1: 50}, (1,)))['mAP'].low is None


def test_rows_with_other_queries_are_refused():
    sides = [measured({1: 60, 2: 61}, (1, 2), prefix=prefix) for prefix in ('', 'other')]
    with pytest.raises(InputError, match='row and row cannot be compared: they were not tested on'):
        sides[0].minus(sides[1])
