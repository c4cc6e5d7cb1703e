from dataclasses import replace

import numpy as np
import pytest

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.hair import CUTS, Head
from midattr_plugin.rendering.street.wardrobe import HAIR_STYLES, LONG_HAIR
from midattr_plugin.rendering.street.wearer import sample_wearer

_GREEN = np.array([0, 255, 0], np.float32)
_RED = np.array([0, 0, 255], np.float32)
_PLAIN = {'volume': 0.5, 'length': 0.5, 'fringe': 0.1, 'thin': False, 'beard': False, 'hat': None}
_STANCE = Stance(0.0, 0.05, ('down', 'down'), 0.0, 0.0)


def _painted(yaw, hood_up=False, pitch=0.3, **hair):
    """Return which pixels (256, 256) of a head are green as its hair, and the figure."""
    wearer = sample_wearer(1, 1)
    hair = replace(wearer.hair, color=_GREEN, hat_color=_RED, **{**_PLAIN, **hair})
    view = View(yaw, pitch, 8.0, 128, 480, 900, 900)  # head and shoulders
    figure = Figure(replace(wearer, hair=hair), _STANCE, view)
    canvas = Canvas(np.full((256, 256, 3), 128, np.float32), Light())
    head = Head(figure, hood_up)
    behind = figure.view.facing() < 0.1
    for paint in (head.paint, head.paint_hanging_hair)[:: 1 if behind else -1]:
        paint(canvas)
    pixels = canvas.pixels
    return pixels[..., 1] > 2 * np.maximum(pixels[..., 0], pixels[..., 2]), figure


def test_every_style_has_a_cut_and_only_long_hair_hangs():
    styles = {style for table in HAIR_STYLES.values() for style in table}
    assert CUTS.keys() | {'bald'} == styles
    hangs = {style for style, cut in CUTS.items() if cut.hang is not None}
    assert hangs == LONG_HAIR - {'ponytail', 'bun'}


@pytest.mark.parametrize('yaw', [0.0, 1.6, np.pi, 4.7])
@pytest.mark.parametrize('style', sorted(LONG_HAIR - {'ponytail', 'bun'}))
def test_hair_that_hangs_covers_more_than_short_hair_from_every_side(style, yaw):
    hanging, figure = _painted(yaw, style=style)
    short, _ = _painted(yaw, style='short')
    assert hanging.sum() > 1.4 * short.sum() > 0
    chin = int(figure.px(figure.head + (0, figure.head_half[1], 0))[1])
    assert hanging[chin - 8 : chin].any() and not short[chin - 8 :].any()


def test_from_behind_long_hair_hides_the_ears_that_short_hair_shows():
    ears = {
        style: _painted(np.pi, style=style)[0][:, 124:132].sum() for style in ('short', 'layered')
    }
    assert ears['layered'] > ears['short']
    hair, figure = _painted(np.pi, pitch=0.0, style='layered')
    bare, _ = _painted(np.pi, pitch=0.0, style='short')
    x, y = figure.px(figure.head + (1.02 * figure.head_half[0], 0.008, 0)).astype(int)
    assert hair[y, x] and not bare[y, x]


def test_a_profile_keeps_its_face():
    hair, figure = _painted(np.pi / 2, pitch=0.0, style='layered')
    x, y = figure.px(figure.head + (0, 0.02, 0.8 * figure.head_half[2])).astype(int)
    assert not hair[y, x]


def test_long_hair_sticks_out_of_a_hood_and_short_hair_does_not():
    out, _ = _painted(0.0, hood_up=True, style='long', length=0.9)
    within, _ = _painted(0.0, hood_up=True, style='long', length=0.2)
    short, _ = _painted(0.0, hood_up=True, style='short', length=0.9)
    assert out.sum() > 300 and within.sum() == short.sum() == 0


def test_hats_flatten_the_hair_under_them():
    free, figure = _painted(0.5, pitch=0.0, style='curls', volume=0.9)
    hatted, _ = _painted(0.5, pitch=0.0, style='curls', volume=0.9, hat='beanie')
    crown = int(figure.px(figure.head - (0, 0.7 * figure.head_half[1], 0))[1])
    assert free[:crown].any() and not hatted[:crown].any() and hatted[crown:].any()


def test_hair_is_thin_on_some_crowns():
    full, thin = (
        _painted(np.pi, pitch=0.6, style='short', thin=thin)[0].sum() for thin in (False, True)
    )
    assert thin < 0.9 * full


def test_beards_darken_the_lower_face():
    with_beard, without = (
        _painted(0.0, style='short', beard=beard)[0].sum() for beard in (True, False)
    )
    assert with_beard > 1.1 * without
