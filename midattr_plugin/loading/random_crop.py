"""torchreid's ``random_crop``, its ``Random2DTranslation``."""

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

PROBABILITY = 0.5
_ENLARGED = 1.125


def random_crop(images: Tensor) -> Tensor:
    """Enlarges half of the images (B, H, W, 3) by an eighth and cuts out H x W, in place."""
    chosen = (torch.rand(len(images)) < PROBABILITY).nonzero()[:, 0]
    if not len(chosen):
        return images
    height, width = images.shape[1:3]
    large = [round(height * _ENLARGED), round(width * _ENLARGED)]
    tops, lefts = (_offsets(len(chosen), room) for room in (large[0] - height, large[1] - width))
    enlarged = F.resize(
        images.index_select(0, chosen.to(images.device)).permute(0, 3, 1, 2), large, antialias=True
    ).permute(0, 2, 3, 1)
    windows = [
        image[top : top + height, left : left + width]
        for image, top, left in zip(enlarged, tops, lefts, strict=True)
    ]
    torch._foreach_copy_([images[i] for i in chosen.tolist()], windows)
    return images


def _offsets(count: int, room: int) -> list[int]:
    """Whole numbers in [0, room]; both ends are half as likely, as with torchreid's rounding."""
    return (torch.rand(count) * room).round().long().tolist()
