"""Schedules of the learning rate: torchreid's, behind a linear warm-up (not in the paper).

Goyal et al., Accurate, Large Minibatch SGD, 2017, section 2.2; for re-identification: Luo et al.,
Bag of Tricks, CVPRW 2019, section 3.1. A cosine may begin after epochs at the full rate and end
above 0, as in the stronger baseline of fast-reid (He et al., 2020). torchreid steps a schedule once
per epoch, and so does this.
"""

from collections.abc import Callable

import torch
from torch.optim.lr_scheduler import ChainedScheduler, LinearLR, LRScheduler, SequentialLR
from yacs.config import CfgNode

from midattr_plugin import torchreid_compat
from midattr_plugin.config import arguments

COSINE = 'cosine'
"""Name of torchreid's schedule that lasts until the end of the training."""


def build_scheduler(cfg: CfgNode, optimizer: torch.optim.Optimizer) -> LRScheduler:
    """Return torchreid's schedule, behind the warm-up and the flat epochs of ``midattr``.

    Args:
        cfg: the configuration.
        optimizer: its groups hold the full rates.
    """
    options = arguments(cfg, 'lr_scheduler')
    cosine = cfg.train.lr_scheduler == COSINE

    def build(max_epoch: int) -> LRScheduler:
        schedule = torchreid_compat.optim.build_lr_scheduler(
            optimizer, **options | {'max_epoch': max_epoch}
        )
        if cosine and cfg.midattr.lr_floor:
            schedule.eta_min = cfg.midattr.lr_floor  # an argument that torchreid does not pass on
        return schedule

    flat = cfg.midattr.flat_epochs if cosine else 0
    return with_warmup(
        optimizer, cfg.midattr.warmup_epochs, cfg.train.max_epoch, cosine, build, flat
    )


def with_warmup(
    optimizer: torch.optim.Optimizer,
    epochs: int,
    max_epoch: int,
    cosine: bool,
    build: Callable[[int], LRScheduler],
    flat: int = 0,
) -> LRScheduler:
    """Return a schedule that begins with a linear rise of the rates.

    Epoch e = 0, 1, ... of the w epochs of warm-up has (e + 1) / (w + 1) of the full rate, which
    epoch w is the first to have. Steps (single_step, multi_step) stay at the epochs at which the
    configuration puts them, counted from the start of training. A cosine begins after the
    warm-up and f flat epochs at the full rate, so it lasts w + f epochs less and ends at the last
    epoch all the same.

    Args:
        optimizer: its groups hold the full rates.
        epochs: w; 0 for none.
        max_epoch: number of epochs, above w + f.
        cosine: whether the schedule is torchreid's cosine.
        build: makes the schedule of a number of epochs.
        flat: f, 0 unless the schedule is a cosine. With w also 0 it is as torchreid builds it.
    """
    if not epochs + flat:
        return build(max_epoch)
    # torchreid's first: it notes the full rates, which LinearLR then lowers
    schedule = build(max_epoch - epochs - flat if cosine else max_epoch)
    # after its w epochs LinearLR leaves the rates as they are
    rise = LinearLR(optimizer, start_factor=1 / (epochs + 1), total_iters=epochs)
    if cosine:
        return SequentialLR(optimizer, [rise, schedule], milestones=[epochs + flat])
    return ChainedScheduler([rise, schedule])
