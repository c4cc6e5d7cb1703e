"""Holm's correction, by hand and against its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midattr_plugin.compare.holm import holm


def rejected(p_values, level):
    """Return which are rejected, one after another, as Holm describes it."""
    left, found = list(range(len(p_values))), set()
    while left:
        smallest = min(left, key=lambda place: p_values[place])
        if p_values[smallest] * len(left) > level:
            break
        found.add(smallest)
        left.remove(smallest)
    return found


def test_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(1e-9, 1), max_size=8), st.sampled_from([0.01, 0.05, 0.2]))
def test_rejects_what_the_definition_does(p_values, level):
    adjusted = holm(p_values)
    assert {place for place, p in enumerate(adjusted) if p <= level} == rejected(p_values, level)
