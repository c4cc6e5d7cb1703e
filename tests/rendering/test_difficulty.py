import numpy as np
import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.rendering.cameras import CAMERAS, camera_scene
from midattr_plugin.rendering.difficulty import DIFFICULTY, HARDEST, Difficulty
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.photo import photograph
from midattr_plugin.rendering.traits import sample_traits


def test_default_is_the_declared_constant():
    assert Difficulty() == Difficulty.uniform(DIFFICULTY)


@pytest.mark.parametrize('strength', [-0.1, 4.5, float('nan'), float('inf')])
def test_outside_of_the_range(strength):
    with pytest.raises(InputError, match='--difficulty is .*; give a number from 0 to 4'):
        Difficulty.uniform(strength)


def test_pictures_of_a_person_differ_more_when_it_is_harder():
    def spread(strength):
        pictures = [
            photograph(
                Look(),
                sample_traits(0, 5),
                5,
                camera,
                camera_scene(camera, 0),
                frame,
                0,
                Difficulty.uniform(strength),
            )
            for camera in CAMERAS
            for frame in range(3)
        ]
        return np.stack(pictures)[:, 32:96, 20:44].astype(float).std(0).mean()

    spreads = [spread(strength) for strength in (0, 0.5, 1, 2)]
    assert spreads == sorted(spreads) and spreads[2] > 1.3 * spreads[0]


@pytest.mark.parametrize('strength', [0, HARDEST])
def test_extremes_can_be_painted(strength):
    for frame in range(12):
        camera = CAMERAS[frame % 6]
        picture = photograph(
            Look(backpack=True),
            sample_traits(0, 5),
            5,
            camera,
            camera_scene(camera, 0),
            frame,
            0,
            Difficulty.uniform(strength),
        )
        assert picture.shape == (128, 64, 3) and picture.dtype == np.uint8


def test_walks_share_their_light_and_no_other_walk():
    """Median brightness of pictures that differ in nothing else."""
    light_alone = Difficulty(0, 1, 0, 0, 0, 0)

    def brightness(pid, camera, frame):
        scene = camera_scene(camera, 0)
        traits = sample_traits(0, 1)
        picture = photograph(Look(), traits, pid, camera, scene, frame, 0, light_alone, 0.0)
        return np.log(np.median(picture[40:60, 26:38], (0, 1)).sum())

    walks = np.array(
        [
            [[brightness(pid, camera, frame) for frame in range(4)] for camera in CAMERAS[:3]]
            for pid in range(1, 9)
        ]
    )
    within = walks.std(2).mean()
    between = walks.mean(2).std(1).mean()
    assert between > 1.3 * within
