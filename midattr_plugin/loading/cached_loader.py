"""Loader of cached images in place of torchreid's training loader."""

from collections.abc import Collection, Iterator
from typing import cast

import torch
from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.loading.batch_transform import BatchTransform
from midattr_plugin.loading.cached_images import CachedImages
from midattr_plugin.loading.device_copy import rows_to_device


class CachedLoader:
    """Training loader that yields the same dicts as torchreid's, in the order of its sampler.

    Args:
        loader: torchreid's training loader.
        images: the cached images of its dataset.
        transform: transform of a batch, run on ``device``.
        device: device of the yielded images.
    """

    def __init__(
        self,
        loader: DataLoader,
        images: CachedImages,
        transform: BatchTransform,
        device: str = 'cpu',
    ):
        self.dataset = cast(torchreid_compat.ImageDataset, loader.dataset)
        self.batch_sampler = cast(Collection[list[int]], loader.batch_sampler)
        self.images = images
        self.transform = transform
        self.device = device
        paths, pids, camids, dsetids = zip(*self.dataset.data, strict=True)
        self.paths = paths
        self.columns = {
            'pid': torch.tensor(pids),
            'camid': torch.tensor(camids),
            'dsetid': torch.tensor(dsetids),
        }
        if hasattr(self.dataset, 'labels'):
            self.columns['attrs'] = torch.stack([self.dataset.labels(path) for path in paths])

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __iter__(self) -> Iterator[dict]:
        self.transform.start_epoch()
        for indices in self.batch_sampler:
            indices = [
                int(index) for index in indices
            ]  # some of torchreid's samplers yield NumPy's
            rows = torch.tensor(indices)
            # copies of the images, because the transforms work in place
            copies = [
                self.transform(rows_to_device(self.images.pixels, rows, self.device))
                for _ in range(self.dataset.k_tfm)
            ]
            yield {
                'img': copies[0] if len(copies) == 1 else copies,
                'impath': [self.paths[index] for index in indices],
                **{name: column[rows] for name, column in self.columns.items()},
            }
