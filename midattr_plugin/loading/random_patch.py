"""torchreid's ``random_patch`` (Zhou et al., Omni-Scale Feature Learning, ICCV 2019)."""

import math
from collections import deque

import torch
from torch import Tensor

from midattr_plugin.loading.device_copy import to_device
from midattr_plugin.loading.random_box import sample_places, sample_sizes

PROBABILITY = 0.5
_AREAS, _MIN_RATIO = (0.01, 0.5), 0.1
_CAPACITY, _MIN_PATCHES = 50000, 100
_MAX_ANGLE = 10


class RandomPatch:
    """Augmentation that pastes patches of other images, with probability 0.5.

    A patch of every image is added to a pool. An image gets a patch of itself or of an earlier
    image of this epoch; torchreid, too, begins an epoch with new workers and their empty pools.

    Attributes:
        pool: the patches.
    """

    def __init__(self) -> None:
        self.pool: deque[Tensor] = deque(maxlen=_CAPACITY)

    def __call__(self, images: Tensor) -> Tensor:
        """Paste patches onto images (B, H, W, 3) uint8, in place."""
        pool_sizes = len(self.pool) + self._fill_pool(images).cumsum(0)  # after each image
        chosen = (pool_sizes >= _MIN_PATCHES) & (torch.rand(len(images)) < PROBABILITY)
        indices = chosen.nonzero()[:, 0]
        if len(indices):
            available = pool_sizes[indices].clamp(max=len(self.pool))
            sampled = (torch.rand(len(indices)) * available).long()
            originals = [images[i] for i in indices.tolist()]
            pasted = _pasted(torch.stack(originals), [self.pool[i] for i in sampled.tolist()])
            torch._foreach_copy_(originals, list(pasted))
        return images

    def _fill_pool(self, images: Tensor) -> Tensor:
        """Add a patch of each image to the pool; return which images have one, (B,) bool."""
        count, height, width, _ = images.shape
        heights, widths = sample_sizes(count, height, width, _AREAS, _MIN_RATIO)
        tops, lefts = sample_places(heights, height), sample_places(widths, width)
        has_patch = (heights > 0) & (widths > 0)
        boxes = torch.stack([tops, lefts, heights, widths], 1)
        for image, (top, left, h, w), add in zip(
            images, boxes.tolist(), has_patch.tolist(), strict=True
        ):
            if add:
                self.pool.append(image[top : top + h, left : left + w].clone())
        return has_patch


def _pasted(images: Tensor, patches: list[Tensor]) -> Tensor:
    """Return images (K, H, W, 3), each with its patch randomly flipped, rotated and placed."""
    height, width = images.shape[1:3]
    heights, widths = torch.tensor([patch.shape[:2] for patch in patches]).unbind(1)
    tops, lefts = sample_places(heights, height), sample_places(widths, width)
    flipped, rotated = torch.rand(2, len(patches)) < 0.5
    degrees = torch.randint(-_MAX_ANGLE, _MAX_ANGLE + 1, (len(patches),)) * rotated
    padded = images.new_zeros(images.shape)
    torch._foreach_copy_(
        [
            canvas[: patch.shape[0], : patch.shape[1]]
            for canvas, patch in zip(padded, patches, strict=True)
        ],
        patches,
    )
    return place_patches(
        images,
        padded,
        torch.stack([heights, widths], 1),
        torch.stack([tops, lefts], 1),
        flipped,
        degrees,
    )


def place_patches(
    images: Tensor,
    patches: Tensor,
    sizes: Tensor,
    places: Tensor,
    flipped: Tensor,
    degrees: Tensor,
) -> Tensor:
    """Return images with a patch on each; uncovered corners of a rotated patch's box are black.

    Args:
        images: (K, H, W, 3).
        patches: (K, H, W, 3), each in the upper left corner.
        sizes: (K, 2), height and width of each patch.
        places: (K, 2), row and column of the upper left corner of each box.
        flipped: (K,) bool, whether the patch is flipped horizontally before it is rotated.
        degrees: (K,), counter-clockwise rotation around the center of the patch.
    """
    height, width = images.shape[1:3]
    device = images.device
    drawn = torch.cat([sizes, places, flipped[:, None], degrees[:, None]], 1)  # one copy
    sizes, places, flipped, degrees = to_device(drawn, device).split([2, 2, 1, 1], 1)
    half, angles = sizes / 2, degrees[..., None] * (math.pi / 180)
    centers = places + half
    # for each pixel of an image, the pixel of the patch at its position, relative to the center
    y = torch.arange(height, device=device)[:, None] + 0.5 - centers[:, 0, None, None]
    x = torch.arange(width, device=device) + 0.5 - centers[:, 1, None, None]
    rows = y * angles.cos() + x * angles.sin()
    signs = 1 - 2 * flipped[..., None]
    columns = (x * angles.cos() - y * angles.sin()) * signs
    rows = (rows + half[:, 0, None, None]).floor().long()
    columns = (columns + half[:, 1, None, None]).floor().long()
    h, w = sizes[:, :, None, None].unbind(1)
    is_patch = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    in_box = (y.abs() < half[:, 0, None, None]) & (x.abs() < half[:, 1, None, None])
    sources = torch.where(is_patch, rows * width + columns, 0).flatten(1)
    pixels = patches.flatten(1, 2).gather(1, sources[..., None].expand(-1, -1, 3))
    pixels = pixels.view_as(images) * is_patch[..., None]
    return torch.where(in_box[..., None], pixels, images)
