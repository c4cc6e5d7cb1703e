"""Checkpoint files: written atomically, read without running code from them.

A checkpoint is torchreid's dict (``state_dict``, ``epoch``, ``rank1``, ``optimizer``,
``scheduler``) plus

* ``model``: facts from which the model can be built again (:class:`ModelSpec`); None if they are
  not known;
* what an exact resume needs: ``random_state``, ``data_seed`` (of the order and augmentation of the
  images), ``criterion`` (learned weights of the losses), ``averaging`` (only with an average of the
  weights, which is then what ``state_dict`` holds: the ``weights`` that are trained, and the number
  of ``steps``);
* what a resume is compared with: ``settings`` (the configuration by key), ``training_images``;
* what was measured: ``mAP``, ``best_mAP`` or, without a ranking,
  ``best_balanced_accuracy``, ``evaluated``;
* on what it was chosen among the epochs of its training: ``chosen_on``
  (:mod:`midattr_plugin.engine.chosen_on`);
* what the training started from: ``started_from``, as in the results.

It holds tensors and plain Python values only.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from midattr_plugin.distributed import world_size
from midattr_plugin.engine.checkpoint_content import check_content
from midattr_plugin.engine.head_alignment import align_heads
from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.models import ModelSpec
from midattr_plugin.user_path import user_path

# torchreid stores rank-1 as a NumPy scalar, which PyTorch refuses by default from 2.6 on
# (https://github.com/KaiyangZhou/deep-person-reid/issues/592). These three rebuild a
# number from its bytes and can do nothing else. NumPy 1 and 2 name the first differently.
_rebuild_scalar = np.float64(0).__reduce__()[0]
_NUMPY_SCALAR: list[Any] = [
    (_rebuild_scalar, 'numpy.core.multiarray.scalar'),
    (_rebuild_scalar, 'numpy._core.multiarray.scalar'),
    np.dtype,
    type(np.dtype(np.float64)),
    type(np.dtype(np.float32)),
]


def plain(value):
    """Return ``value`` with NumPy scalars and other mappings made plain Python, recursively."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    return value


def save_checkpoint(state: dict, path: Path) -> None:
    """Write ``state`` under ``path``, or leave what was there.

    Raises:
        InputError: the file cannot be written.
    """
    content = plain(state)
    with atomic_path(path, _tensor_bytes(content)) as temporary:
        torch.save(content, temporary)


def _tensor_bytes(value: Any) -> int:
    """Return the size of all tensors, which is nearly that of the file."""
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, dict):
        value = list(value.values())
    return sum(map(_tensor_bytes, value)) if isinstance(value, (list, tuple)) else 0


def read_checkpoint(path: str | Path) -> dict:
    """Read a checkpoint of ours or torchreid's, or a bare state dict, to CPU memory.

    Returns:
        A dict that has at least ``state_dict``, its keys without DataParallel's ``module.``.

    Raises:
        InputError: there is no such file, it cannot be read, it is broken, or it holds more than
            tensors and plain values (code would run if it were unpickled).
    """
    path = Path(user_path(path, 'checkpoint'))
    if not path.is_file():
        problem = 'is a folder' if path.is_dir() else 'does not exist'
        machines = '' if world_size() == 1 else ', which is needed on every machine'
        raise InputError(f'checkpoint "{path}" {problem}; check the path{machines}')
    try:
        with torch.serialization.safe_globals(_NUMPY_SCALAR):
            checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).split('. ')[0].strip().splitlines()[0]
        raise InputError(
            f'checkpoint "{path}" is not read, because it is broken or holds code instead of '
            f'plain weights ({reason}); use a file written by this project or by torchreid'
        ) from error
    except PermissionError as error:
        raise InputError(
            f'checkpoint "{path}" cannot be read ({error.strerror}); let your user read it'
        ) from error
    except Exception as error:  # torch.load raises many types for a truncated file
        raise InputError(
            f'checkpoint "{path}" is broken or truncated ({type(error).__name__}); '
            'use another one, e.g. the model.pth.tar-<epoch> before it'
        ) from error
    if not isinstance(checkpoint, dict):
        raise InputError(
            f'checkpoint "{path}" holds a {type(checkpoint).__name__}, not a dict '
            'of weights; use a file written by this project or by torchreid'
        )
    if 'state_dict' not in checkpoint:
        checkpoint = {'state_dict': checkpoint}
    check_content(checkpoint, path)
    weights = {
        key.removeprefix('module.'): value for key, value in checkpoint['state_dict'].items()
    }
    if 'model' not in checkpoint:  # it may be of version 0.1
        weights = {_present_name(key): value for key, value in weights.items()}
    checkpoint['state_dict'] = weights
    return checkpoint


