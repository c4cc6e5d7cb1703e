"""What a checkpoint must hold: PyTorch takes most of it unseen, and fails later or never."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer

from midattr_plugin.errors import InputError


def _is_count(value: Any) -> bool:
    return (
        isinstance(value, (int, np.integer)) and type(value) is not bool and 0 <= int(value) < 2**31
    )


def _is_seed(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _is_number(value: Any) -> bool:
    # torchreid's rank-1 is a number of NumPy
    return isinstance(value, (int, float, np.number)) and type(value) is not bool


def _is_flag(value: Any) -> bool:
    return value is None or type(value) is bool


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_mapping_or_none(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def _are_states(value: Any) -> bool:
    # of every process; version 0.2 kept that of the main process alone
    states = value if isinstance(value, (list, tuple)) else [value]
    return all(isinstance(state, Mapping) for state in states)


def _is_averaging(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {'weights', 'steps'}
        and _is_count(value['steps'])
        and isinstance(value['weights'], Mapping)
        and all(
            isinstance(name, str) and _is_dense(weight) for name, weight in value['weights'].items()
        )
    )


def _is_dense(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.layout == torch.strided


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    'model': (_is_mapping_or_none, 'a description'),
    'epoch': (_is_count, 'a number of epochs'),
    'optimizer': (_is_mapping, 'the state of an optimizer'),
    'scheduler': (_is_mapping_or_none, 'the state of a schedule'),
    'criterion': (_is_mapping, 'the weights of a loss'),
    'random_state': (_are_states, 'the states of random generators'),
    'data_seed': (_is_seed, 'the seed of order and augmentation'),
    'averaging': (_is_averaging, 'trained weights and a number of steps'),
    'scaler': (_is_mapping, 'the state of a scaler'),
    'settings': (_is_mapping, 'values by key'),
    'training_images': (_is_mapping, 'number and digest of images'),
    'started_from': (lambda value: value is None or isinstance(value, str), 'a text'),
    'chosen_on': (lambda value: value is None or isinstance(value, str), 'a text'),
    'evaluated': (lambda value: type(value) is bool, 'True or False'),
    'best_mAP': (_is_number, 'a number'),
    'best_balanced_accuracy': (_is_number, 'a number'),
    'mAP': (_is_number, 'a number'),
    'rank1': (_is_number, 'a number'),
}
"""Entry besides the weights -> what it must be, and that in words."""


def check_content(checkpoint: Mapping[str, Any], path: str | Path) -> None:
    """Check that weights are weights and that each other entry is of its kind.

    Args:
        checkpoint: with ``state_dict``; other entries may be missing.
        path: of the checkpoint, for the message.

    Raises:
        InputError: an entry is of another kind.
    """
    weights = checkpoint['state_dict']
    if not isinstance(weights, Mapping):
        raise _damaged(path, f'its state_dict is {_short(weights)}, not weights by name')
    for name, value in weights.items():
        if not isinstance(name, str) or not _is_dense(value):
            raise _damaged(path, f'its weight {_short(name)} is {_short(value)}, not a tensor')
    for name, (is_kind, kind) in _KINDS.items():
        if name in checkpoint and not is_kind(checkpoint[name]):
            raise _damaged(path, f'its {name} is {_short(checkpoint[name])}, not {kind}')


def check_optimizer_state(
    optimizer: Optimizer, fresh: Sequence[Mapping[str, Any]], path: str | Path
) -> None:
    """Check an optimizer that has been restored, so that its next step can be made.

    Args:
        optimizer: the optimizer.
        fresh: its parameter groups as they were built; options that the checkpoint lacks, of
            another version of PyTorch, are taken from them.
        path: of the checkpoint, for the message.

    Raises:
        InputError: an option or the state of a parameter is of another kind or shape.
    """
    for group, built in zip(optimizer.param_groups, fresh, strict=True):
        for name, value in built.items():
            if name == 'params':
                continue
            stored = group.setdefault(name, value)
            # None: PyTorch chooses, e.g. whether the step is one kernel
            if not (is_like(stored, value) or (_is_flag(stored) and _is_flag(value))):
                raise _damaged(path, f'the option {name} of its optimizer is {_short(stored)}')
    entries = None
    for parameter, state in optimizer.state.items():
        entries = set(state) if entries is None else entries
        if set(state) != entries:
            raise _damaged(path, 'its optimizer lacks the state of some parameters')
        for name, value in state.items():
            shape = () if name == 'step' else tuple(parameter.shape)
            is_right = (
                tuple(value.shape) == shape
                and value.layout == torch.strided
                and value.is_floating_point()
                if isinstance(value, torch.Tensor)
                else is_like(value, 0.0 if name == 'step' else None)
            )
            if not is_right:
                raise _damaged(path, f'the state {name} of its optimizer is {_short(value)}')


def check_like(value: Any, template: Any, name: str, path: str | Path) -> None:
    """Check that ``value`` is of the kind of ``template``; see :func:`is_like`.

    Args:
        value: of a checkpoint.
        template: as this training would write it.
        name: of the value, for the message.
        path: of the checkpoint, for the message.

    Raises:
        InputError: it is not.
    """
    if not is_like(value, template):
        raise _damaged(path, f'its {name} holds values of another kind')


def is_like(value: Any, template: Any) -> bool:
    """Return whether plain, nested values have the types and lengths of others.

    An int stands for a float. Entries that only one of two mappings has are left out.
    """
    if isinstance(template, Mapping):
        common = template.keys() & value.keys() if isinstance(value, Mapping) else None
        return common is not None and all(is_like(value[key], template[key]) for key in common)
    if isinstance(template, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(template)
            and all(map(is_like, value, template))
        )
    if type(template) is float:
        return _is_number(value) and abs(value) < 1e300 and math.isfinite(value)
    return type(value) is type(template)


@contextmanager
def sound_content(path: str | Path) -> Iterator[None]:
    """Turn whatever PyTorch raises while it takes the content of a checkpoint into a sentence.

    Args:
        path: of the checkpoint.

    Raises:
        InputError: something was raised that is not yet a sentence, nor a lack of memory on the
            GPU.
    """
    try:
        yield
    except (InputError, FloatingPointError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        reason = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise _damaged(path, f'{reason:.300}') from error


def _damaged(path: str | Path, problem: str) -> InputError:
    return InputError(
        f'checkpoint "{path}" is damaged ({problem}); use another one, e.g. the '
        'model.pth.tar-<epoch> before it'
    )


def _short(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f'a tensor of {tuple(value.shape)}'
    return ' '.join(f'{value!r:.60}'.split())
