"""Transforms of training images that torchreid does not have, between its resize and its others."""

from collections.abc import Callable, Sequence

from torch import Tensor
from torchvision.transforms import Compose, RandomApply, RandomCrop

from midattr_plugin.loading.pad_crop import pad_crop, padding
from midattr_plugin.loading.policies import POLICIES, BatchPolicy

PAD_CROP = 'pad_crop'
ADDED = (*POLICIES, PAD_CROP)
"""Their names in ``data.transforms``, in the order in which they are applied."""


def add_transforms(
    transform: Compose, names: Sequence[str], height: int, width: int, probability: float
) -> None:
    """Put those that are named among torchreid's transforms of one image.

    Args:
        transform: torchreid's training transform, which begins with the resize; changed in place.
        names: as in ``data.transforms``; torchreid ignores those that it does not know.
        height: height of the images in pixels.
        width: their width.
        probability: share of the images that a policy is given.
    """
    named = _named(names)
    if not named:
        return
    print(f'Between resize and the other train transforms: {", ".join(named)}')
    steps: dict[str, Callable] = {
        **{name: RandomApply([make()], probability) for name, make in POLICIES.items()},
        PAD_CROP: RandomCrop((height, width), padding=padding(width)),
    }
    transform.transforms[1:1] = [steps[name] for name in named]


def batch_steps(names: Sequence[str], probability: float) -> list[Callable[[Tensor], Tensor]]:
    """Return the same for batches (B, H, W, 3) uint8.

    Args:
        names: see :func:`add_transforms`.
        probability: see :func:`add_transforms`.
    """
    return [
        pad_crop if name == PAD_CROP else BatchPolicy(POLICIES[name](), probability)
        for name in _named(names)
    ]


def _named(names: Sequence[str]) -> list[str]:
    lower = {name.lower() for name in names}
    return [name for name in ADDED if name in lower]
