import numpy as np
import pytest

from midattr_plugin.rendering import distractors
from midattr_plugin.rendering.cameras import CAMERAS, camera_scene
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.distractors import photograph_false_detection, photograph_junk


@pytest.fixture(scope='module')
def scene():
    return camera_scene(CAMERAS[1], 0)


@pytest.mark.parametrize('take', [photograph_junk, photograph_false_detection])
def test_every_picture_differs_and_can_be_taken_again(scene, take):
    pictures = [take(CAMERAS[1], scene, frame, 0) for frame in range(14)]
    assert {picture.shape for picture in pictures} == {(128, 64, 3)}
    assert len({picture.tobytes() for picture in pictures}) == 14
    np.testing.assert_array_equal(pictures[3], take(CAMERAS[1], scene, 3, 0))
    easy = take(CAMERAS[1], scene, 3, 0, Difficulty.uniform(0))
    assert np.abs(pictures[3] - easy.astype(float)).mean() > 1


@pytest.mark.parametrize(
    'take, low, high', [(photograph_junk, 1, 1), (photograph_false_detection, 0.45, 0.75)]
)
def test_share_of_pictures_with_a_person(scene, monkeypatch, take, low, high):
    painted = []
    real = distractors.sample_stranger
    monkeypatch.setattr(
        distractors, 'sample_stranger', lambda *given: painted.append(1) or real(*given)
    )
    shown = []
    for frame in range(60):
        painted.clear()
        take(CAMERAS[1], scene, frame, 0)
        shown.append(bool(painted))
    assert low <= np.mean(shown) <= high