def _present_name(key: str) -> str:
    """Return today's name of a weight; version 0.1 of this project had others."""
    if not key.startswith('attributes.'):
        return key
    return key.replace('attributes.', 'attribute_heads.', 1).replace('_colour', '_color')


def described_model(checkpoint: dict, path: str | Path) -> ModelSpec | None:
    """Return what a checkpoint says about its model; None if it says nothing.

    Args:
        checkpoint: from :func:`read_checkpoint`.
        path: of the checkpoint, for the message.

    Raises:
        InputError: the description is damaged, or was written by a newer version.
    """
    content = checkpoint.get('model')
    if content is None:
        return None
    try:
        return ModelSpec.from_dict(content)
    except InputError as error:
        raise InputError(f'checkpoint "{path}": {error}') from error


_RESUME_REMEDY = (
    'set model.name, midattr.* and data.sources as they were when it was written '
    '(config.yaml beside it), or use model.load_weights to take what fits'
)


def restore_model(
    model: nn.Module, checkpoint: dict, path: str | Path, remedy: str = _RESUME_REMEDY
) -> None:
    """Load all weights of ``checkpoint`` into ``model``.

    Args:
        model: takes the weights.
        checkpoint: from :func:`read_checkpoint`.
        path: of the checkpoint, for the message.
        remedy: what to do if they do not fit, as a clause.

    Raises:
        InputError: the checkpoint is of another architecture, or its attributes have other
            classes or read something else; the model is left as it was.
    """
    have, want = checkpoint['state_dict'], model.state_dict()
    missing = [key for key in want if key not in have]
    unexpected = [key for key in have if key not in want]
    differing = [key for key in want if key in have and have[key].shape != want[key].shape]
    problems = []
    if missing:
        problems.append(f'{len(missing)} weights are missing (first: {missing[0]})')
    if unexpected:
        problems.append(f'{len(unexpected)} are unknown (first: {unexpected[0]})')
    if differing:
        key = differing[0]
        problems.append(
            f'{len(differing)} differ in shape (first: {key}, {tuple(have[key].shape)} '
            f'there and {tuple(want[key].shape)} here)'
        )
    if problems:
        raise InputError(
            f'checkpoint "{path}" is of another architecture: {", ".join(problems)}; {remedy}'
        )
    spec = described_model(checkpoint, path)
    if spec is not None and (different := _different_head(have, spec, model)):
        raise InputError(
            f'checkpoint "{path}" is of a model with other attributes: {different}; {remedy}'
        )
    model.load_state_dict(have)


def _different_head(state: dict[str, Tensor], spec: ModelSpec, model: nn.Module) -> str:
    """Return in words which head means something else in a model; '' if none does.

    The weights of both may have the same names and shapes.
    """
    aligned = align_heads(state, spec, model)
    for name, weight in state.items():
        if name in aligned.left_out:
            return f'{name} ({aligned.left_out[name]})'
        ours = aligned.state[name]
        if ours is not weight and not torch.equal(ours, weight):
            return f'{name} (its rows are in another order there)'
    return ''
