"""Weights of a backbone from a file, and whether weights are those of a network."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.user_path import user_path

REMEDY = 'put the file anywhere and set midattr.weights_file to it, or set model.pretrained False'


def read_weights(weights_file: str | Path) -> dict[str, Tensor]:
    """Return the state dict in a file of torchvision, torchreid or timm.

    Args:
        weights_file: as the user wrote it.

    Raises:
        InputError: there is no such file, or it cannot be used.
    """
    path = Path(user_path(weights_file, 'midattr.weights_file'))
    if not path.is_file():
        raise InputError(f'midattr.weights_file: there is no file "{path}"; {REMEDY}')
    try:
        # weights_only: unpickling anything else may run code that the file brings along.
        state = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f'midattr.weights_file: "{path}" is not read, because it is broken '
            'or holds code instead of plain weights; use the file of its library'
        ) from None
    except Exception as error:  # torch.load raises many types for a truncated file
        raise InputError(
            f'midattr.weights_file: "{path}" is empty or broken '
            f'({reason(error)}); get it again, or set model.pretrained False'
        ) from None
    if not isinstance(state, dict):
        raise InputError(
            f'midattr.weights_file: "{path}" holds a {type(state).__name__}, not '
            'a dict of weights; use the file of its library'
        )
    state = state.get('state_dict', state)  # torchreid's checkpoints
    if state and all(str(key).startswith('module.') for key in state):  # written by DataParallel
        state = {key.removeprefix('module.'): value for key, value in state.items()}
    return state


def load_weights(
    network: nn.Module, state: Mapping[str, Any], heads: tuple[str, ...], name: str
) -> None:
    """Load all weights of a network but those that tell ImageNet's classes apart.

    Args:
        network: takes the weights.
        state: name -> weight, as the network's library writes it.
        heads: children of the network that are not of the backbone; their weights may be missing
            or of another shape.
        name: of the network, for messages.

    Raises:
        InputError: other weights are missing, unknown or of another shape.
    """
    # files older than PyTorch 0.4.1 lack the batch counters
    want, have = (
        {
            key: getattr(value, 'shape', None)
            for key, value in weights.items()
            if key.partition('.')[0] not in heads and not key.endswith('num_batches_tracked')
        }
        for weights in (network.state_dict(), state)
    )
    differing = [key for key in [*want, *have] if want.get(key) != have.get(key)]
    if differing:
        raise InputError(
            f'the backbone weights are not of {name}: '
            f'{len(set(differing))} of them are missing, unknown or of another shape '
            f'(first: {differing[0]}); let midattr.weights_file and model.name '
            'be of the same network'
        )
    body = {key: value for key, value in state.items() if key.partition('.')[0] not in heads}
    # Not strict, because the heads are missing; that nothing else is has just been checked.
    network.load_state_dict(body, strict=False)


def reason(error: Exception) -> str:
    """Return the cause in a few words; urllib wraps it into ``reason``."""
    text = str(getattr(error, 'reason', error)).strip()
    return text.splitlines()[0].split('. ')[0] if text else type(error).__name__
