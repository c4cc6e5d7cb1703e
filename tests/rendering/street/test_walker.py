from dataclasses import replace

import numpy as np
import pytest

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.walker import paint_shadow, paint_walker
from midattr_plugin.rendering.street.wearer import sample_wearer

_GROUND = 140.0


def _painted(wearer, yaw=0.0, pitch=0.3, arms=('swing', 'swing'), **options):
    canvas = Canvas(np.full((256, 128, 3), _GROUND, np.float32), Light())
    view = View(yaw, pitch, 6.0, 64, 128, 210, 210)
    paint_walker(canvas, Figure(wearer, Stance(0.8, 0.4, arms, 0.0, 0.2), view), **options)
    return canvas.pixels


def _change(a, b):
    """Return the changed rows (256,), as a share of the width."""
    return (np.abs(a - b).max(2) > 12).mean(1)


@pytest.mark.parametrize('pid', range(1, 25))
def test_everybody_can_be_painted_from_every_side(pid):
    wearer = sample_wearer(2, pid)
    held = (np.array([250, 250, 250], np.float32), 0.5)
    arms = (('swing', 'pocket'), ('phone', 'hold'), ('bag', 'down'))[pid % 3]
    for yaw in np.linspace(0, 2 * np.pi, 5)[:-1] + 0.1 * pid:
        pixels = _painted(wearer, yaw, 0.03 * pid, arms, is_open=True, hood_up=True, held=held)
        assert np.isfinite(pixels).all()
        shown = np.abs(pixels - _GROUND).max(2) > 10
        assert 0.06 < shown.mean() < 0.6


def _first(condition):
    return next(w for w in (sample_wearer(3, pid) for pid in range(1, 500)) if condition(w))


def test_long_sleeves_cover_the_arms():
    wearer = _first(lambda w: w.top.kind == 'T-shirt' and w.top.cloth.pattern == 'plain')
    other = replace(wearer, top=replace(wearer.top, sleeve=1.0))
    rows = _change(_painted(wearer), _painted(other))
    assert rows[60:150].sum() > 0.9 * rows.sum() > 0.5


def test_trousers_and_hair_show_where_they_belong():
    wearer = _first(
        lambda w: w.bottom.kind == 'jeans' and w.hair.style == 'short' and not w.hair.hat
    )
    cloth = replace(wearer.bottom.cloth, base=np.array([30, 30, 220], np.float32), pattern='plain')
    red = replace(wearer, bottom=replace(wearer.bottom, cloth=cloth))
    rows = _change(_painted(wearer, np.pi), _painted(red, np.pi))
    assert rows[120:].sum() > 0.97 * rows.sum() > 1
    long = replace(wearer, hair=replace(wearer.hair, style='long', length=0.9))
    rows = _change(_painted(wearer, np.pi), _painted(long, np.pi))
    assert rows[:120].sum() > 0.97 * rows.sum() > 0.3


@pytest.mark.parametrize('name', ['backpack', 'bag', 'handbag'])
def test_bags_are_seen_from_some_side(name):
    wearer = _first(lambda w: not (w.look.backpack or w.look.bag or w.look.handbag))
    with_bag = replace(wearer, look=replace(wearer.look, **{name: True}))
    seen = [
        _change(_painted(wearer, yaw), _painted(with_bag, yaw)).sum()
        for yaw in (0, 1.57, 3.14, 4.7)
    ]
    assert max(seen) > 2


def test_an_open_jacket_shows_what_is_under_it():
    wearer = _first(lambda w: w.top.opens and np.ptp(w.top.inner) > 60)
    closed, opened = _painted(wearer), _painted(wearer, is_open=True)
    assert _change(closed, opened).sum() > 0.8
    back = _painted(wearer, np.pi), _painted(wearer, np.pi, is_open=True)
    assert _change(*back).sum() == 0


def test_a_hood_hides_the_hair():
    wearer = _first(lambda w: w.top.hood and not w.hair.hat and w.hair.style == 'short')
    changed = _change(_painted(wearer, np.pi), _painted(wearer, np.pi, hood_up=True))
    assert changed[:90].sum() > 0.9 * changed.sum() > 1


@pytest.mark.parametrize('sun, side', [((1.2, 0.0), 1), ((-1.2, 0.0), -1), (None, 0)])
def test_shadows_fall_away_from_the_sun(sun, side):
    canvas = Canvas(np.full((256, 256, 3), 200, np.float32), Light())
    view = View(0.3, 0.5, 8.0, 128, 110, 150, 150)
    figure = Figure(sample_wearer(0, 1), Stance(0, 0.3, ('down', 'down'), 0, 0), view)
    paint_shadow(canvas, figure, sun, 0.8)
    dark = 200 - canvas.pixels.mean(2)
    assert dark.max() > 20 and dark.min() >= 0
    right, left = dark[:, 150:].sum(), dark[:, :106].sum()
    assert round((right - left) / (right + left)) == side
