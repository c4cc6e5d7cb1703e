"""The ResNet that both branches and the attribute heads stand on (paper sections 2.1 and 3.2).

The paper starts from a ResNet-50 trained on ImageNet. The network and its weights are
torchvision's; this module only says where the weights come from.
"""

import pickle
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from midattr_plugin.errors import InputError

DEPTHS = (18, 34, 50, 101, 152)
LAST_STRIDES = (2, 1)

_REMEDY = (
    'put the file anywhere and set midattr.backbone_weights to it, or set model.pretrained False'
)


def build_backbone(
    depth: int, state: dict[str, Tensor] | None = None, last_stride: int = 2
) -> torchvision.models.ResNet:
    """Torchvision's ResNet with the given weights, or with random ones.

    Its ``fc`` layer, which tells the ImageNet classes apart, is of no use here.

    Args:
        depth: one of ``DEPTHS``.
        state: torchvision's state dict of that network; entries of ``fc`` are ignored.
        last_stride: of conv5 (``layer4``). 1 gives its map twice the rows and columns (Luo et
            al., CVPRW 2019); the weights are the same.

    Raises:
        InputError: there is no ResNet of that depth, ``state`` is of another network, or
            ``last_stride`` is neither 2 nor 1.
    """
    _check_depth(depth)
    if last_stride not in LAST_STRIDES:
        raise InputError(f'midattr.last_stride: {last_stride} does not fit; choose 2 or 1')
    resnet = torchvision.models.get_model(f'resnet{depth}')
    if state is not None:
        state = {key: value for key, value in state.items() if not key.startswith('fc.')}
        _check_architecture(resnet, state, depth)
        # Not strict, because ``fc`` is missing; that nothing else is has just been checked.
        resnet.load_state_dict(state, strict=False)
    _set_stride(resnet.layer4[0], last_stride)
    return resnet


def pretrained_state(
    depth: int, weights: str = 'IMAGENET1K_V1', weights_file: str | Path = ''
) -> dict[str, Tensor]:
    """The state dict of a pretrained ResNet.

    Args:
        depth: one of ``DEPTHS``.
        weights: torchvision's name for the weights. They are fetched once and kept where
            PyTorch keeps such files (``$TORCH_HOME/hub/checkpoints``).
        weights_file: a file with a state dict, which is read instead if it is given.

    Raises:
        InputError: the depth or the weights are unknown, the weights cannot be fetched, or
            the file cannot be used.
    """
    _check_depth(depth)
    return _read(Path(weights_file).expanduser()) if weights_file else _fetch(depth, weights)


def _fetch(depth: int, weights: str) -> dict[str, Tensor]:
    known = torchvision.models.get_model_weights(f'resnet{depth}')
    if weights not in known.__members__:
        raise InputError(
            f'midattr.weights_name: torchvision has no weights "{weights}" for '
            f'ResNet-{depth}; choose from {", ".join(known.__members__)}'
        )
    entry = known[weights]
    try:
        return entry.get_state_dict(
            progress=True, check_hash=True, weights_only=True, map_location='cpu'
        )
    except Exception as error:  # the network, the disk and torch.load raise many types
        # ``from None``: the stack of urllib says nothing that the sentence does not.
        raise InputError(
            f"torchvision's weights {entry} could neither be fetched from "
            f'{entry.url} nor read in {torch.hub.get_dir()}/checkpoints '
            f'({_reason(error)}); {_REMEDY}'
        ) from None


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputError(f'midattr.backbone_weights: there is no file "{path}"; {_REMEDY}')
    try:
        # weights_only: unpickling anything else may run code that the file brings along.
        state = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f'midattr.backbone_weights: "{path}" is not read, because it is broken '
            'or holds code instead of plain weights; use a file of torchvision'
        ) from None
    except Exception as error:  # torch.load raises many types for a truncated file
        raise InputError(
            f'midattr.backbone_weights: "{path}" is empty or broken '
            f'({_reason(error)}); get it again, or set model.pretrained False'
        ) from None
    if not isinstance(state, dict):
        raise InputError(
            f'midattr.backbone_weights: "{path}" holds a {type(state).__name__}, not '
            'a dict of weights; use a file of torchvision'
        )
    return state


def _set_stride(block: nn.Module, stride: int) -> None:
    """Of the two convolutions that stride in the first block of a stage: the one of the shortcut
    and conv1 of a BasicBlock, conv2 of a Bottleneck.
    """
    for module in block.modules():
        if isinstance(module, nn.Conv2d) and module.stride != (1, 1):
            module.stride = (stride, stride)
    block.stride = stride


def _check_depth(depth: int) -> None:
    if depth not in DEPTHS:
        raise InputError(
            f'depth: there is no ResNet-{depth}; choose from {", ".join(map(str, DEPTHS))}'
        )


def _check_architecture(resnet: torchvision.models.ResNet, state: dict, depth: int) -> None:
    """Compares names and shapes; files older than PyTorch 0.4.1 lack the batch counters."""
    want, have = (
        {
            key: getattr(value, 'shape', None)
            for key, value in weights.items()
            if not key.startswith('fc.') and not key.endswith('num_batches_tracked')
        }
        for weights in (resnet.state_dict(), state)
    )
    differing = [key for key in [*want, *have] if want.get(key) != have.get(key)]
    if differing:
        raise InputError(
            f"the backbone weights are not of torchvision's ResNet-{depth}: "
            f'{len(set(differing))} of them are missing, unknown or of another shape '
            f'(first: {differing[0]}); let midattr.backbone_weights and model.name '
            'be of the same depth'
        )


def _reason(error: Exception) -> str:
    """The cause in a few words; what urllib raises wraps it into ``reason``."""
    text = str(getattr(error, 'reason', error)).strip()
    return text.splitlines()[0].split('. ')[0] if text else type(error).__name__
