"""Training by several processes, each with a part of every batch: ``torchrun tools/train.py``.

All processes do the same, with these exceptions: each computes its share of a batch and of the
images to be tested, and only the first one, the main process, prints, writes and ranks.
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
