"""The resize of the runtime, against Pillow's."""

import numpy as np
import PIL
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from midattr_plugin.export.pillow_resize import resize

SIZES = st.integers(1, 90)
HAS_OUR_ORDER = int(PIL.__version__.split('.')[0]) >= 13


def check(image, size):
    expected = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))
    resized = resize(image, size)
    assert resized.dtype == np.uint8
    if HAS_OUR_ORDER:
        assert np.array_equal(resized, expected)
    assert np.abs(resized.astype(int) - expected).max() <= 1


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 9))
def test_pixels_are_pillows(height, width, new_height, new_width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    check(image, (new_height, new_width))


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES, st.booleans())
def test_one_direction(height, width, new, is_height):
    """In which every version of Pillow does the same."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    size = (new, width) if is_height else (height, new)
    expected = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))
    assert np.array_equal(resize(image, size), expected)


@pytest.mark.parametrize('shape', [(128, 64), (256, 128), (1080, 700), (3, 2000), (31, 17)])
@pytest.mark.parametrize('size', [(256, 128), (224, 224), (64, 32)])
def test_sizes_of_people(shape, size):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    image[: shape[0] // 2] = image[: shape[0] // 2] // 255 * 255  # black and white: full swing
    check(image, size)


def test_a_view_is_not_changed():
    image = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    before = image.copy()
    check(np.ascontiguousarray(image[:, ::-1]), (8, 5))
    assert np.array_equal(resize(image[:, ::-1], (8, 5)), resize(before[:, ::-1].copy(), (8, 5)))
    assert np.array_equal(image, before)
