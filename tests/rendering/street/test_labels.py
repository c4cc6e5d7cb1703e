"""What is painted is what the labels say, for people as they are sampled."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.shades import SHADES
from midattr_plugin.rendering.street.walker import paint_walker
from midattr_plugin.rendering.street.wearer import sample_wearer

_COUNT = 90
_GRAY, _GREEN, _BLUE, _RED = (
    np.array(color, np.float32)
    for color in ((110, 110, 110), (10, 240, 10), (240, 10, 10), (10, 10, 240))
)
_STANCE = Stance(0.0, 0.05, ('down', 'down'), 0.0, 0.0)


@cache
def _people():
    return [sample_wearer(5, pid, neighbors=(pid - 1) % 30) for pid in range(1, _COUNT + 1)]


def _bare(person, **changes):
    """Return a person without what hides arms and legs: bags, scarf, gloves, tights, boots."""
    look = replace(person.look, backpack=False, bag=False, handbag=False)
    plain = {'look': look, 'scarf': None, 'gloves': False, 'shoes': 'shoes', 'shoe_color': _GRAY}
    bottom = replace(person.bottom, tights=None)
    hair = replace(person.hair, color=_GRAY, hat_color=_GRAY)
    return replace(person, **{**plain, 'bottom': bottom, 'hair': hair, **changes})


def _dyed(garment, base, second=None):
    return replace(
        garment,
        cloth=replace(garment.cloth, base=base, second=base if second is None else second),
        **({'tights': None} if hasattr(garment, 'tights') else {'fur': None, 'trim': None}),
    )


def _painted(person, yaw=0.0):
    view = View(yaw, 0.0, 1e6, 64, 128, 230, 230)
    figure = Figure(person, _STANCE, view)
    canvas = Canvas(np.full((256, 128, 3), 128, np.float32), Light(0.0, 0.0, 0.0))
    paint_walker(canvas, figure)
    return canvas.pixels, figure


def _shows(pixels, color):
    """Return where (...) the pixels (..., 3) have the hue of a vivid color."""
    channel = int(np.argmax(color))
    others = np.delete(pixels, channel, axis=-1).max(-1)
    return pixels[..., channel] > 1.5 * others


def _between(figure, first, second, share):
    a, b = figure.joints[first], figure.joints[second]
    x, y = figure.px(a + share * (b - a)).astype(int)
    return y, x


def test_forearms_are_bare_below_short_sleeves_only():
    for person in _people():
        colored = _bare(person, skin=_RED, top=_dyed(person.top, _GREEN))
        pixels, figure = _painted(colored)
        for side in 'lr':
            forearm = pixels[_between(figure, f'elbow_{side}', f'hand_{side}', 0.4)]
            expected = _RED if person.look.short_sleeves else _GREEN
            assert _shows(forearm, expected), (person.top.kind, person.top.sleeve)
    assert 10 < sum(person.look.short_sleeves for person in _people()) < _COUNT - 10


def test_shins_are_bare_below_short_clothes_only():
    checked = {True: 0, False: 0}
    for person in _people():
        if person.top.hem > 0.7:
            continue  # a coat, whatever is under it
        colored = _bare(person, skin=_RED)
        colored = replace(colored, bottom=_dyed(colored.bottom, _BLUE))
        pixels, figure = _painted(colored)
        for side in 'lr':
            share, expected = (0.4, _RED) if person.look.short_lower else (0.1, _BLUE)
            shin = pixels[_between(figure, f'knee_{side}', f'ankle_{side}', share)]
            assert _shows(shin, expected), (person.bottom.kind, person.bottom.end)
        checked[person.look.short_lower] += 1
    assert min(checked.values()) >= 10


@pytest.mark.parametrize('yaw', [0.0, np.pi / 2, np.pi, -np.pi / 2])
def test_a_hat_is_on_the_heads_that_have_the_label(yaw):
    hatted = [person for person in _people() if person.look.hat]
    others = [person for person in _people() if not person.look.hat]
    assert len(hatted) > 3
    for person in (*hatted, *others[:12]):
        colored = _bare(person, hair=replace(person.hair, color=_GRAY, hat_color=_BLUE))
        pixels, figure = _painted(colored, yaw)
        x, y = figure.px(figure.head - (0, 0.6 * figure.head_half[1], 0)).astype(int)
        assert _shows(pixels[y, x], _BLUE) == person.look.hat


@cache
def _references():
    """Return samples (n, 3) of all shades, and their labels."""
    names = [name for name in SHADES for _ in range(40)]
    colors = [SHADES[name].sample(np.random.default_rng(seed)) for seed, name in enumerate(names)]
    return np.stack(colors), [SHADES[name].label for name in names]


def _name(color):
    """Return the label of the sample of a shade that is most like a color (3,)."""
    colors, names = _references()
    return names[np.abs(colors - color).sum(1).argmin()]


@pytest.mark.parametrize('part', ['top', 'bottom'])
def test_labels_name_the_colors_of_the_cloth(part):
    garments = [getattr(person, part) for person in _people()]
    named = [(_name(g.cloth.base), g.colors[0]) for g in garments]
    named += [(_name(g.cloth.second), g.colors[1]) for g in garments if len(g.colors) > 1]
    assert np.mean([name == label for name, label in named]) > 0.95
    two = named[len(garments) :]
    assert len(two) > 2 and sum(name == label for name, label in two) >= len(two) - 1


def test_garments_of_two_labels_show_two_colors():
    tops = [p for p in _people() if len(set(p.look.upper)) == 2 and p.top.sleeve > 0.2]
    bottoms = [p for p in _people() if len(set(p.look.lower)) == 2 and not p.dress]
    assert len(tops) >= 5 and len(bottoms) >= 1
    for person in tops:
        colored = _bare(person, skin=_GRAY, top=_dyed(person.top, _BLUE, _RED))
        assert _least_share(replace(colored, bottom=_dyed(colored.bottom, _GRAY))) > 0.08
    for person in bottoms:
        colored = _bare(person, skin=_GRAY, top=_dyed(person.top, _GRAY))
        assert _least_share(replace(colored, bottom=_dyed(colored.bottom, _BLUE, _RED))) > 0.08


def _least_share(person):
    pixels, _ = _painted(person)
    first, second = (_shows(pixels, color).sum() for color in (_BLUE, _RED))
    return min(first, second) / (first + second)


@pytest.mark.parametrize('part', ['top', 'bottom'])
def test_garments_of_one_label_have_its_color(part):
    """But for few, which have stripes or checks in a lighter or darker tone of it."""
    right, count = 0, 0
    for person in _people():
        garment = getattr(person, part)
        labels = set(garment.colors)
        if len(labels) != 1:
            continue
        vivid, white = (
            _painted(_bare(person, skin=_GRAY, **{part: _dyed(garment, color)}))[0]
            for color in (_GREEN, np.full(3, 255, np.float32))
        )
        mask = _shows(vivid, _GREEN)
        if mask.sum() < 200:
            continue  # under a coat
        shown = _painted(_bare(person, skin=_GRAY))[0][mask].mean(0)
        color = 255 * shown / white[mask].mean(0)  # without the shading
        right += _name(color) in labels
        count += 1
    assert count > 0.7 * _COUNT and right > 0.93 * count
