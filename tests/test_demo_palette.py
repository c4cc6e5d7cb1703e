import numpy as np

from midattr_plugin.demo.palette import BAGS, OUTSIDE, SHADES, contrasting, mix, shade


def test_shade_stays_near_its_colour():
    for name, shades in SHADES.items():
        for pick in (0., .3, .999):
            colour = shade(name, pick, np.array([1., -1., 1.]))
            base = shades[int(pick * len(shades))]
            assert np.abs(colour - base).max() < .12 * base.max() + 15


def test_unannotated_colours_have_shades():
    assert all(name in SHADES for names in OUTSIDE.values() for name in names)


def test_mix():
    np.testing.assert_allclose(mix(np.array([0., 10, 20]), np.array([100., 10, 0]), .25),
                               [25, 10, 15])


def test_contrasting_takes_the_first_that_differs():
    black, white = np.zeros(3, np.float32), np.full(3, 255, np.float32)
    assert contrasting((black, white), np.array([0, 1]), black) is white
    assert contrasting((black, white), np.array([0, 1]), white) is black
    # nothing differs: the first in order, whatever it is
    assert contrasting((black, black), np.array([1, 0]), black) is black
    assert len(BAGS) > 3
