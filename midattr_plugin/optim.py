"""Learning rates that rise before torchreid's schedule lowers them (not in the paper).

Goyal et al., Accurate, Large Minibatch SGD, 2017, section 2.2; for re-identification: Luo et al.,
Bag of Tricks, CVPRW 2019, section 3.1. torchreid steps a schedule once per epoch, and so does this.
"""

from collections.abc import Callable

import torch
from torch.optim.lr_scheduler import ChainedScheduler, LinearLR, LRScheduler, SequentialLR


def warmed_up(
    optimizer: torch.optim.Optimizer,
    epochs: int,
    max_epoch: int,
    cosine: bool,
    build: Callable[[int], LRScheduler],
) -> LRScheduler:
    """Torchreid's schedule behind a linear rise of the rates.

    Epoch e = 0, 1, ... of the w epochs of the rise has (e + 1) / (w + 1) of the full rate, which
    epoch w is the first to have. Steps (single_step, multi_step) stay at the epochs at which the
    configuration puts them, counted from the start of training. A cosine begins at the end of the
    rise, so it lasts w epochs less and ends at the last epoch all the same.

    Args:
        optimizer: its groups hold the full rates.
        epochs: w; 0 for the schedule as torchreid builds it.
        max_epoch: number of epochs, above w.
        cosine: whether the schedule is torchreid's cosine.
        build: makes the schedule of a number of epochs.
    """
    if not epochs:
        return build(max_epoch)
    # torchreid's first: it notes the full rates, which LinearLR then lowers
    schedule = build(max_epoch - epochs if cosine else max_epoch)
    rise = LinearLR(optimizer, start_factor=1 / (epochs + 1), total_iters=epochs)
    if cosine:
        return SequentialLR(optimizer, [rise, schedule], milestones=[epochs])
    return ChainedScheduler([rise, schedule])
