"""torchreid's ``random_erase`` (Zhong et al., Random Erasing Data Augmentation)."""

import torch
from torch import Tensor

from midattr_plugin.loading.random_box import sample_places, sample_sizes

PROBABILITY = 0.5
_AREAS, _LEAST_RATIO = (0.02, 0.4), 0.3


def random_erase(images: Tensor, value: Tensor) -> Tensor:
    """Fills a rectangle of half of the images with ``value``, in place.

    Args:
        images: normalized (B, H, W, 3).
        value: (3,). torchreid's is the mean of images that are not normalized.
    """
    count, height, width, _ = images.shape
    heights, widths = sample_sizes(count, height, width, _AREAS, _LEAST_RATIO)
    heights = heights * (torch.rand(count) < PROBABILITY)
    tops, lefts = sample_places(heights, height), sample_places(widths, width)
    # rows of 3 W values: long inner loops
    lines, fill = images.flatten(2), value.to(images).repeat(width)
    boxes = [
        (line[top : top + h, 3 * left : 3 * (left + w)], fill[: 3 * w].expand(h, -1))
        for line, top, left, h, w in zip(
            lines, tops.tolist(), lefts.tolist(), heights.tolist(), widths.tolist(), strict=True
        )
        if h
    ]
    if boxes:
        torch._foreach_copy_(*map(list, zip(*boxes, strict=True)))
    return images
