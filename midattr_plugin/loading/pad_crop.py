"""``pad_crop``: torchvision's ``RandomCrop`` of the size of an image that was padded with black.

Luo et al., Bag of Tricks, CVPRW 2019, section 2, and fast-reid: 10 pixels at each side of images
that are 128 pixels wide.
"""

import torch
from torch import Tensor


def padding(width: int) -> int:
    """Return the pixels at each side of an image of this width, 10 of 128 and at least one.

    In proportion, as 10 pixels would move a person in a small image out of it.
    """
    return max(1, round(width * 10 / 128))


def pad_crop(images: Tensor) -> Tensor:
    """Return images (B, H, W, 3) uint8, each moved by up to ``padding(W)`` pixels both ways."""
    height, width = images.shape[1:3]
    most = padding(width)
    # torchvision draws the corner of the crop in the padded image
    down, right = (most - torch.randint(2 * most + 1, (2, len(images)))).tolist()
    moved = torch.zeros_like(images)
    pairs = [
        (
            canvas[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)],
            image[max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)],
        )
        for canvas, image, y, x in zip(moved, images, down, right, strict=True)
        if abs(y) < height and abs(x) < width
    ]
    if pairs:
        torch._foreach_copy_([canvas for canvas, _ in pairs], [image for _, image in pairs])
    return moved
