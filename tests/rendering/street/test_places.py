import numpy as np
import pytest

from midattr_plugin.rendering.street import places
from midattr_plugin.rendering.street.places import HEIGHT, WIDTH, sample_place
from midattr_plugin.rendering.street.things import THINGS


@pytest.mark.parametrize('table', [places._GROUNDS, THINGS])
def test_shares_add_up(table):
    assert sum(table.values()) == pytest.approx(1)


@pytest.mark.parametrize('kind', places._GROUNDS)
def test_every_ground(kind, monkeypatch):
    monkeypatch.setattr(places, '_GROUNDS', {kind: 1.0})
    ground = places._sample_ground(np.random.default_rng(0))
    assert ground.shape == (HEIGHT, WIDTH, 3) and np.isfinite(ground).all()
    blue, green, red = ground.mean((0, 1))
    assert (green > max(blue, red) + 10) == (kind == 'grass')
    assert 1 < ground.std((0, 1)).mean() < 60


@pytest.mark.parametrize('paint', THINGS)
def test_every_thing_stands_on_its_row(paint, monkeypatch):
    monkeypatch.setattr(places, 'THINGS', {paint: 1.0})
    changed = np.zeros((HEIGHT, WIDTH), bool)
    for seed in range(6):
        picture = np.full((HEIGHT, WIDTH, 3), 500, np.float32)
        places._paint_thing(picture, np.random.default_rng(seed))
        assert np.isfinite(picture).all()
        changed |= (picture != 500).any(2)
    assert 0.001 < changed.mean() < 0.5


def test_same_place_again():
    one, again, other = (sample_place(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.pixels, again.pixels)
    assert one.pixels.shape == (HEIGHT, WIDTH, 3) and one.pixels.dtype == np.uint8
    assert np.abs(one.pixels.astype(float) - other.pixels).mean() > 5


def test_the_largest_window_fits(monkeypatch):
    """A window of 128 x 256 pixels is up to 1.6 times as large in the place."""
    place = sample_place(np.random.default_rng(0))
    low, high = place.zoom
    assert 1 / low < 1.6 and 256 * high < HEIGHT and 128 * high < WIDTH
