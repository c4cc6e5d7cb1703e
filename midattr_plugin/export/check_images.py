"""Images with which a file is checked or calibrated."""

import os

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.predict.image_files import image_files

MOST = 256
"""Images of a folder that are used; they are taken evenly from all of it."""

_GENERATED = 64


def images_of(path: str | os.PathLike) -> list[NDArray[np.uint8]]:
    """Return images (h, w, 3) of R, G, B that a user has named, ``MOST`` of them at most.

    Args:
        path: of a folder, list or table, see :func:`image_files`.

    Raises:
        InputError: nothing is there, or an image cannot be read.
    """
    files = image_files([path])
    count = min(MOST, len(files))
    return [np.asarray(read_image(files[i * len(files) // count])) for i in range(count)]


def generated_images(size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return images of colored noise, of several sizes around one and the same each time.

    Args:
        size: height and width.
    """
    random = np.random.default_rng(0)
    images = []
    for _ in range(_GENERATED):
        height, width = (max(1, round(side * random.uniform(0.4, 1.6))) for side in size)
        # patches, as a resize would turn noise of single pixels into gray
        patch = max(1, height // 8)
        patches = random.integers(0, 256, (-(-height // patch), -(-width // patch), 3), np.uint8)
        images.append(patches.repeat(patch, 0).repeat(patch, 1)[:height, :width])
    return images
