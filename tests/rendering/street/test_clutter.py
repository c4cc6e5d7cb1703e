import numpy as np
import pytest

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.street.clutter import _PAINTERS, paint_obstacle


def test_obstacles_leave_most_of_the_picture():
    covered = []
    for seed in range(60):
        canvas = Canvas(np.full((256, 128, 3), -50, np.float32), Light())
        paint_obstacle(canvas, np.random.default_rng(seed))
        assert np.isfinite(canvas.pixels).all()
        covered.append((canvas.pixels.max(2) > -45).mean())
    assert max(covered) < 0.6 and np.mean(covered) > 0.03


@pytest.mark.parametrize('paint', _PAINTERS)
def test_everything_covers_something(paint):
    for seed in range(6):
        canvas = Canvas(np.full((256, 128, 3), -50, np.float32), Light())
        paint(canvas, np.random.default_rng(seed), 64.0, np.array([9, 90, 200], np.float32))
        assert np.isfinite(canvas.pixels).all()
        assert 0.003 < (canvas.pixels.max(2) > -45).mean() < 0.6
