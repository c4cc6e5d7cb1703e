from dataclasses import replace

import numpy as np
import pytest

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.headwear import paint_hat, paint_hood
from midattr_plugin.rendering.street.scalp import Scalp
from midattr_plugin.rendering.street.wearer import sample_wearer

_RED = np.array([0, 0, 255], np.float32)


def _painted(paint, hat='beanie', yaw=0.0, fur=None):
    """Return the red channel (128, 128) of a head in red, and the row of its middle."""
    wearer = sample_wearer(0, 1)
    hair = replace(wearer.hair, hat=hat, hat_color=_RED)
    cloth = replace(wearer.top.cloth, base=_RED)
    wearer = replace(wearer, hair=hair, top=replace(wearer.top, cloth=cloth, fur=fur))
    stance = Stance(0.0, 0.05, ('down', 'down'), 0.0, 0.0)
    scalp = Scalp(Figure(wearer, stance, View(yaw, 0.0, 1e6, 64, 240, 450, 450)))
    canvas = Canvas(np.zeros((128, 128, 3), np.float32), Light())
    paint(canvas, scalp)
    return canvas.pixels, int(scalp.figure.px(scalp.center)[1])


@pytest.mark.parametrize('yaw', [0.0, np.pi / 2, np.pi])
@pytest.mark.parametrize('hat', ['beanie', 'cap', 'brim'])
def test_hats_cover_the_upper_head_only(hat, yaw):
    pixels, middle = _painted(paint_hat, hat, yaw)
    assert (pixels[:middle, :, 2] > 50).sum() > 300
    assert not pixels[middle:].any()


def test_the_peak_of_a_cap_is_ahead():
    (right, _), (left, _) = (_painted(paint_hat, 'cap', yaw) for yaw in (np.pi / 2, -np.pi / 2))
    assert (right[:, 90:, 2] > 50).any() and not (right[:, :38, 2] > 50).any()
    assert (left[:, :38, 2] > 50).any() and not (left[:, 90:, 2] > 50).any()


def test_a_hood_shows_a_face_from_the_front_only():
    front, middle = _painted(paint_hood)
    back, _ = _painted(paint_hood, yaw=np.pi)
    assert front[middle + 5, 64, 1] > 20 and back[middle + 5, 64, 1] == 0
    assert back[middle + 5, 64, 2] > 100


def test_fur_frames_the_face():
    fur = np.array([0, 255, 0], np.float32)
    green = [(_painted(paint_hood, fur=color)[0][..., 1] > 150).sum() for color in (None, fur)]
    assert green[0] < 50 < 200 < green[1]
