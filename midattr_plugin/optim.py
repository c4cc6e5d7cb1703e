"""Schedules of the learning rate: torchreid's, behind a linear warm-up (not in the paper).

Goyal et al., Accurate, Large Minibatch SGD, 2017, section 2.2; for re-identification: Luo et al.,
Bag of Tricks, CVPRW 2019, section 3.1. torchreid steps a schedule once per epoch, and so does this.
"""

from collections.abc import Callable

import torch
from torch.optim.lr_scheduler import ChainedScheduler, LinearLR, LRScheduler, SequentialLR
from yacs.config import CfgNode

from midattr_plugin import torchreid_compat
from midattr_plugin.config import arguments


def build_scheduler(cfg: CfgNode, optimizer: torch.optim.Optimizer) -> LRScheduler:
    """Return torchreid's schedule, behind ``midattr.warmup_epochs`` of warm-up.

    Args:
        cfg: the configuration.
        optimizer: its groups hold the full rates.
    """
    options = arguments(cfg, 'lr_scheduler')

    def build(max_epoch: int) -> LRScheduler:
        return torchreid_compat.optim.build_lr_scheduler(
            optimizer, **options | {'max_epoch': max_epoch}
        )

    return with_warmup(
        optimizer,
        cfg.midattr.warmup_epochs,
        cfg.train.max_epoch,
        cfg.train.lr_scheduler == 'cosine',
        build,
    )


def with_warmup(
    optimizer: torch.optim.Optimizer,
    epochs: int,
    max_epoch: int,
    cosine: bool,
    build: Callable[[int], LRScheduler],
) -> LRScheduler:
    """Return a schedule that begins with a linear rise of the rates.

    Epoch e = 0, 1, ... of the w epochs of warm-up has (e + 1) / (w + 1) of the full rate, which
    epoch w is the first to have. Steps (single_step, multi_step) stay at the epochs at which the
    configuration puts them, counted from the start of training. A cosine begins after the
    warm-up, so it lasts w epochs less and ends at the last epoch all the same.

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
