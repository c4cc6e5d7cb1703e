"""Spreads and confidence intervals, by hand and against SciPy's paired t-test."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from midattr_plugin.compare.intervals import paired_difference, spread

PERCENT = st.floats(0, 100)


def test_spread_by_hand():
    value = spread([1.0, 2.0, 6.0])
    assert value.mean == 3
    assert value.std == pytest.approx(math.sqrt((4 + 1 + 9) / 2))


def test_one_value_has_no_spread():
    assert spread([5.0]).std is None
    difference = paired_difference([5.0], [3.0])
    assert (difference.mean, difference.low, difference.high) == (2, None, None)
    assert not difference.excludes_zero


@pytest.mark.filterwarnings('ignore:Precision loss')  # of nearly equal differences
@given(st.lists(st.tuples(PERCENT, PERCENT), min_size=2, max_size=6))
def test_interval_equals_scipys(pairs):
    ours, theirs = zip(*pairs, strict=True)
    difference = paired_difference(ours, theirs)
    assert difference.mean == pytest.approx(sum(a - b for a, b in pairs) / len(pairs), abs=1e-9)
    interval = ttest_rel(ours, theirs).confidence_interval(0.95)
    if not math.isnan(interval.low):
        assert difference.low == pytest.approx(interval.low, abs=1e-6)
        assert difference.high == pytest.approx(interval.high, abs=1e-6)


def test_zero_excluded():
    assert paired_difference([5.0, 6.0, 5.5], [1.0, 2.0, 1.4]).excludes_zero
    assert paired_difference([1.0, 2.0, 1.4], [5.0, 6.0, 5.5]).excludes_zero
    assert not paired_difference([5.0, 1.0], [1.0, 5.0]).excludes_zero
    assert paired_difference([2.0, 2.0], [1.0, 1.0]).excludes_zero
