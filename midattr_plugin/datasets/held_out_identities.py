"""Held-out training identities, on which the epoch of the best checkpoint is chosen.

They are people whom the model has not seen, as those of a test are, and split as a test set is:
each camera that has seen an identity gives one query, and the gallery holds all other images.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.reduced_loader import reduced_loader, untransformed
from midattr_plugin.errors import InputError

_KEY = 'midattr.validation_identities'

Items = Sequence[tuple]
"""torchreid's tuples (path, pid, camid, dsetid)."""


def hold_out_identities(
    datamanager: torchreid_compat.ImageDataManager,
    count: int,
    seed: int,
    sampling: Mapping[str, Any],
) -> dict[str, DataLoader]:
    """Hold out identities of the training set of a torchreid data manager.

    Args:
        datamanager: its ``train_loader`` is replaced by a loader of the remaining identities, which
            are numbered from 0 again, in their order; its ``num_train_pids`` is their number.
        count: number of identities to hold out, with all their images.
        seed: seed of the choice, which does not depend on the order in which files are found.
        sampling: see :func:`reduced_loader`.

    Returns:
        Loaders of 'query' and 'gallery', the held-out images, with torchreid's test transform.

    Raises:
        InputError: too few identities are held out or remain, too few images remain for a batch,
            or no held-out identity was seen by two cameras.
    """
    whole = datamanager.train_loader
    items = whole.dataset.train
    chosen = sample_identities(items, count, seed)
    query, gallery = split_queries([item for item in items if item[1] in chosen], seed)
    if not query:
        raise InputError(
            f'{_KEY}: none of the {count} held-out identities was seen by two cameras, so that '
            'there is no query; hold out more, or set it to 0'
        )
    kept = relabeled([item for item in items if item[1] not in chosen])
    torchreid_compat.replace_training_images(
        datamanager, reduced_loader(whole, kept, sampling, _KEY, count)
    )
    like = next(iter(datamanager.test_loader.values()))['gallery']
    return {
        split: DataLoader(
            untransformed(whole.dataset, split_items, datamanager),
            batch_size=like.batch_size,
            num_workers=like.num_workers,
            pin_memory=like.pin_memory,
        )
        for split, split_items in (('query', query), ('gallery', gallery))
    }


def sample_identities(items: Items, count: int, seed: int) -> set[int]:
    """Choose identities at random.

    Args:
        items: the training images.
        count: number of identities to choose.
        seed: seed of the choice.

    Returns:
        The chosen pids.

    Raises:
        InputError: a ranking, or a training, of so few identities says nothing.
    """
    # the numbers of the identities may depend on the file system, their images do not
    pids = list(dict.fromkeys(pid for _, pid, *_ in sorted(items)))
    if count < 2 or count > len(pids) - 2:
        raise InputError(
            f'{_KEY}: {count} of {len(pids)} training identities cannot be held out, because two '
            'must be held out and two remain at least; '
            + (f'choose 2 to {len(pids) - 2}' if len(pids) >= 4 else 'set it to 0')
        )
    order = torch.randperm(len(pids), generator=torch.Generator().manual_seed(seed)).tolist()
    return {pids[place] for place in order[:count]}


def split_queries(items: Items, seed: int) -> tuple[list[tuple], list[tuple]]:
    """Split images into queries and gallery.

    Each camera that has seen an identity gives one random query, as far as each of the queries
    keeps a match from another camera in the gallery. An identity that one camera has seen gives
    none.

    Args:
        items: images of identities.
        seed: seed of the choice, which does not depend on the order of the images.

    Returns:
        Queries and gallery, sorted by path.
    """
    generator = torch.Generator().manual_seed(seed)
    images: dict[int, dict[int, list[tuple]]] = defaultdict(lambda: defaultdict(list))
    for item in sorted(items):
        images[item[1]][item[2]].append(item)
    queries = []
    for by_camera in images.values():
        if len(by_camera) > 1:
            queries += _queries_of_identity(list(by_camera.values()), generator)
    chosen = set(queries)
    return sorted(queries), sorted(item for item in items if item not in chosen)


def _queries_of_identity(cameras: list[list[tuple]], generator: torch.Generator) -> list[tuple]:
    """Return a random image of each of several cameras.

    A camera with one image is left in the gallery if fewer than two others have images there.
    """

    def draw(number: int) -> int:
        return int(torch.randint(number, (), generator=generator))

    single = [camera for camera, images in enumerate(cameras) if len(images) == 1]
    left = -1
    if len(cameras) - len(single) < 2:
        left = single[draw(len(single))]
    return [images[draw(len(images))] for camera, images in enumerate(cameras) if camera != left]


def relabeled(items: Items) -> list[tuple]:
    """Return the items with their identities numbered from 0, in the order of their numbers."""
    labels = {pid: label for label, pid in enumerate(sorted({pid for _, pid, *_ in items}))}
    return [(path, labels[pid], *rest) for path, pid, *rest in items]


def describe_held_out(loaders: Mapping[str, DataLoader]) -> str:
    """Return a line about the held-out identities.

    Args:
        loaders: from :func:`hold_out_identities`.
    """
    query, gallery = (loaders[split].dataset.data for split in ('query', 'gallery'))
    people = {pid for _, pid, *_ in gallery}
    silent = len(people - {pid for _, pid, *_ in query})
    note = f' ({silent} of them seen by one camera, and so in the gallery only)' if silent else ''
    return (
        f'Held out of training: {len(people):,} identities{note}, {len(query):,} queries and '
        f'{len(gallery):,} gallery images'
    )
