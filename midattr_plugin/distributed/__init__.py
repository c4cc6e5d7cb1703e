"""Distributed data parallel training: ``torchrun tools/train.py``.

All processes run the same program, with two exceptions: each computes its own shard of every
training batch and of the test images, and only the main process (rank 0) prints, writes and ranks.
"""

from midattr_plugin.distributed.launch import unused_resources
from midattr_plugin.distributed.process_group import (
    broadcast,
    ended_after_failure,
    gather_objects,
    gather_with_gradients,
    is_main,
    joined_group,
    main_first,
    process_rank,
    sum_over_processes,
    told_once,
    world_size,
)

__all__ = [
    'broadcast',
    'ended_after_failure',
    'gather_objects',
    'gather_with_gradients',
    'is_main',
    'joined_group',
    'main_first',
    'process_rank',
    'sum_over_processes',
    'told_once',
    'unused_resources',
    'world_size',
]
