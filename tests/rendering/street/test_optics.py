from dataclasses import replace

import cv2
import numpy as np
import pytest

from midattr_plugin.rendering.street.optics import sample_camera

_SIZE = (128, 64, 3)


@pytest.fixture(scope='module')
def camera():
    """Records what it sees."""
    return replace(
        sample_camera(np.random.default_rng(4)),
        gain=np.ones(3), gamma=1.0, contrast=1.0, saturation=1.0, black=0.0, rows=(128.0, 128.0),
        sharpening=0.0, blur=0.0, noise=0.0, quality=98.0, interlaced=False,
    )  # fmt: skip


def _developed(camera, picture, seed=0):
    return camera.develop(picture.astype(np.float32), np.random.default_rng(seed)).astype(float)


def _edge():
    picture = np.full(_SIZE, 60.0)
    picture[:, 32:] = 180
    return picture


def test_neutral_camera_changes_little(camera):
    gray = np.full(_SIZE, 100.0)
    shown = _developed(camera, gray)
    assert shown.shape == _SIZE
    assert shown.std() < 1 and 70 < shown.mean() < 140  # the exposure drifts


def test_gain_and_saturation(camera):
    warm = replace(camera, gain=np.array([0.7, 1.0, 1.4]))
    blue, _, red = _developed(warm, np.full(_SIZE, 100.0)).mean((0, 1))
    assert red > blue + 40
    tinted = np.full(_SIZE, 100.0) * (0.8, 1, 1.2)
    pale = _developed(replace(camera, saturation=0.0), tinted).mean((0, 1))
    assert np.ptp(pale) < 4 < np.ptp(_developed(camera, tinted).mean((0, 1)))


def test_sharpening_makes_halos_and_blur_takes_them(camera):
    seed = next(s for s in range(20) if np.random.default_rng(s).random(4)[1] > 0.3)
    plain, sharp, soft = (
        _developed(replace(camera, **change), _edge(), seed).mean((0, 2))
        for change in ({}, {'sharpening': 1.5}, {'blur': 1.5})
    )
    assert np.ptp(sharp) > np.ptp(plain) + 20
    assert np.abs(np.diff(soft)).max() < 0.8 * np.abs(np.diff(plain)).max()


def test_noise_and_few_rows(camera):
    noisy = _developed(replace(camera, noise=8.0), np.full(_SIZE, 100.0))
    assert noisy.std() > 3
    fine = np.indices((128, 64)).sum(0)[..., None] % 2 * 120.0 + np.full(_SIZE, 60.0)
    assert _developed(replace(camera, rows=(50.0, 50.0)), fine).std() < 0.5 * fine.std()


def test_cameras_differ_and_some_look_down():
    cameras = [sample_camera(np.random.default_rng(seed)) for seed in range(12)]
    assert min(c.pitch for c in cameras) < 0.2 < 0.4 < max(c.pitch for c in cameras)
    assert 1 <= sum(c.sun is not None for c in cameras) < 12
    colors = np.array([c.place.pixels.mean((0, 1)) for c in cameras])
    gaps = np.linalg.norm(colors[:, None] - colors[None], axis=2) + 1e3 * np.eye(12)
    assert gaps.min() > 0.5


def test_a_window_of_a_place(camera):
    for seed in range(5):
        window = camera.place.window(np.random.default_rng(seed), 128, 256)
        assert window.shape == (256, 128, 3) and window.dtype == np.float32
        assert window.std() > 1
    same = [camera.place.window(np.random.default_rng(1), 128, 256) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert cv2.mean(same[0])[0] > 1
