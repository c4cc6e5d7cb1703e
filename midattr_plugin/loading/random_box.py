"""Sizes of random rectangles, as torchreid draws them for erasing and for patches."""

import torch
from torch import Tensor

_ATTEMPTS = 100


def sample_sizes(
    count: int, height: int, width: int, areas: tuple[float, float], least_ratio: float
) -> tuple[Tensor, Tensor]:
    """Heights and widths (count,) of rectangles that are smaller than the image.

    Each is the first that fits out of 100 draws, with zeros where none does.

    Args:
        areas: least and largest share of the image.
        least_ratio: of height to width; the largest is its inverse.
    """
    shape = count, _ATTEMPTS
    area = torch.empty(shape).uniform_(*areas) * height * width
    ratio = torch.empty(shape).uniform_(least_ratio, 1 / least_ratio)
    heights, widths = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
    fits = (heights < height) & (widths < width)
    first = fits.long().argmax(1, keepdim=True)  # 0 where nothing fits
    return tuple((side * fits).gather(1, first)[:, 0].long() for side in (heights, widths))


def sample_places(sizes: Tensor, room: int) -> Tensor:
    """Where a side of each of the rectangles begins, so that it ends within ``room``."""
    return (torch.rand(len(sizes)) * (room - sizes + 1)).long()
