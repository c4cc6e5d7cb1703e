"""The batches of an epoch, which follow from a seed and the number of the epoch alone.

Torchreid's samplers and transforms draw from the generators that model, dropout and evaluation use,
too: trainings that differ in anything would see other images.
"""

import copy
from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader, IterableDataset

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import process_rank
from midattr_plugin.loading.cached_loader import CachedLoader
from midattr_plugin.loading.seeded_items import SeededItems
from midattr_plugin.random_state import OwnRandomState, generator_seeds

_ORDER, _AUGMENTATION = 0, 1  # told apart, as both follow from the same seed and epoch


class EpochLoader:
    """The batches that a training loader gives in one epoch.

    The order of the images follows from seed and epoch. The augmentation of an image follows from
    them, from the process and from the place of the image in the epoch; with a cache, or with
    ``random_patch``, also from the images before. The generators of the code that takes the batches
    are left as they are.

    Of a loader that is neither PyTorch's ``DataLoader`` of a dataset with indices nor a
    :class:`CachedLoader`, all that it draws in this process follows from seed, epoch and process.

    Args:
        loader: the training loader; it is not changed.
        seed: at least 0.
        epoch: number of the epoch, from 0.
    """

    def __init__(self, loader: Any, seed: int, epoch: int):
        self.loader = loader
        self.seed = seed
        self.epoch = epoch

    @property
    def dataset(self) -> Any:
        """Dataset of the loader."""
        return self.loader.dataset

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        loader = self._in_order()
        own = OwnRandomState(self.seed, self.epoch, _AUGMENTATION, process_rank())
        with own:
            batches = iter(loader)
        while True:
            with own:
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _in_order(self) -> Any:
        """Return a loader of the batches of this epoch."""
        loader = self.loader
        if isinstance(loader, CachedLoader):
            ordered = copy.copy(loader)
            ordered.batch_sampler = self._batches()
            return ordered
        if (
            type(loader) is not DataLoader
            or isinstance(loader.dataset, IterableDataset)
            or loader.batch_sampler is None
        ):
            return loader
        _forget_patches(loader.dataset)
        batches = self._batches()
        seeds = iter(
            generator_seeds(
                sum(map(len, batches)), self.seed, self.epoch, _AUGMENTATION, process_rank()
            )
        )
        return DataLoader(
            SeededItems(loader.dataset),
            batch_sampler=[[(next(seeds), index) for index in batch] for batch in batches],
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            prefetch_factor=loader.prefetch_factor,
        )

    def _batches(self) -> list[list[int]]:
        with OwnRandomState(self.seed, self.epoch, _ORDER):
            return list(self.loader.batch_sampler)


def _forget_patches(dataset: Any) -> None:
    """Empty the pools of ``random_patch``, which new worker processes would find empty, too."""
    for step in getattr(getattr(dataset, 'transform', None), 'transforms', ()):
        if isinstance(step, torchreid_compat.data.transforms.RandomPatch):
            step.patchpool.clear()
