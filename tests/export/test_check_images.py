"""Images with which files are checked."""

import numpy as np
import pytest

from helpers.fake_market import write_image
from midattr_plugin.errors import InputError
from midattr_plugin.export import check_images
from midattr_plugin.export.check_images import generated_images, images_of


def test_evenly_from_all(tmp_path, monkeypatch):
    monkeypatch.setattr(check_images, 'MOST', 4)
    for number in range(10):
        write_image(tmp_path / f'{number}.png', size=(10 + number, 20))
    assert [image.shape for image in images_of(tmp_path)] == [
        (20, 10 + number, 3) for number in (0, 2, 5, 7)
    ]
    (tmp_path / '2.png').write_bytes(b'none')
    with pytest.raises(InputError, match='2.png'):
        images_of(tmp_path)


def test_generated():
    images, again = generated_images((64, 32)), generated_images((64, 32))
    assert len(images) > 30
    assert all(np.array_equal(a, b) for a, b in zip(images, again, strict=True))
    assert len({image.shape for image in images}) > 20
    assert all(image.dtype == np.uint8 and image.ndim == 3 for image in images)
    assert generated_images((1, 1))
