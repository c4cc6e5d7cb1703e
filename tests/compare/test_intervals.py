"""Spreads and confidence intervals over seeds, by hand and against SciPy's paired t-test."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from midattr_plugin.compare.intervals import (
    SEEDS,
    Difference,
    VariancePart,
    paired_difference,
    spread,
)

PERCENT = st.floats(0, 100)


def difference_of(values, baseline):
    """Return the difference of lists, in the order of the seeds."""
    return paired_difference(dict(enumerate(values)), dict(enumerate(baseline)))


def test_spread_by_hand():
    value = spread([1.0, 2.0, 6.0])
    assert value.mean == 3
    assert value.std == pytest.approx(math.sqrt((4 + 1 + 9) / 2))


def test_one_value_has_no_spread():
    assert spread([5.0]).std is None
    difference = difference_of([5.0], [3.0])
    assert (difference.mean, difference.low, difference.high) == (2, None, None)
    assert difference.p_value is None and difference.obstacle == 'fewer than 3 pairs'


@pytest.mark.filterwarnings('ignore:Precision loss')  # of nearly equal differences
@given(st.lists(st.tuples(PERCENT, PERCENT), min_size=2, max_size=6))
def test_interval_equals_scipys(pairs):
    ours, theirs = zip(*pairs, strict=True)
    difference = difference_of(ours, theirs)
    assert difference.mean == pytest.approx(sum(a - b for a, b in pairs) / len(pairs), abs=1e-9)
    expected = ttest_rel(ours, theirs)
    interval = expected.confidence_interval(0.95)
    if not math.isnan(interval.low):
        assert difference.low == pytest.approx(interval.low, abs=1e-6)
        assert difference.high == pytest.approx(interval.high, abs=1e-6)
    if difference.p_value is not None and expected.pvalue > 1e-9:
        assert difference.p_value == pytest.approx(expected.pvalue, rel=1e-5)


def test_pairs_are_those_of_both_in_whatever_order():
    difference = paired_difference({1: 5.0, 2: 7.0, 3: 9.0}, {3: 8.0, 1: 2.0, 4: 0.0})
    assert difference.seeds == (1, 3) and difference.mean == 2 and difference.covers == SEEDS


def test_what_can_be_tested():
    assert difference_of([5.0, 6.0], [1.0, 2.1]).obstacle == 'fewer than 3 pairs'
    same = difference_of([5.0, 6.0, 7.0], [1.0, 2.0, 3.0])
    assert (same.low, same.high) == (4, 4)
    assert same.obstacle == 'the seeds do not differ' and same.p_value is None
    rounded = difference_of([60.1, 60.2, 60.3], [60.0, 60.1, 60.2])
    assert rounded.obstacle == 'the seeds do not differ'
    assert difference_of([5.0, 6.0, 7.0], [1.0, 2.0, 3.1]).p_value < 0.001


def test_parts_are_weighted_by_their_variances():
    """t of 2 degrees of freedom is 4.303, of 100 it is 1.984 (tables)."""
    difference = Difference(
        10.0, (1, 2, 3), parts=(VariancePart(3.0, 2), VariancePart(1.0, 100)), has_spread=True
    )
    assert 10 - difference.low == pytest.approx(2 * (0.75 * 4.3027 + 0.25 * 1.98397), abs=1e-3)


def test_p_value_is_the_level_whose_interval_ends_at_zero():
    parts = (VariancePart(3.0, 2), VariancePart(1.0, 100))
    margin = 10 - Difference(10.0, (1, 2, 3), parts=parts).low
    for mean in (margin, -margin):
        difference = Difference(mean, (1, 2, 3), parts=parts, has_spread=True)
        assert difference.p_value == pytest.approx(0.05, abs=1e-6)
    assert Difference(0.0, (1, 2, 3), parts=parts, has_spread=True).p_value == pytest.approx(1)
    assert 0 < Difference(1e9, (1, 2, 3), parts=parts, has_spread=True).p_value < 1e-9
