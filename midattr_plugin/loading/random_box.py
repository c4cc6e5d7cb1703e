"""Random rectangles, with torchreid's distribution for erasing and for patches."""

import torch
from torch import Tensor

_ATTEMPTS = 100


def sample_sizes(
    count: int, height: int, width: int, areas: tuple[float, float], min_ratio: float
) -> tuple[Tensor, Tensor]:
    """Sample the sizes of rectangles that are smaller than the image.

    Each is the first of up to 100 samples that fits.

    Args:
        count: number of rectangles.
        height: height of the image.
        width: width of the image.
        areas: minimum and maximum area, as a fraction of the image.
        min_ratio: minimum ratio of height to width; the maximum is its inverse.

    Returns:
        Heights and widths (count,); zeros where no sample fits.
    """
    shape = count, _ATTEMPTS
    area = torch.empty(shape).uniform_(*areas) * height * width
    ratio = torch.empty(shape).uniform_(min_ratio, 1 / min_ratio)
    heights, widths = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
    fits = (heights < height) & (widths < width)
    first = fits.long().argmax(1, keepdim=True)  # 0 where nothing fits
    heights, widths = ((side * fits).gather(1, first)[:, 0].long() for side in (heights, widths))
    return heights, widths


def sample_places(sizes: Tensor, length: int) -> Tensor:
    """Sample where the sides of rectangles begin.

    Args:
        sizes: (count,), heights or widths of the rectangles.
        length: height or width of the image, beyond which no side may reach.
    """
    return (torch.rand(len(sizes)) * (length - sizes + 1)).long()
