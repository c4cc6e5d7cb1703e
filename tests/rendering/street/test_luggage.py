from dataclasses import replace

import numpy as np
import pytest

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.luggage import (
    paint_backpack,
    paint_handbag,
    paint_in_hand,
    paint_shoulder_bag,
    paint_straps,
)
from midattr_plugin.rendering.street.wearer import sample_wearer

_COLORS = tuple(np.array(color, np.float32) for color in ((240, 9, 9), (9, 240, 9), (9, 9, 240)))
_BLUE, _GREEN, _RED = range(3)  # of the backpack, the shoulder bag, the handbag


def _painted(paint, *options, yaw=0.0, side=1, arms=('bag', 'bag')):
    """Return which pixels (256, 128) have each color (3,), and the figure."""
    wearer = replace(sample_wearer(0, 1), bag_colors=_COLORS, bag_size=0.5, bag_side=side)
    view = View(yaw, 0.0, 1e6, 64, 128, 230, 230)
    figure = Figure(wearer, Stance(0.0, 0.05, arms, 0.0, 0.0), view)
    canvas = Canvas(np.full((256, 128, 3), 128, np.float32), Light())
    paint(canvas, figure, *options)
    pixels = canvas.pixels
    hues = [pixels[..., i] > 1.5 * np.delete(pixels, i, -1).max(-1) for i in range(3)]
    return hues, figure


def _middle(mask):
    """Return the mean place (x, y) of marked pixels."""
    return np.argwhere(mask).mean(0)[::-1]


def test_a_backpack_is_on_the_back():
    (seen, *others), figure = _painted(paint_backpack, yaw=np.pi / 2)  # walks to the right
    assert seen.sum() > 800 and not np.any(others)
    x, y = _middle(seen)
    back = figure.px(figure.at(0, figure.shoulder_y, -figure.depth))
    hip = figure.px(figure.at(0, figure.hip_y, 0))
    assert x < back[0] and back[1] < y < hip[1]


def test_straps_are_seen_from_the_front():
    front, back = (_painted(paint_straps, yaw=yaw)[0][_BLUE] for yaw in (0.0, np.pi))
    assert front[:, :60].any() and front[:, 68:].any() and not back.any()


@pytest.mark.parametrize('side', [1, -1])
@pytest.mark.parametrize('paint, color', [(paint_shoulder_bag, _GREEN), (paint_handbag, _RED)])
def test_bags_are_on_their_side(paint, color, side):
    hues, figure = _painted(paint, side=side)
    x, y = _middle(hues[color])
    assert hues[color].sum() > 120
    assert (x - 64) * side > 0  # the left of the person is on the right of the picture
    elbow = figure.px(figure.joints['elbow_l'])[1]
    assert y > elbow - 10


def test_a_larger_bag_covers_more():
    small, large = (
        _painted(paint_in_hand, 'l', _COLORS[_RED], size)[0][_RED].sum() for size in (0.0, 1.0)
    )
    assert 10 < small < 0.5 * large


@pytest.mark.parametrize('name', ['l', 'r'])
def test_what_is_held_is_in_that_hand(name):
    hues, figure = _painted(paint_in_hand, name, _COLORS[_RED], 0.5, arms=('hold', 'hold'))
    gap = _middle(hues[_RED]) - figure.px(figure.joints[f'hand_{name}'])
    assert np.linalg.norm(gap) < 0.1 * 230
