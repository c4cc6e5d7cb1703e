from dataclasses import replace

import numpy as np
import pytest

from midattr_plugin.rendering.street.optics import sample_camera
from midattr_plugin.rendering.street.snapshot import (
    _sample_stance,
    photograph_stray,
    photograph_wearer,
)
from midattr_plugin.rendering.street.wearer import sample_wearer


@pytest.fixture(scope='module')
def camera():
    return sample_camera(np.random.default_rng(8))


def test_same_picture_again_and_another_frame(camera):
    wearer = sample_wearer(0, 4)
    one, again, other = (photograph_wearer(wearer, 4, camera, 1, frame, 0) for frame in (0, 0, 1))
    assert one.shape == (128, 64, 3) and one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.astype(float) - other).mean() > 3


def test_people_fill_their_boxes(camera):
    """The person is in the middle: pictures of different people differ there most."""
    pictures = np.stack(
        [photograph_wearer(sample_wearer(0, pid), pid, camera, 1, 0, 0) for pid in range(1, 30)]
    ).astype(float)
    spread = pictures.std(0).mean(2)
    assert spread[20:108, 24:40].mean() > 1.15 * spread[:, :8].mean()


@pytest.mark.parametrize('is_junk', [False, True])
def test_strays(camera, is_junk):
    pictures = [photograph_stray(camera, 1, frame, 0, is_junk) for frame in range(4)]
    assert {picture.shape for picture in pictures} == {(128, 64, 3)}
    gaps = [
        np.abs(a.astype(float) - b).mean() for a, b in zip(pictures, pictures[1:], strict=False)
    ]
    assert min(gaps) > 2


@pytest.mark.parametrize('side', [1, -1])
@pytest.mark.parametrize('holds', [True, False])
def test_hands_that_carry_are_not_in_a_pocket(side, holds):
    wearer = sample_wearer(0, 1)
    wearer = replace(wearer, bag_side=side, look=replace(wearer.look, handbag=True))
    others = set()
    for seed in range(60):
        arms = _sample_stance(np.random.default_rng(seed), wearer, holds).arms
        left, right = arms
        assert (left if side == 1 else right) == 'bag'
        others.add(right if side == 1 else left)
    assert others == ({'hold', 'swing'} if holds else {'swing', 'down', 'pocket', 'phone', 'hold'})
