import numpy as np

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.scalp import Scalp
from midattr_plugin.rendering.street.wearer import sample_wearer

_RED = np.array([0, 0, 255], np.float32)


def _scalp(yaw=0.0, turn=0.0):
    stance = Stance(0.0, 0.05, ('down', 'down'), 0.0, turn)
    view = View(yaw, 0.0, 1e6, 64, 240, 450, 450)
    return Scalp(Figure(sample_wearer(0, 1), stance, view))


def _red(scalp, *piece, **options):
    canvas = Canvas(np.zeros((128, 128, 3), np.float32), Light())
    scalp.patch(canvas, _RED, *piece, **options)
    return canvas.pixels[..., 2]


def test_upper_and_lower_pieces_are_where_they_should_be():
    scalp = _scalp()
    middle = int(scalp.figure.px(scalp.center)[1])
    upper, lower = _red(scalp, 1.0, np.pi, 0.1, 1.0), _red(scalp, 1.0, np.pi, -1.0, -0.1)
    assert upper[:middle].any() and not upper[middle:].any()
    assert lower[middle:].any() and not lower[: middle - 1].any()


def test_a_face_turned_away_is_not_painted():
    assert _red(_scalp(), 1.0, 0.6, -0.5, 0.2).any()
    assert not _red(_scalp(yaw=np.pi), 1.0, 0.6, -0.5, 0.2).any()


def test_opacity():
    full, half = (_red(_scalp(), 1.0, np.pi, -1, 1, opacity=opacity) for opacity in (1.0, 0.5))
    np.testing.assert_allclose(half, full / 2, atol=0.01)


def test_ahead_follows_the_turn_of_the_head():
    np.testing.assert_allclose(_scalp().ahead(2.0), (0, 0, 2))
    np.testing.assert_allclose(_scalp(turn=np.pi / 2).ahead(2.0), (2, 0, 0), atol=1e-12)
