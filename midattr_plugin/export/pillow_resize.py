"""Pillow's bilinear resize, with antialiasing, in NumPy: every pixel is the same.

What most runtimes call bilinear looks at four pixels only, also where an image becomes many times
smaller, which changes what a model sees. Pillow, and so every training and test here, widens the
triangle by the factor. Its 8-bit code resizes in one direction, rounds, resizes in the other one
and rounds again, with weights in fixed point (``src/libImaging/Resample.c``). Which direction comes
first changes some values by 1. It is that of Pillow 13; earlier versions begin with the columns.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_BITS = 32 - 8 - 2
"""Binary digits of a weight behind the point: a sum of weighted 8-bit values fits 32 bits."""


def resize(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an image of another size.

    Args:
        image: (h, w, 3).
        size: H and W.

    Returns:
        (H, W, 3), as of ``Image.fromarray(image).resize((W, H), Image.Resampling.BILINEAR)``.
    """
    height, width = size
    fewer_rows, fewer_columns = image.shape[0] - height, image.shape[1] - width
    if fewer_rows > max(0, 2 * fewer_columns):
        image = _resize_columns(_resize_rows(image, height), width)
    else:
        image = _resize_rows(_resize_columns(image, width), height)
    return np.ascontiguousarray(image)


def _resize_columns(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    return _resize_rows(image.swapaxes(0, 1), width).swapaxes(0, 1)


def _resize_rows(image: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    # a product of matrices in float64 is exact here: its sums are whole numbers below 2^53
    before, width, _ = image.shape
    if before == height:
        return image
    sums = _weights(before, height) @ image.reshape(before, -1).astype(np.float64)
    sums += 2 ** (_BITS - 1)
    sums *= 2.0**-_BITS
    # weights that were rounded up may give more than 255 times their sum
    return np.minimum(sums, 255).astype(np.uint8).reshape(height, width, 3)


@lru_cache(maxsize=256)
def _weights(before: int, after: int) -> NDArray[np.float64]:
    """Return the weight (after, before) of each row of an image in each row of the result.

    The order of the operations is Pillow's, down to the last digit.
    """
    scale = before / after
    support = max(scale, 1.0)
    weights = np.zeros((after, before))
    for row in range(after):
        center = (row + 0.5) * scale
        first = max(int(center - support + 0.5), 0)
        end = min(int(center + support + 0.5), before)
        distances = np.abs((np.arange(first, end) - center + 0.5) * (1.0 / support))
        triangle = np.maximum(1.0 - distances, 0.0)
        share = triangle / sum(triangle.tolist())  # NumPy's own sum has another order
        weights[row, first:end] = np.floor(share * 2**_BITS + 0.5)
    return weights
