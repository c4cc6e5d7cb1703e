"""Held-out training images, on which the weights of the losses are chosen (paper section 3.2)."""

import copy
from collections import Counter
from collections.abc import Sequence

import torch
from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError
from midattr_plugin.random_state import preserved_random_state


def hold_out(
    datamanager: torchreid_compat.ImageDataManager,
    count: int,
    seed: int,
    train_sampler: str,
    num_instances: int,
    num_cams: int,
    num_datasets: int,
) -> DataLoader:
    """Hold out images of the training set of a torchreid data manager.

    Args:
        datamanager: its ``train_loader`` is replaced by a loader of the remaining images.
        count: number of images to hold out.
        seed: seed of the choice, which does not depend on the order in which files are found.
        train_sampler: name of torchreid's training sampler.
        num_instances: images per identity, for 'RandomIdentitySampler'.
        num_cams: cameras per batch, for 'RandomDomainSampler'.
        num_datasets: datasets per batch, for 'RandomDatasetSampler'.

    Returns:
        A loader of the held-out images, with torchreid's test transform.

    Raises:
        InputError: too few images remain: for an identity, for a whole batch, or for a batch of
            the sampler.
    """
    whole = datamanager.train_loader
    chosen = sample_images(whole.dataset.train, count, seed)
    kept = [item for i, item in enumerate(whole.dataset.train) if i not in chosen]
    reduced = _with_items(whole.dataset, kept)
    try:
        with preserved_random_state():  # some samplers draw in __init__
            sampler = torchreid_compat.data.sampler.build_train_sampler(
                kept,
                train_sampler,
                batch_size=whole.batch_size,
                num_instances=num_instances,
                num_cams=num_cams,
                num_datasets=num_datasets,
            )
    except ValueError as error:  # a camera or dataset has too few left
        raise InputError(
            f'midattr.validation_images: {train_sampler} cannot make a batch of '
            f'{whole.batch_size} from the {len(kept)} remaining training images '
            f'({error}); hold out fewer, or lower train.batch_size'
        ) from error
    options = {
        'batch_size': whole.batch_size,
        'num_workers': whole.num_workers,
        'pin_memory': whole.pin_memory,
    }
    datamanager.train_loader = DataLoader(reduced, sampler=sampler, drop_last=True, **options)
    if not len(datamanager.train_loader):
        raise InputError(
            f'midattr.validation_images: holding out {count} leaves {len(kept)} training '
            f'images, too few for a batch of {whole.batch_size}; hold out fewer, or '
            'lower train.batch_size'
        )
    held_out = _with_items(whole.dataset, [whole.dataset.train[i] for i in sorted(chosen)])
    held_out.transform, held_out.k_tfm = datamanager.transform_te, 1
    return DataLoader(held_out, **options)


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
            f'midattr.validation_images: {count} of {len(items)} training images '
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


def _with_items(
    dataset: torchreid_compat.ImageDataset, items: list[tuple]
) -> torchreid_compat.ImageDataset:
    changed = copy.copy(dataset)
    changed.train = changed.data = items
    return changed
