"""The host's ``random_patch`` (Zhou et al., Omni-Scale Feature Learning, ICCV 2019)."""

from collections import deque

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from midattr_plugin.loading.random_box import draw_places, draw_sizes

PROBABILITY = .5
_AREAS, _LEAST_RATIO = (.01, .5), .1
_CAPACITY, _LEAST_PATCHES = 50000, 100
_LARGEST_ANGLE = 10


class RandomPatch:
    """Keeps a piece of every image, and pastes one of those kept onto half of the images.

    Patches differ in size, so this goes through a batch image by image. There is one pool of
    them, where the host has one in each of its worker processes.
    """

    def __init__(self):
        self.pool: deque[Tensor] = deque(maxlen=_CAPACITY)

    def __call__(self, images: Tensor) -> Tensor:
        """Changes images (B, H, W, 3) uint8 in place."""
        count, height, width, _ = images.shape
        heights, widths = draw_sizes(count, height, width, _AREAS, _LEAST_RATIO)
        tops, lefts = draw_places(heights, height), draw_places(widths, width)
        for image, top, left, h, w in zip(images, tops.tolist(), lefts.tolist(),
                                          heights.tolist(), widths.tolist(), strict=True):
            if h and w:
                self.pool.append(image[top:top + h, left:left + w].clone())
            if len(self.pool) >= _LEAST_PATCHES and torch.rand(()) < PROBABILITY:
                self._paste(image)
        return images

    def _paste(self, image: Tensor) -> None:
        patch = self.pool[int(torch.randint(len(self.pool), ()))]
        (h, w), (height, width) = patch.shape[:2], image.shape[:2]
        top, left = (int(torch.randint(room + 1, ())) for room in (height - h, width - w))
        flips, turns = (torch.rand(2) < .5).tolist()
        if flips:
            patch = patch.flip(1)
        if turns:
            angle = int(torch.randint(-_LARGEST_ANGLE, _LARGEST_ANGLE + 1, ()))
            patch = F.rotate(patch.permute(2, 0, 1), angle).permute(1, 2, 0)
        image[top:top + h, left:left + w] = patch
