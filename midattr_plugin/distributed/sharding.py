"""Sharding of training batches and of test images."""

import hashlib
import os
import platform
from collections.abc import Collection, Iterator, Sized
from typing import Any, cast

from torch.utils.data import DataLoader, Sampler, Subset

from midattr_plugin.distributed.gathering import rows_of_process
from midattr_plugin.distributed.process_group import (
    broadcast,
    gather_objects,
    is_main,
    process_rank,
    world_size,
)
from midattr_plugin.errors import InputError


class ShardedBatchSampler(Sampler):
    """Batch sampler that yields this process's shard of each batch of another one.

    The main process samples the batches of an epoch and sends them to the others. A shard is a
    contiguous part of the batch, so that the images of an identity, which some samplers place next
    to each other, stay together.

    Args:
        batches: batch sampler of whole batches.
    """

    def __init__(self, batches: Collection[list[int]]):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        sampled = [[int(index) for index in batch] for batch in self.batches] if is_main() else None
        for batch in broadcast(sampled):
            size = len(batch) // world_size()
            yield batch[process_rank() * size : (process_rank() + 1) * size]


def sharded_train_loader(loader: DataLoader) -> DataLoader:
    """Return torchreid's training loader with this process's shard of every batch."""
    return DataLoader(
        loader.dataset,
        batch_sampler=ShardedBatchSampler(cast(Collection[list[int]], loader.batch_sampler)),
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
    )


def sharded_test_loader(loader: DataLoader) -> DataLoader:
    """Return torchreid's query or gallery loader with every n-th image, for n processes."""
    return DataLoader(
        Subset(loader.dataset, rows_of_process(len(cast(Sized, loader.dataset)))),
        batch_size=loader.batch_size,
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
    )


def check_same_images(datamanager) -> None:
    """Check that an index means the same image, with the same label, in every process.

    On another machine the file system may list other images, or the same ones in another order, in
    which torchreid numbers the identities. All processes must call this.

    Args:
        datamanager: torchreid's.

    Raises:
        InputError: a process has other images than the main one; all processes raise it.
    """
    held_out = getattr(datamanager, 'held_out_loaders', {})
    splits = [*datamanager.test_loader.values(), held_out]
    tests = [loader for split in splits for loader in split.values()]
    digest = hashlib.sha256()
    for loader in (datamanager.train_loader, *tests):
        for paths, pid, camid, *_ in cast(Any, loader.dataset).data:
            frames = (paths,) if isinstance(paths, str) else paths  # of a video
            names = [os.path.basename(path) for path in frames]
            digest.update(repr((names, int(pid), int(camid))).encode(errors='surrogateescape'))
    images = broadcast(gather_objects((digest.hexdigest(), platform.node())))
    for rank, (digest_there, machine) in enumerate(images):
        if digest_there != images[0][0]:
            raise InputError(
                f'data.root: process {rank}, on {machine}, finds other images than process 0, on '
                f'{images[0][1]}, or the same in another order; use one folder that all machines '
                'share'
            )


def check_batch(batch_size: int, sampler: str, num_instances: int) -> None:
    """Check that a batch can be sharded evenly.

    Args:
        batch_size: images of a whole batch.
        sampler: name of torchreid's training sampler.
        num_instances: images per identity, for 'RandomIdentitySampler'.

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
            f'train.batch_size: {batch_size} images cannot be divided evenly among '
            f'{processes} processes{kept}; choose a multiple of {unit}'
        )


def check_compiler(compiles: bool, sync_batch_norm: bool) -> None:
    """Check that several processes can compile their step.

    Args:
        compiles: whether the step is compiled.
        sync_batch_norm: whether batch normalization is synchronized.

    Raises:
        InputError: they cannot.
    """
    if compiles and sync_batch_norm:
        raise InputError(
            'midattr.compile: with several processes the compiler would stop at every layer of '
            'batch normalization, where they exchange statistics; set midattr.compile False, or '
            'midattr.sync_batch_norm False'
        )
