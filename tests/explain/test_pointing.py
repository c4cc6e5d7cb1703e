"""Where items are, and whether a map points at them."""

import numpy as np

from midattr_plugin.explain.pointing import TOLERANCE, differing, pictures_with_items, points_at
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.look import Look


def test_items_are_where_they_are_worn():
    """Hats above, backpacks in the middle, what is on the legs below."""
    looks = {7: Look(hat=True, backpack=True), 8: Look(handbag=True)}
    found = list(pictures_with_items(looks, seed=3, difficulty=Difficulty.uniform(0)))
    kinds = {picture.attribute for picture in found}
    assert {'hat', 'backpack', 'lower_type', 'lower_length'} <= kinds
    for picture in found:
        middle = np.argwhere(picture.item).mean(0)[0] / len(picture.item)
        low, high = {'hat': (0, 0.3), 'backpack': (0.1, 0.65)}.get(picture.attribute, (0.2, 1))
        assert low < middle < high, picture.attribute
        assert picture.image.size == (64, 128)
        if picture.attribute == 'hat':
            assert picture.answer == 1
    assert not any(picture.attribute == 'bag' for picture in found)


def test_differing_ignores_single_pixels():
    a = np.zeros((8, 8, 3), np.uint8)
    b = a.copy()
    b[1:4, 1:4, 1] = 200
    b[6, 6] = 255
    expected = np.zeros((8, 8), bool)
    expected[1:4, 1:4] = True
    assert np.array_equal(differing(a, b), expected)


def test_points_at():
    item = np.zeros((128, 64), bool)
    item[40:50, 20:30] = True
    values = np.zeros((16, 8))  # cells of 8 x 8 pixels
    for row, column, is_hit in ((5, 3, True), (5, 2, True), (7, 3, False), (0, 7, False)):
        map_ = values.copy()
        map_[row, column] = 1
        assert points_at(map_, item) == is_hit
    assert not points_at(values, np.zeros((128, 64), bool))
    assert TOLERANCE < 8
