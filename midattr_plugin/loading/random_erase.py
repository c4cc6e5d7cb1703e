"""torchreid's ``random_erase`` (Zhong et al., Random Erasing Data Augmentation)."""

import torch
from torch import Tensor

from midattr_plugin.loading.device_copy import constant
from midattr_plugin.loading.random_box import sample_places, sample_sizes

PROBABILITY = 0.5
_AREAS, _MIN_RATIO = (0.02, 0.4), 0.3


def random_erase(images: Tensor, value: tuple[float, ...]) -> Tensor:
    """With probability 0.5, fill a random rectangle of an image with ``value``, in place.

    Args:
        images: (B, H, W, 3) float32, normalized.
        value: three numbers. torchreid fills with the mean of images that are not normalized.
    """
    count, height, width, _ = images.shape
    heights, widths = sample_sizes(count, height, width, _AREAS, _MIN_RATIO)
    heights = heights * (torch.rand(count) < PROBABILITY)
    tops, lefts = sample_places(heights, height), sample_places(widths, width)
    # flat rows of 3 W values give long inner loops
    rows, fill = images.flatten(2), constant(value, images.device, width)
    boxes = [
        (row[top : top + h, 3 * left : 3 * (left + w)], fill[: 3 * w].expand(h, -1))
        for row, top, left, h, w in zip(
            rows, tops.tolist(), lefts.tolist(), heights.tolist(), widths.tolist(), strict=True
        )
        if h
    ]
    if boxes:
        torch._foreach_copy_([box for box, _ in boxes], [filled for _, filled in boxes])
    return images
