import numpy as np

from midattr_plugin.rendering.palette import BAGS, OUTSIDE, SHADES, contrasting, mix, shade


def test_shade_stays_near_its_color():
    for name, shades in SHADES.items():
        for pick in (0.0, 0.3, 0.999):
            color = shade(name, pick, np.array([1.0, -1.0, 1.0]))
            base = shades[int(pick * len(shades))]
            assert np.abs(color - base).max() < 0.12 * base.max() + 15


def test_unannotated_colors_have_shades():
    assert all(name in SHADES for names in OUTSIDE.values() for name in names)


def test_mix():
    np.testing.assert_allclose(
        mix(np.array([0.0, 10, 20]), np.array([100.0, 10, 0]), 0.25), [25, 10, 15]
    )


def test_contrasting_takes_the_first_that_differs():
    black, white = np.zeros(3, np.float32), np.full(3, 255, np.float32)
    assert contrasting((black, white), np.array([0, 1]), black) is white
    assert contrasting((black, white), np.array([0, 1]), white) is black
    # nothing differs: the first in order, whatever it is
    assert contrasting((black, black), np.array([1, 0]), black) is black
    assert len(BAGS) > 3
