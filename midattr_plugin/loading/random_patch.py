"""torchreid's ``random_patch`` (Zhou et al., Omni-Scale Feature Learning, ICCV 2019)."""

import math
from collections import deque

import torch
from torch import Tensor

from midattr_plugin.loading.random_box import sample_places, sample_sizes

PROBABILITY = 0.5
_AREAS, _LEAST_RATIO = (0.01, 0.5), 0.1
_CAPACITY, _LEAST_PATCHES = 50000, 100
_LARGEST_ANGLE = 10


class RandomPatch:
    """Keeps a piece of every image, and pastes one of those kept onto half of the images.

    There is one pool of pieces, where torchreid has one in each of its worker processes. An image
    gets a piece of itself or of one before it, as there.
    """

    def __init__(self):
        self.pool: deque[Tensor] = deque(maxlen=_CAPACITY)

    def __call__(self, images: Tensor) -> Tensor:
        """Changes images (B, H, W, 3) uint8 in place."""
        kept = len(self.pool) + self._keep(images).cumsum(0)  # after each image
        chosen = (kept >= _LEAST_PATCHES) & (torch.rand(len(images)) < PROBABILITY)
        numbers = chosen.nonzero()[:, 0]
        if len(numbers):
            at_most = kept[numbers].clamp(max=len(self.pool))
            picked = (torch.rand(len(numbers)) * at_most).long()
            where = numbers.to(images.device)
            images[where] = _pasted(images[where], [self.pool[i] for i in picked.tolist()])
        return images

    def _keep(self, images: Tensor) -> Tensor:
        """Puts a piece of each image into the pool; whether it has one (B,), bool."""
        count, height, width, _ = images.shape
        heights, widths = sample_sizes(count, height, width, _AREAS, _LEAST_RATIO)
        tops, lefts = sample_places(heights, height), sample_places(widths, width)
        usable = (heights > 0) & (widths > 0)
        boxes = torch.stack([tops, lefts, heights, widths], 1)
        for image, (top, left, h, w), use in zip(
            images, boxes.tolist(), usable.tolist(), strict=True
        ):
            if use:
                self.pool.append(image[top : top + h, left : left + w].clone())
        return usable


def _pasted(images: Tensor, patches: list[Tensor]) -> Tensor:
    """``images`` (K, H, W, 3), each with its patch mirrored, turned and placed at random."""
    height, width = images.shape[1:3]
    heights, widths = torch.tensor([patch.shape[:2] for patch in patches]).unbind(1)
    tops, lefts = sample_places(heights, height), sample_places(widths, width)
    mirrored, turned = torch.rand(2, len(patches)) < 0.5
    degrees = torch.randint(-_LARGEST_ANGLE, _LARGEST_ANGLE + 1, (len(patches),)) * turned
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
        mirrored,
        degrees,
    )


def place_patches(
    images: Tensor,
    patches: Tensor,
    sizes: Tensor,
    places: Tensor,
    mirrored: Tensor,
    degrees: Tensor,
) -> Tensor:
    """Images (K, H, W, 3) with a patch on each; black where a turned patch leaves its box.

    Args:
        patches: (K, H, W, 3), each in the upper left corner.
        sizes, places: (K, 2), height and width; row and column of the upper left corner.
        mirrored: (K,), bool, left and right exchanged before turning.
        degrees: (K,), counter-clockwise around the center of the patch.
    """
    height, width = images.shape[1:3]
    device = images.device
    half, turn = (sizes / 2).to(device), (degrees * (math.pi / 180)).to(device)[:, None, None]
    centers = places.to(device) + half
    # from a pixel of an image to the pixel of the patch that it shows, both from the center
    y = torch.arange(height, device=device)[:, None] + 0.5 - centers[:, 0, None, None]
    x = torch.arange(width, device=device) + 0.5 - centers[:, 1, None, None]
    rows = y * turn.cos() + x * turn.sin()
    columns = (x * turn.cos() - y * turn.sin()) * (1 - 2 * mirrored.to(device).int())[:, None, None]
    rows = (rows + half[:, 0, None, None]).floor().long()
    columns = (columns + half[:, 1, None, None]).floor().long()
    h, w = sizes.to(device)[:, :, None, None].unbind(1)
    shown = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    in_box = (y.abs() < half[:, 0, None, None]) & (x.abs() < half[:, 1, None, None])
    sources = torch.where(shown, rows * width + columns, 0).flatten(1)
    pixels = patches.flatten(1, 2).gather(1, sources[..., None].expand(-1, -1, 3))
    pixels = pixels.view_as(images) * shown[..., None]
    return torch.where(in_box[..., None], pixels, images)
