"""torchreid's ``random_flip``: torchvision's ``RandomHorizontalFlip``."""

import torch
from torch import Tensor

PROBABILITY = 0.5


def random_flip(images: Tensor) -> Tensor:
    """Flip images (B, H, W, 3) horizontally with probability 0.5, in place."""
    chosen = (torch.rand(len(images)) < PROBABILITY).nonzero()[:, 0].tolist()
    if chosen:
        originals = [images[i] for i in chosen]
        # stacked, because a tensor of indices would have to be copied to the device
        torch._foreach_copy_(originals, list(torch.stack(originals).flip(2)))
    return images
