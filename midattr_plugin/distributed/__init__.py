"""Distributed data parallel training: ``torchrun tools/train.py``.

All processes run the same program, with two exceptions: each computes its own shard of every
training batch and of the test images, and only the main process (rank 0) prints, writes and ranks.
"""

from midattr_plugin.distributed.process_group import (
    broadcast,
    gather_with_gradients,
    is_main,
    joined_group,
    main_first,
    process_rank,
    sum_over_processes,
    world_size,
)

__all__ = [
    'broadcast',
    'gather_with_gradients',
    'is_main',
    'joined_group',
    'main_first',
    'process_rank',
    'sum_over_processes',
    'world_size',
]
