import numpy as np
import pytest

from midattr_plugin.rendering.street.optics import sample_camera
from midattr_plugin.rendering.street.snapshot import photograph_stray, photograph_wearer
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
