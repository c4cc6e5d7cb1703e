"""torchreid's ``random_flip``: torchvision's ``RandomHorizontalFlip``."""

import torch
from torch import Tensor

PROBABILITY = 0.5


def random_flip(images: Tensor) -> Tensor:
    """Flip images (B, H, W, 3) horizontally with probability 0.5, in place."""
    chosen = (torch.rand(len(images)) < PROBABILITY).nonzero()[:, 0]
    if len(chosen):
        flipped = images.index_select(0, chosen.to(images.device)).flip(2)
        torch._foreach_copy_([images[i] for i in chosen.tolist()], list(flipped))
    return images
