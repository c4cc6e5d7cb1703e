import numpy as np

from midattr_plugin.rendering.street.shades import SHADES
from midattr_plugin.rendering.street.wardrobe import (
    BOTTOM_FREQUENCIES,
    BOTTOMS,
    HAIR_STYLES,
    HATS,
    LONG_HAIR,
    SEASONS,
    TOP_COLORS,
    TOP_FREQUENCIES,
    TOPS,
    choose,
)


def test_choose_follows_the_weights():
    random = np.random.default_rng(3)
    drawn = [choose(random, {'a': 1, 'b': 3, 'never': 0, 'c': 4}) for _ in range(2000)]
    assert 'never' not in drawn
    for name, share in (('a', 1 / 8), ('b', 3 / 8), ('c', 4 / 8)):
        assert abs(drawn.count(name) / 2000 - share) < 0.04
    assert choose(random, {'only': 0.2}) == 'only'


def test_tables_fit_together():
    who = {(season, female) for season in SEASONS for female in (False, True)}
    assert TOP_FREQUENCIES.keys() == BOTTOM_FREQUENCIES.keys() == who
    assert HATS.keys() == SEASONS.keys()
    assert {name for table in TOP_FREQUENCIES.values() for name in table} == TOPS.keys()
    assert {name for table in BOTTOM_FREQUENCIES.values() for name in table} == BOTTOMS.keys()
    assert LONG_HAIR < {style for table in HAIR_STYLES.values() for style in table}
    tables = [*TOP_COLORS.values(), *(kind.colors for kind in BOTTOMS.values())]
    assert {name for table in tables for name in table} <= SHADES.keys()
    assert {kind.colors for kind in TOPS.values()} == TOP_COLORS.keys()


def test_men_wear_no_skirts_and_nobody_freezes():
    for (season, female), table in BOTTOM_FREQUENCIES.items():
        assert female or all(BOTTOMS[name].trousers for name in table)
        assert season != 'winter' or 'shorts' not in table
    for (season, _), table in TOP_FREQUENCIES.items():
        assert season == 'summer' or all(TOPS[name].sleeve[0] > 0.6 for name in table)
