"""Batches that torchreid's training samplers cannot make as they promise."""

from typing import Any

from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError


def check_identity_batch(batch_size: int, num_instances: int) -> None:
    """Check that a batch holds whole groups of images of one identity.

    torchreid's RandomIdentitySampler draws groups that are not aligned with the batches if it
    does not.

    Args:
        batch_size: images of a batch.
        num_instances: images of a group.

    Raises:
        InputError: it does not.
    """
    if batch_size < num_instances:
        raise InputError(
            f'train.batch_size is {batch_size}, which is too small for the {num_instances} images '
            'per identity of sampler.num_instances'
        )
    rest = batch_size % num_instances
    if rest:
        raise InputError(
            f'train.batch_size is {batch_size}, which is not a multiple of the {num_instances} '
            'images per identity of sampler.num_instances, so that identities would be split '
            f'between batches: set it to {batch_size - rest} or '
            f'{batch_size - rest + num_instances}'
        )


def check_sampler(loader: DataLoader, key: str = 'sampler.train_sampler') -> None:
    """Check that the sampler of a training loader can make every batch of every epoch.

    Args:
        loader: a training loader of torchreid.
        key: configuration key of the sampler, for messages.

    Raises:
        InputError: groups of an identity would be split between batches, or a camera or dataset
            has too few images for its share, on which torchreid fails in the epoch that draws it.
    """
    sampler: Any = getattr(loader, 'sampler', None)
    samplers = torchreid_compat.data.sampler
    if isinstance(sampler, samplers.RandomIdentitySampler):
        check_identity_batch(loader.batch_size or 1, sampler.num_instances)
    elif isinstance(sampler, samplers.RandomDomainSampler):
        _check_shares(sampler.domain_dict, sampler.n_img_per_domain, 'camera', 'num_cams', key)
    elif isinstance(sampler, samplers.RandomDatasetSampler):
        shares = sampler.dataset_dict
        _check_shares(shares, sampler.n_img_per_dset, 'dataset', 'num_datasets', key)


def _check_shares(images: dict[int, list], share: int, what: str, number: str, key: str) -> None:
    smallest = min(images, key=lambda index: len(images[index]))
    if len(images[smallest]) < share:
        raise InputError(
            f'{key} takes {share} images of a {what} for a batch, but {what} {smallest} (counted '
            f'from 0) has only {len(images[smallest])} training images: lower train.batch_size, '
            f'raise sampler.{number}, or choose RandomSampler'
        )
