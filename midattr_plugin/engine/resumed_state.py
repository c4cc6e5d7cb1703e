"""Optimizer and learning rate schedule of a training that is resumed.

PyTorch restores the learning rate, its schedule and the options of the optimizer without a look at
what they were built with, so that a setting that was changed in between would have no effect.
"""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from midattr_plugin.engine.checkpoint_content import check_like, check_optimizer_state
from midattr_plugin.errors import InputError

_OPTIMIZER_KEYS = {
    'initial_lr': 'train.lr',
    'weight_decay': 'train.weight_decay',
    'momentum': 'sgd.momentum',
    'dampening': 'sgd.dampening',
    'nesterov': 'sgd.nesterov',
    'alpha': 'rmsprop.alpha',
    'betas': 'adam.beta1 or adam.beta2',
}
"""Option of a parameter group -> configuration key."""

_VARIANT = 'amsgrad'  # tells the optimizer of this name from adam, whose class is the same

_SCHEDULE_KEYS = {
    'T_max': 'train.max_epoch',
    'step_size': 'train.stepsize',
    'milestones': 'train.stepsize',
    'gamma': 'train.gamma',
    '_milestones': 'midattr.warmup_epochs or midattr.flat_epochs',
    'total_iters': 'midattr.warmup_epochs',
    'start_factor': 'midattr.warmup_epochs',
    'eta_min': 'midattr.lr_floor',
}
"""Constant of a schedule -> configuration key."""

_KIND = ('step_size', 'milestones', 'T_max', 'total_iters')  # each of one class of schedule
_LENGTH = 'T_max'  # of the cosine: the one constant that may change


def restore_optimizer(optimizer: Optimizer, state: Mapping[str, Any], path: str | Path) -> None:
    """Restore an optimizer that was built as the one of the checkpoint.

    Args:
        optimizer: takes the state.
        state: its state in the checkpoint.
        path: of the checkpoint, for messages.

    Raises:
        InputError: it was built with other parameters or options.
    """
    built = [dict(group) for group in optimizer.param_groups]
    fresh = [_options(group) for group in built]
    stored = [_options(group) for group in state['param_groups']]
    for before, now in zip(stored, fresh, strict=False):
        # PyTorch would let the one go on with the state of the other
        if before.keys() != now.keys() or before.get(_VARIANT) != now.get(_VARIANT):
            raise _other_optimizer(path, 'its options are others')
    try:
        optimizer.load_state_dict(dict(state))
    except ValueError as error:
        raise _other_optimizer(path, error) from error
    for before, now in zip(stored, fresh, strict=True):
        for option, key in _OPTIMIZER_KEYS.items():
            if option in now and before[option] != now[option]:
                is_staged = option == 'initial_lr' and len({x[option] for x in fresh}) > 1
                named = 'train.lr or train.base_lr_mult' if is_staged else key
                raise _changed(path, named, before[option], now[option])
    check_optimizer_state(optimizer, built, path)


def restore_schedule(
    scheduler: LRScheduler,
    fresh_rates: list[float],
    state: Mapping[str, Any],
    epoch: int,
    path: str | Path,
) -> bool:
    """Restore a schedule, or rebuild one whose number of epochs has changed.

    A cosine over another number of epochs goes on as if the training had had that number from
    the start.

    Args:
        scheduler: takes the state; its optimizer has been restored.
        fresh_rates: learning rates of the groups when the schedule was built.
        state: the state of the schedule in the checkpoint.
        epoch: number of epochs trained.
        path: of the checkpoint, for messages.

    Returns:
        Whether it was rebuilt.

    Raises:
        InputError: it is another schedule, or one with other constants than the number of epochs.
    """
    current = scheduler.state_dict()
    if _kind(current) != _kind(state):
        raise InputError(
            f'checkpoint "{path}" was written with another schedule of the learning '
            'rate; set train.lr_scheduler, midattr.warmup_epochs and midattr.flat_epochs as they '
            'were then, or give it as model.load_weights'
        )
    rebuild = False
    for (name, now), (_, before) in zip(_constants(current), _constants(state), strict=True):
        if now != before and name == _LENGTH:
            rebuild = True
        elif now != before:
            raise _changed(path, _SCHEDULE_KEYS[name], before, now)
    if not rebuild:
        scheduler.load_state_dict(dict(state))
        check_like(scheduler.state_dict(), current, 'scheduler', path)
        return False
    for group, rate in zip(scheduler.optimizer.param_groups, fresh_rates, strict=True):
        group['lr'] = rate
    with warnings.catch_warnings():
        # PyTorch misses the steps of the optimizer, which were made before the checkpoint
        warnings.simplefilter('ignore')
        for _ in range(epoch):
            scheduler.step()
    return True


def _other_optimizer(path: str | Path, reason: object) -> InputError:
    return InputError(
        f'checkpoint "{path}" was written with another optimizer ({reason}); set train.optim, '
        'train.staged_lr, train.new_layers, midattr.task_weights and midattr.freeze_bn as they '
        'were then, or give it as model.load_weights'
    )


def _options(group: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: group[name] for name in (*_OPTIMIZER_KEYS, _VARIANT) if name in group}
    options.setdefault('initial_lr', group['lr'])  # without a schedule
    if 'betas' in options:
        options['betas'] = tuple(options['betas'])
    return options


def _kind(schedule: Mapping[str, Any]) -> tuple:
    """Return what tells a scheduler's state from that of another class, nested ones included."""
    telling = tuple(key for key in _KIND if key in schedule)
    return telling + tuple(_kind(part) for part in schedule.get('_schedulers', ()))


def _constants(schedule: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _SCHEDULE_KEYS:
        if name in schedule:
            value = schedule[name]
            # milestones are a Counter, or a dict in a checkpoint
            yield name, dict(value) if isinstance(value, Mapping) else value
    for part in schedule.get('_schedulers', ()):
        yield from _constants(part)


def _changed(path: str | Path, key: str, before: Any, now: Any) -> InputError:
    return InputError(
        f'checkpoint "{path}" was written with {key} {_text(before)}, and a resumed training goes '
        f'on with it, but {key} is {_text(now)} now; set it back, or start a new training with '
        'the checkpoint as model.load_weights'
    )


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        value = list(value)
    return str(list(value) if isinstance(value, tuple) else value)
