from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from midattr_plugin.rendering.cameras import CAMERAS, camera_scene
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.look import LOWER_COLORS, UPPER_COLORS, Look
from midattr_plugin.rendering.photo import photograph
from midattr_plugin.rendering.traits import sample_traits

_EASY = Difficulty.uniform(0)
_FRONT, _SIDE, _BACK = 0.0, np.pi / 2, np.pi
# Attribute -> the horizontal quarters of the picture, from the top, that may show it.
_PARTS = {
    'hat': (1,),
    'long_hair': (1,),
    'short_sleeves': (1, 2),
    'upper': (1, 2),
    'backpack': (1, 2),
    'bag': (1, 2),
    'handbag': (1, 2),
    'short_lower': (3, 4),
    'trousers': (3, 4),
    'lower': (3, 4),
    'female': (1, 2, 3, 4),
    'age': (1, 2, 3, 4),
}


@pytest.fixture(scope='module')
def scene():
    return camera_scene(CAMERAS[0], 0)


@cache
def _photo(look, pid=3, yaw=_FRONT):
    """Many tests compare with the same pictures."""
    return _fresh_photo(look, pid, yaw)


def _fresh_photo(look, pid=3, yaw=_FRONT, frame=0, difficulty=_EASY):
    scene = camera_scene(CAMERAS[0], 0)
    traits = sample_traits(0, pid)
    picture = photograph(look, traits, pid, CAMERAS[0], scene, frame, 0, difficulty, yaw)
    return picture.astype(float)


def _changed_rows(look, other, yaw=_FRONT):
    """Sum over several people of the change in each row (128,)."""
    return sum(
        np.abs(_photo(look, pid, yaw) - _photo(other, pid, yaw)).sum((1, 2)) for pid in range(1, 7)
    )


def _flipped(look, name):
    if name in ('upper', 'lower'):
        return replace(look, **{name: ('white',)})
    if name == 'age':
        return replace(look, age=0)
    return replace(look, **{name: not getattr(look, name)})


@pytest.mark.parametrize('name, parts', _PARTS.items())
@pytest.mark.parametrize('yaw', [_FRONT, _SIDE, _BACK])
def test_attribute_shows_where_it_belongs(name, parts, yaw):
    look = Look(age=2, upper=('red',), lower=('blue',))
    rows = _changed_rows(look, _flipped(look, name), yaw)
    quarters = rows.reshape(4, 32).sum(1)
    allowed = np.zeros(128, bool)
    for part in parts:
        # shapes do not end at the quarters to the row
        allowed[max(0, 32 * part - 32 - 10) : 32 * part + 10] = True
    assert rows[allowed].sum() > 0.9 * rows.sum(), quarters
    assert rows.sum() / 6 > 1500, 'hardly visible'
    if len(parts) == 4:
        assert quarters.min() > 0.02 * rows.sum(), quarters


def test_backpack_shows_most_from_behind():
    without, carrying = Look(), Look(backpack=True)
    front, back = (_changed_rows(without, carrying, yaw).sum() for yaw in (_FRONT, _BACK))
    assert 0 < front < back
    shown = np.abs(_photo(without, yaw=_BACK) - _photo(carrying, yaw=_BACK)).max(2)
    # the pack covers a large piece of the upper back: rows of the trunk, middle columns
    assert (shown[30:48, 24:40] > 15).mean() > 0.6


@pytest.mark.parametrize(
    'where, colors, box',
    [
        ('upper', UPPER_COLORS, (slice(36, 52), slice(26, 38))),
        ('lower', LOWER_COLORS, (slice(72, 84), slice(26, 38))),
    ],
)
def test_colors_differ_and_unknown_is_none_of_them(where, colors, box):
    def mean(names):
        return np.mean(
            [_photo(Look(**{where: names}), pid, _BACK)[box].mean((0, 1)) for pid in range(1, 9)],
            axis=0,
        )

    means = np.array([mean((color,)) for color in colors])
    gaps = np.linalg.norm(means[:, None] - means[None], axis=2) + 1e3 * np.eye(len(colors))
    assert gaps.min() > 20
    for color, row in zip(colors, means, strict=True):
        blue, green, red = row
        if color in ('red', 'pink', 'brown', 'yellow'):
            assert red > blue
        elif color == 'blue':
            assert blue > red
        elif color == 'green':
            assert green > red and green > blue
    # one person whose color is unknown, and the same one in each of the known colors
    for pid in range(1, 6):
        unknown = _photo(Look(**{where: ()}), pid, _BACK)[box]
        for color in colors:
            assert np.abs(unknown - _photo(Look(**{where: (color,)}), pid, _BACK)[box]).mean() > 5


def test_several_colors_are_both_there():
    spans = []
    for names in (('red',), ('red', 'white')):
        pictures = [_photo(Look(upper=names), pid, _BACK)[36:54, 26:38] for pid in range(1, 13)]
        spans.append(np.mean([np.ptp(picture[..., 1]) for picture in pictures]))
    assert spans[1] > spans[0] + 30


def test_people_with_the_same_attributes_differ():
    look = Look(upper=('black',), lower=('blue',))
    pictures = [_photo(look, pid)[10:118, 20:44] for pid in (1, 2, 3)]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(pictures[a] - pictures[b]).mean() > 5


def test_same_picture_again_and_another_frame():
    one = _fresh_photo(Look(), difficulty=Difficulty(), yaw=None)
    np.testing.assert_array_equal(one, _fresh_photo(Look(), difficulty=Difficulty(), yaw=None))
    other = _fresh_photo(Look(), difficulty=Difficulty(), yaw=None, frame=1)
    assert np.abs(one - other).mean() > 3


@pytest.mark.parametrize('age', range(4))
@pytest.mark.parametrize('female', [False, True])
def test_every_look_can_be_painted_from_every_side(scene, age, female):
    for pid, yaw in enumerate(np.linspace(0, 2 * np.pi, 12), 20):
        look = Look(
            female,
            pid % 2 == 0,
            pid % 3 == 0,
            pid % 2 == 1,
            pid % 3 == 1,
            True,
            True,
            True,
            True,
            age,
            UPPER_COLORS[pid % 3 : pid % 3 + pid % 4],
            (),
        )
        picture = photograph(
            look, sample_traits(0, pid), pid, CAMERAS[pid % 6], scene, 0, 0, yaw=yaw
        )
        assert picture.shape == (128, 64, 3) and picture.dtype == np.uint8
        assert picture.std() > 8


def test_cameras_differ(scene):
    means = [
        photograph(Look(), sample_traits(0, 1), 1, camera, scene, 0, 0).mean((0, 1))
        for camera in CAMERAS
    ]
    gaps = [np.abs(a - b).max() for i, a in enumerate(means) for b in means[:i]]
    assert min(gaps) > 2
