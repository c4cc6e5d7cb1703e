"""Held-out training images, on which the weights of the losses are chosen (paper section 3.2)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.reduced_loader import reduced_loader, untransformed
from midattr_plugin.errors import InputError

_KEY = 'midattr.validation_images'


def hold_out(
    datamanager: torchreid_compat.ImageDataManager,
    count: int,
    seed: int,
    sampling: Mapping[str, Any],
) -> DataLoader:
    """Hold out images of the training set of a torchreid data manager.

    Args:
        datamanager: its ``train_loader`` is replaced by a loader of the remaining images.
        count: number of images to hold out.
        seed: seed of the choice, which does not depend on the order in which files are found.
        sampling: see :func:`reduced_loader`.

    Returns:
        A loader of the held-out images, with torchreid's test transform.

    Raises:
        InputError: too few images remain: for an identity, for a whole batch, or for a batch of
            the sampler.
    """
    whole = datamanager.train_loader
    items = whole.dataset.train
    chosen = sample_images(items, count, seed)
    kept = [item for i, item in enumerate(items) if i not in chosen]
    datamanager.train_loader = reduced_loader(whole, kept, sampling, _KEY, count)
    return held_out_loader(datamanager, [items[i] for i in sorted(chosen)])


def held_out_loader(
    datamanager: torchreid_compat.ImageDataManager, items: list[tuple]
) -> DataLoader:
    """Return a loader of images that are not trained on, with torchreid's test transform.

    Args:
        datamanager: of the training images.
        items: torchreid's tuples of the images.
    """
    whole = datamanager.train_loader
    return DataLoader(
        untransformed(whole.dataset, items, datamanager),
        batch_size=whole.batch_size,
        num_workers=whole.num_workers,
        pin_memory=whole.pin_memory,
    )


def sample_images(items: Sequence[tuple], count: int, seed: int) -> set[int]:
    """Choose items at random, so that every pid keeps at least one.

    Args:
        items: tuples (path, pid, ...).
        count: number of items to choose.
        seed: seed of the choice.

    Returns:
        Indices of the chosen items.

    Raises:
        InputError: ``count`` is too large.
    """
    by_path = sorted(range(len(items)), key=lambda i: items[i][0])
    left = Counter(pid for _, pid, *_ in items)
    if count > len(items) - len(left):
        raise InputError(
            f'{_KEY}: {count} of {len(items)} training images '
            f'cannot be held out, because each of the {len(left)} identities must keep one; '
            f'choose at most {len(items) - len(left)}'
        )
    chosen: set[int] = set()
    for place in torch.randperm(len(items), generator=torch.Generator().manual_seed(seed)).tolist():
        number = by_path[place]
        if len(chosen) < count and left[items[number][1]] > 1:
            left[items[number][1]] -= 1
            chosen.add(number)
    return chosen
