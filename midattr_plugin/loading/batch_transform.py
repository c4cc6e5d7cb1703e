"""The training transforms for batches: this project's own, then torchreid's in its order.

Random numbers are drawn for each image, on the CPU from PyTorch's generator: a run does not depend
on the device of the images. In a training the sequence is that of the epoch
(:class:`~midattr_plugin.loading.EpochLoader`).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.loading.added_transforms import ADDED, batch_steps
from midattr_plugin.loading.color_jitter import color_jitter
from midattr_plugin.loading.device_copy import constant
from midattr_plugin.loading.random_crop import random_crop
from midattr_plugin.loading.random_erase import random_erase
from midattr_plugin.loading.random_flip import random_flip
from midattr_plugin.loading.random_patch import RandomPatch

TRANSFORMS = (
    *ADDED,
    'random_flip',
    'random_crop',
    'random_patch',
    'color_jitter',
    'random_erase',
)
"""Names of the transforms, in the order in which they are applied."""


class BatchTransform:
    """Transform of a batch: augmentation and normalization.

    Args:
        transforms: names, as in ``data.transforms``.
        norm_mean: (3,), mean of pixel values in [0, 1].
        norm_std: (3,), their standard deviation. If either is None, ImageNet's are used.
        probability: share of the images that an augmentation policy is given.
    """

    def __init__(
        self,
        transforms: Sequence[str],
        norm_mean: Sequence[float] | None = None,
        norm_std: Sequence[float] | None = None,
        probability: float = 1.0,
    ):
        names = [name.lower() for name in transforms]
        if norm_mean is None or norm_std is None:  # like torchreid
            norm_mean, norm_std = torchreid_compat.IMAGENET_MEAN, torchreid_compat.IMAGENET_STD
        mean, std = torch.tensor(norm_mean), torch.tensor(norm_std)
        self._scale, self._shift, self._mean = (
            tuple(x.tolist()) for x in (1 / (255 * std), -mean / std, mean)
        )
        self._patches = RandomPatch()
        in_order: dict[str, Callable[[Tensor], Tensor]] = {
            'random_flip': random_flip,
            'random_crop': random_crop,
            'random_patch': self._patches,
            'color_jitter': color_jitter,
        }
        self.steps = batch_steps(names, probability)
        self.steps += [step for name, step in in_order.items() if name in names]
        self.erases = 'random_erase' in names

    def start_epoch(self) -> None:
        """Forget the images of the epoch before, so that a resumed run has lost nothing."""
        self._patches.pool.clear()

    def __call__(self, images: Tensor) -> Tensor:
        """Return images (B, 3, H, W) float32, augmented and normalized.

        Args:
            images: (B, H, W, 3) uint8; changed in place.
        """
        for step in self.steps:
            images = step(images)
        images = self._normalized(images)
        if self.erases:
            random_erase(images, self._mean)
        return images.permute(0, 3, 1, 2)

    def _normalized(self, images: Tensor) -> Tensor:
        """Return (x / 255 - mean) / std, computed as one fused multiply-add.

        Flat rows of 3 W values give a longer inner loop than the three channels of a pixel.
        """
        width = images.shape[2]
        scale, shift = (constant(x, images.device, width) for x in (self._scale, self._shift))
        rows = images.flatten(2).float()
        return torch.addcmul(shift, rows, scale, out=rows).view(images.shape)
