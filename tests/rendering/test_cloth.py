from itertools import combinations

import numpy as np
import pytest

from midattr_plugin.rendering.cloth import make_cloth
from midattr_plugin.rendering.palette import OUTSIDE, SHADES
from midattr_plugin.rendering.traits import sample_traits


def _nearest(color):
    """Return the name of the shade that is nearest to a color."""
    return min(SHADES, key=lambda name: min(np.abs(color - shade).max() for shade in SHADES[name]))


def _pair(cloth):
    return frozenset((_nearest(cloth.base), _nearest(cloth.second)))


@pytest.mark.parametrize('where', ['upper', 'lower'])
def test_unlabeled_garments_have_any_two_colors_or_one_outside_the_labels(where):
    pairs, patterns, alone = set(), set(), set()
    mixed = 0
    for pid in range(1, 1502):
        garment = getattr(sample_traits(1501, pid), where)
        cloth = make_cloth((), garment, where)
        if cloth.pattern in ('stripes', 'checks', 'print', 'halves') and len(_pair(cloth)) == 2:
            pairs.add(_pair(cloth))
            patterns.add((cloth.pattern, cloth.phase > 0.5))
        mixed += garment.mixture < 0.5
        if garment.mixture >= 0.5:
            alone.add(OUTSIDE[where][int(garment.outside * len(OUTSIDE[where]))])
    assert len(pairs) == len(list(combinations(SHADES, 2))) == 78
    assert len(patterns) == 8, 'the pattern does not depend on its phase'
    assert alone == set(OUTSIDE[where])
    assert 0.45 < mixed / 1501 < 0.55


def test_labeled_garments_keep_their_colors():
    for pid in range(1, 60):
        cloth = make_cloth(('red', 'white'), sample_traits(1501, pid).upper, 'upper')
        assert _pair(cloth) == {'red', 'white'}
