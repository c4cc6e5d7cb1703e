"""A training loader of fewer images than torchreid's, after some were held out."""

import copy
from collections.abc import Mapping
from typing import Any

from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError
from midattr_plugin.random_state import preserved_random_state


def reduced_loader(
    whole: DataLoader, items: list[tuple], sampling: Mapping[str, Any], key: str, count: int
) -> DataLoader:
    """Return a training loader of the remaining images, with a sampler of the same kind.

    Args:
        whole: torchreid's training loader.
        items: torchreid's tuples (path, pid, camid, dsetid) of the remaining images.
        sampling: 'train_sampler', 'num_instances', 'num_cams' and 'num_datasets', see torchreid.
        key: configuration key by which the others were held out, for messages.
        count: value of the key, for messages.

    Raises:
        InputError: too few images remain, for a whole batch or for a batch of the sampler.
    """
    size = whole.batch_size
    try:
        with preserved_random_state():  # some samplers draw in __init__
            sampler = torchreid_compat.data.sampler.build_train_sampler(
                items, batch_size=size, **sampling
            )
    except (AssertionError, ValueError) as error:  # an identity, camera or dataset has too few
        reason = f' ({error})' if str(error) else ''
        raise InputError(
            f'{key}: {sampling["train_sampler"]} cannot make a batch of {size} from the '
            f'{len(items)} remaining training images{reason}; hold out fewer, or lower '
            'train.batch_size'
        ) from error
    loader = DataLoader(
        with_items(whole.dataset, items),
        sampler=sampler,
        drop_last=True,
        batch_size=size,
        num_workers=whole.num_workers,
        pin_memory=whole.pin_memory,
    )
    if not len(loader):
        raise InputError(
            f'{key}: holding out {count} leaves {len(items)} training images, too few for a batch '
            f'of {size}; hold out fewer, or lower train.batch_size'
        )
    return loader


def with_items(dataset: Any, items: list[tuple]) -> torchreid_compat.ImageDataset:
    """Return a dataset of the same kind, with these training images instead.

    Args:
        dataset: an image dataset of torchreid; it is left as it is.
        items: torchreid's tuples (path, pid, camid, dsetid).
    """
    changed = copy.copy(dataset)
    changed.train = changed.data = items
    changed.num_train_pids = changed.get_num_pids(items)
    changed.num_train_cams = changed.get_num_cams(items)
    return changed


def untransformed(
    dataset: Any, items: list[tuple], datamanager: torchreid_compat.ImageDataManager
) -> torchreid_compat.ImageDataset:
    """Return a dataset of held-out images, with torchreid's test transform and nothing random.

    Args:
        dataset: that of the training loader.
        items: torchreid's tuples of the held-out images.
        datamanager: torchreid's.
    """
    held_out = with_items(dataset, items)
    held_out.transform, held_out.k_tfm = datamanager.transform_te, 1
    return held_out
