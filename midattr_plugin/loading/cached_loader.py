"""Stands in for torchreid's training loader, with its sampler and its batches."""

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader

from midattr_plugin.loading.batch_transform import BatchTransform
from midattr_plugin.loading.cached_images import CachedImages


class CachedLoader:
    """Yields what torchreid's loader yields: the same dict, in the order of the same sampler.

    Args:
        loader: torchreid's training loader.
        images: those of its dataset.
        transform: applied to each batch, on ``device``.
        device: of the images that are yielded.
    """

    def __init__(
        self,
        loader: DataLoader,
        images: CachedImages,
        transform: BatchTransform,
        device: str = 'cpu',
    ):
        self.dataset = loader.dataset
        self.batch_sampler = loader.batch_sampler
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
        for indices in self.batch_sampler:
            indices = [int(index) for index in indices]  # torchreid's samplers mix in NumPy's
            # the transforms work in place, on a new copy each time
            copies = [
                self.transform(self.images[indices].to(self.device))
                for _ in range(self.dataset.k_tfm)
            ]
            yield {
                'img': copies[0] if len(copies) == 1 else copies,
                'impath': [self.paths[index] for index in indices],
                **{name: column[indices] for name, column in self.columns.items()},
            }
