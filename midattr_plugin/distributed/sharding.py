"""Who does which part of a batch, and of the images of a test."""

from collections.abc import Iterable, Iterator

from torch.utils.data import DataLoader, Sampler, Subset

from midattr_plugin.distributed.process_group import broadcast, is_main, process_rank, world_size
from midattr_plugin.errors import InputError


class ShardedBatchSampler(Sampler):
    """This process's part of each batch of a sampler.

    The main process draws the batches of an epoch and tells the others. Each takes a stretch of
    every batch, so that the images of an identity which a sampler puts side by side stay
    together.

    Args:
        batches: batch sampler of whole batches.
    """

    def __init__(self, batches: Iterable[list[int]]):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        drawn = [[int(index) for index in batch] for batch in self.batches] if is_main() else None
        for batch in broadcast(drawn):
            share = len(batch) // world_size()
            yield batch[process_rank() * share : (process_rank() + 1) * share]


def sharded_train_loader(loader: DataLoader) -> DataLoader:
    """Torchreid's training loader, of which this process reads its part only."""
    return DataLoader(
        loader.dataset,
        batch_sampler=ShardedBatchSampler(loader.batch_sampler),
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
    )


def sharded_test_loader(loader: DataLoader) -> DataLoader:
    """Torchreid's loader of queries or gallery, dealt out to the processes in turn."""
    mine = range(process_rank(), len(loader.dataset), world_size())
    return DataLoader(
        Subset(loader.dataset, mine),
        batch_size=loader.batch_size,
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
    )


def check_batch(batch_size: int, sampler: str, num_instances: int) -> None:
    """Whether a batch can be shared out.

    Raises:
        InputError: it cannot.
    """
    processes = world_size()
    unit = num_instances * processes if sampler == 'RandomIdentitySampler' else processes
    if batch_size % unit:
        kept = (
            f' with the {num_instances} images of an identity (sampler.num_instances) together'
            if unit > processes
            else ''
        )
        raise InputError(
            f'train.batch_size: {batch_size} images cannot be shared evenly by '
            f'{processes} processes{kept}; choose a multiple of {unit}'
        )
