"""Augmentation policies of torchvision, one per name of ``data.transforms``.

They take images of PIL, also from a batch: most of their operations are several times as fast there
as on tensors, and their random numbers are then those of the CPU whatever the device.
"""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import AugMix, AutoAugment, RandAugment, TrivialAugmentWide

from midattr_plugin.loading.device_copy import to_device

Policy = Callable[[Image.Image], Image.Image]

POLICIES: dict[str, Callable[[], Policy]] = {
    'auto_augment': AutoAugment,  # the policy found on ImageNet, as in fast-reid
    'rand_augment': RandAugment,
    'trivial_augment': TrivialAugmentWide,
    'aug_mix': AugMix,
}
"""Name -> makes the policy with torchvision's defaults, those of its paper."""


class BatchPolicy:
    """A policy for batches.

    Args:
        policy: changes one image.
        probability: share of the images that it is given.
    """

    def __init__(self, policy: Policy, probability: float):
        self._policy = policy
        self._probability = probability

    def __call__(self, images: Tensor) -> Tensor:
        """Change images (B, H, W, 3) uint8 in place."""
        chosen = (torch.rand(len(images)) < self._probability).nonzero()[:, 0].tolist()
        if chosen:
            originals = [images[i] for i in chosen]
            pictures = [Image.fromarray(x) for x in torch.stack(originals).cpu().numpy()]
            changed = np.stack([np.asarray(self._policy(picture)) for picture in pictures])
            torch._foreach_copy_(
                originals, list(to_device(torch.from_numpy(changed), images.device))
            )
        return images
