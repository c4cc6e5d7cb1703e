"""Do maps point at what they speak of? Measured where the truth is known: on rendered people.

A person is drawn twice, with and without an item, and everything else the same. Where the two
pictures differ, there is the item. A map points at it if its largest value lies there (the
pointing game of Zhang et al., Top-down Neural Attention by Excitation Backprop, ECCV 2016).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from midattr_plugin.rendering.cameras import CAMERAS, camera_scene
from midattr_plugin.rendering.difficulty import Difficulty
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.photo import photograph
from midattr_plugin.rendering.traits import sample_traits

ITEMS = {'hat': 'hat', 'backpack': 'backpack', 'bag': 'bag', 'handbag': 'handbag'}
"""Attribute -> field of a look that draws the item."""
LOWER = {'lower_type': 'trousers', 'lower_length': 'short_lower'}
"""The same for what is on the legs, in either class."""
_DIFFERENT = 12  # of 255, in any color
_SMALLEST = 20  # pixels of 128 x 64; less is hidden by an obstacle or by the body
TOLERANCE = 4
"""Pixels around the item in which a map may point, of 128 x 64."""


@dataclass(frozen=True)
class Pointed:
    """A picture with an item.

    Attributes:
        image: RGB, 64 x 128 pixels.
        attribute: which the item is about.
        answer: the class that is true, as an index.
        item: (128, 64) bool, where it is.
    """

    image: Image.Image
    attribute: str
    answer: int
    item: NDArray[np.bool_]


def pictures_with_items(
    looks: dict[int, Look], seed: int, difficulty: Difficulty | None = None, frames: int = 1
) -> Iterator[Pointed]:
    """Yield the pictures by every camera in which an item can be seen.

    Args:
        looks: number of an identity -> its look.
        seed: of the dataset.
        difficulty: of the pictures; None for the default.
        frames: pictures by each camera.
    """
    for camera in CAMERAS:
        scene = camera_scene(camera, seed)
        for pid, look in looks.items():
            traits = sample_traits(seed, pid)
            for frame in range(frames):
                yield from _items_of(
                    look,
                    partial(
                        photograph,
                        traits=traits,
                        pid=pid,
                        camera=camera,
                        scene=scene,
                        frame=frame,
                        seed=seed,
                        difficulty=difficulty,
                    ),
                )


def _items_of(look: Look, take: Callable[[Look], NDArray[np.uint8]]) -> Iterator[Pointed]:
    """Yield one picture of a person for each item in it."""
    picture = take(look)
    image = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    for attribute, field in (ITEMS | LOWER).items():
        is_on = getattr(look, field)
        if is_on or attribute not in ITEMS:
            item = differing(picture, take(replace(look, **{field: not is_on})))
            if item.sum() >= _SMALLEST:
                yield Pointed(image, attribute, int(is_on), item)


def differing(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where two pictures (H, W, 3) differ, as (H, W), without single pixels."""
    mask = np.abs(a.astype(np.int16) - b).max(2) > _DIFFERENT
    return ndimage.binary_opening(mask, np.ones((2, 2)))


def points_at(values: NDArray[np.floating], item: NDArray[np.bool_]) -> bool:
    """Return whether the largest value of a map lies in the item, or within ``TOLERANCE`` of it.

    Args:
        values: (h, w), of any size; interpolated bilinearly.
        item: (H, W).
    """
    size = item.shape[::-1]
    large = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    row, column = np.unravel_index(int(large.argmax()), large.shape)
    return bool(near(item)[row, column])


def near(item: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a map points at an item (H, W): in it, or within ``TOLERANCE`` of it."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE + 1, 2 * TOLERANCE + 1))
    return cv2.dilate(item.astype(np.uint8), disk) > 0
