"""torchreid's ``random_crop``, the transform ``Random2DTranslation``."""

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

PROBABILITY = 0.5
_SCALE = 1.125


def random_crop(images: Tensor) -> Tensor:
    """With probability 0.5, enlarge an image by an eighth and crop H x W, in place.

    Args:
        images: (B, H, W, 3) uint8.
    """
    chosen = (torch.rand(len(images)) < PROBABILITY).nonzero()[:, 0].tolist()
    if not chosen:
        return images
    height, width = images.shape[1:3]
    large = [round(height * _SCALE), round(width * _SCALE)]
    tops, lefts = (
        _offsets(len(chosen), largest) for largest in (large[0] - height, large[1] - width)
    )
    originals = [images[i] for i in chosen]
    enlarged = F.resize(torch.stack(originals).permute(0, 3, 1, 2), large, antialias=True).permute(
        0, 2, 3, 1
    )
    windows = [
        image[top : top + height, left : left + width]
        for image, top, left in zip(enlarged, tops, lefts, strict=True)
    ]
    torch._foreach_copy_(originals, windows)
    return images


def _offsets(count: int, largest: int) -> list[int]:
    """Sample integers in [0, largest]; torchreid's rounding makes both ends half as likely."""
    return (torch.rand(count) * largest).round().long().tolist()
