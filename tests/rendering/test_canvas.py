import numpy as np
import pytest

from midattr_plugin.rendering.canvas import (
    Canvas,
    Light,
    blot_map,
    ellipse,
    fold_map,
    limb,
    rounded_box,
)

_RED = np.array([0, 0, 200], np.float32)


def _canvas(light=None):
    return Canvas(np.full((60, 40, 3), 100, np.float32), light or Light())


def test_paint_stays_inside_the_shape():
    canvas = _canvas()
    canvas.paint([ellipse(np.array([20.0, 30.0]), 8, 12)], _RED, 5)
    y, x = np.mgrid[:60, :40]
    distance = ((x - 20) / 8) ** 2 + ((y - 30) / 12) ** 2
    np.testing.assert_array_equal(canvas.pixels[distance > 1.6], 100)
    assert (canvas.pixels[distance < 0.5][:, 2] > 120).all()
    assert (canvas.pixels[distance < 0.5][:, 0] < 5).all()


def test_union_of_overlapping_shapes_has_no_hole():
    canvas = _canvas()
    canvas.paint(
        [rounded_box(np.array([20.0, 25.0]), 9, 9), rounded_box(np.array([20.0, 33.0]), 9, 9)],
        _RED,
        3,
    )
    assert (canvas.pixels[18:40, 14:26, 0] < 5).all()


@pytest.mark.parametrize('place', [(-50.0, 30.0), (20.0, 300.0)])
def test_shape_outside_the_picture(place):
    canvas = _canvas()
    canvas.paint([ellipse(np.array(place), 8, 8)], _RED, 5)
    assert (canvas.pixels == 100).all()


def test_shape_across_the_rim():
    canvas = _canvas()
    canvas.paint([ellipse(np.array([0.0, 0.0]), 8, 8)], _RED, 5)
    assert canvas.pixels[0, 0, 0] < 5


def test_the_side_towards_the_lamp_is_brighter():
    canvas = _canvas(Light(x=-1, y=0, contrast=0.6))
    canvas.paint([limb(np.array([20.0, 15.0]), np.array([20.0, 45.0]), 8, 8)], _RED, 9)
    assert canvas.pixels[30, 15, 2] > canvas.pixels[30, 25, 2] + 20


def test_folds_opacity_and_texture():
    plain, folded = _canvas(), _canvas()
    for canvas, folds in ((plain, 0.0), (folded, 0.2)):
        canvas.paint([ellipse(np.array([20.0, 30.0]), 12, 20)], _RED, 5, folds, (7, 9))
    assert np.abs(plain.pixels - folded.pixels).max() > 5
    veil = _canvas()
    veil.paint([ellipse(np.array([20.0, 30.0]), 12, 20)], _RED, 5, opacity=0.5)
    assert 45 < veil.pixels[30, 20, 0] < 55
    textured = _canvas()
    textured.paint(
        [ellipse(np.array([20.0, 30.0]), 12, 20)],
        lambda x, y: (
            np.where((x < 20)[..., None], _RED, 0 * _RED) * np.ones((y.size, 1, 1), np.float32)
        ),
        5,
    )
    assert textured.pixels[30, 14, 2] > 100 > 5 > textured.pixels[30, 26, 2]


def test_noise_maps():
    assert fold_map().shape == blot_map().shape == (512, 512)
    assert np.abs(fold_map()).max() <= 1
    blots = blot_map()
    assert blots.min() == 0 and blots.max() == 1
    # cyclic: the step over the rim is as smooth as those inside
    assert np.abs(blots[0] - blots[-1]).max() < 0.5
    assert np.abs(blots[:, 0] - blots[:, -1]).max() < 0.5
