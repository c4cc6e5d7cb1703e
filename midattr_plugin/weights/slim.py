"""A checkpoint without what only a training needs: small enough to be handed on.

Left out are the optimizer, the state of the training and the classifiers of the training
identities, which nobody else has; the other weights are rounded to half precision.
"""

import os
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from midattr_plugin.engine.checkpoint_content import sound_content
from midattr_plugin.engine.checkpoint_file import described_model, read_checkpoint, save_checkpoint
from midattr_plugin.errors import InputError

_KEPT = ('training_images', 'chosen_on', 'epoch', 'started_from')
_CLASSIFIERS = ('classifier', 'classifier_part')


def slim_checkpoint(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Write a small checkpoint of the same model, as :func:`midattr_plugin.load_model` reads it.

    Descriptors and attributes are the same but for rounding. Its classifiers know one identity;
    with ``model.load_weights`` a training starts from all other weights.

    Args:
        source: a checkpoint that a training of this project wrote.
        target: the new file.

    Raises:
        InputError: the checkpoint cannot be used, or the file cannot be written.
    """
    checkpoint = read_checkpoint(os.fspath(source))
    with sound_content(os.fspath(source)):
        spec = described_model(checkpoint, os.fspath(source))
        if spec is None or not spec.backbone:
            raise InputError(
                f'checkpoint "{source}" does not describe a model of this project; take one that '
                'midattr-train wrote for a model midattr_...'
            )
        state = {
            name: _half(value, name, source) for name, value in checkpoint['state_dict'].items()
        }
        if spec.num_classes:
            for name in [name for name in state if name.partition('.')[0] in _CLASSIFIERS]:
                state[name] = state[name][:1].clone()
            spec = replace(spec, num_classes=1)
    content = {name: checkpoint[name] for name in _KEPT if name in checkpoint}
    save_checkpoint({'model': spec.as_dict(), 'state_dict': state, **content}, Path(target))


def _half(value: Tensor, name: str, source: str | os.PathLike) -> Tensor:
    if not value.is_floating_point():
        return value
    half = value.half()
    if not torch.isfinite(half).all():
        raise InputError(
            f'checkpoint "{source}" has a weight, {name}, of {value.abs().max():.3g}, which half '
            'precision does not hold; train with a smaller train.lr, or hand on the checkpoint as '
            'it is'
        )
    return half
