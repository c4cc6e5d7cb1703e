"""torchvision's ResNets as backbones (paper sections 2.1 and 3.2).

The paper starts from a ResNet-50 trained on ImageNet. The network and its weights are
torchvision's; this module cuts it in two and says where the weights come from. The paper's names
of the layers: res3d, res4f, res5c are the ends of conv3, conv4, conv5.
"""

import pickle
from pathlib import Path
from typing import Any, ClassVar

import torch
import torchvision
from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import BACKBONES, Backbone
from midattr_plugin.user_path import user_path

DEPTHS = (18, 34, 50, 101, 152)
LAST_STRIDES = (2, 1)

_TRUNK = ('conv1', 'bn1', 'relu', 'maxpool', 'layer1', 'layer2', 'layer3')
_WEIGHTS = 'IMAGENET1K_V1'
_REMEDY = 'put the file anywhere and set midattr.weights_file to it, or set model.pretrained False'


class ResNet(Backbone):
    """torchvision's ResNet of one depth, cut in front of conv5 (``layer4``).

    Its ``fc`` layer, which tells the ImageNet classes apart, is not used.

    Args:
        state: torchvision's state dict of that network; entries of ``fc`` are ignored.
        last_stride: of conv5; the weights are the same for both strides.

    Raises:
        InputError: ``state`` is of another network, or ``last_stride`` is neither 2 nor 1.
    """

    depth: ClassVar[int]
    layers = {'res3d': 'layer2', 'res4f': 'layer3', 'res5c': 'layer4'}

    def __init__(self, state: dict[str, Tensor] | None = None, last_stride: int = 2):
        if last_stride not in LAST_STRIDES:
            raise InputError(f'midattr.last_stride: {last_stride} does not fit; choose 2 or 1')
        resnet = torchvision.models.get_model(f'resnet{self.depth}')
        if state is not None:
            state = {key: value for key, value in state.items() if not key.startswith('fc.')}
            _check_architecture(resnet, state, self.depth)
            # Not strict, because ``fc`` is missing; that nothing else is has just been checked.
            resnet.load_state_dict(state, strict=False)
        _set_stride(resnet.layer4[0], last_stride)
        self.trunk = {name: getattr(resnet, name) for name in _TRUNK}
        self.tail = resnet.layer4
        channels = resnet.fc.in_features
        self.channels = {'res3d': channels // 4, 'res4f': channels // 2, 'res5c': channels}
        self.strides = {'res3d': 8, 'res4f': 16, 'res5c': 16 * last_stride}

    @classmethod
    def pretrained_state(
        cls, weights: str = _WEIGHTS, weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Return the state dict of a pretrained ResNet.

        Args:
            weights: torchvision's name for the weights. They are downloaded once and kept where
                PyTorch keeps such files (``$TORCH_HOME/hub/checkpoints``).
            weights_file: a file with a state dict, which is read instead if it is given.

        Raises:
            InputError: the weights are unknown or cannot be downloaded, or the file cannot be used.
        """
        if weights_file:
            return _read(Path(user_path(weights_file, 'midattr.weights_file')))
        return _download(cls.depth, weights or _WEIGHTS)


for _depth in DEPTHS:
    BACKBONES.register(f'resnet{_depth}')(type(f'ResNet{_depth}', (ResNet,), {'depth': _depth}))


def _download(depth: int, weights: str) -> dict[str, Tensor]:
    available = torchvision.models.get_model_weights(f'resnet{depth}')
    if weights not in available.__members__:
        raise InputError(
            f'midattr.weights: torchvision has no weights "{weights}" for '
            f'ResNet-{depth}; choose from {", ".join(available.__members__)}'
        )
    entry = available[weights]
    try:
        return entry.get_state_dict(
            progress=True, check_hash=True, weights_only=True, map_location='cpu'
        )
    except Exception as error:  # the network, the disk and torch.load raise many types
        # ``from None``: the stack of urllib says nothing that the sentence does not.
        raise InputError(
            f"torchvision's weights {entry} could neither be downloaded from "
            f'{entry.url} nor read in {torch.hub.get_dir()}/checkpoints '
            f'({_reason(error)}); {_REMEDY}'
        ) from None


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputError(f'midattr.weights_file: there is no file "{path}"; {_REMEDY}')
    try:
        # weights_only: unpickling anything else may run code that the file brings along.
        state = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f'midattr.weights_file: "{path}" is not read, because it is broken '
            'or holds code instead of plain weights; use a file of torchvision'
        ) from None
    except Exception as error:  # torch.load raises many types for a truncated file
        raise InputError(
            f'midattr.weights_file: "{path}" is empty or broken '
            f'({_reason(error)}); get it again, or set model.pretrained False'
        ) from None
    if not isinstance(state, dict):
        raise InputError(
            f'midattr.weights_file: "{path}" holds a {type(state).__name__}, not '
            'a dict of weights; use a file of torchvision'
        )
    return state


def _set_stride(block: Any, stride: int) -> None:
    """Set the stride of the first block of a stage.

    Two of its convolutions have one: that of the shortcut, and conv1 of a BasicBlock or conv2 of a
    Bottleneck.
    """
    for module in block.modules():
        if isinstance(module, nn.Conv2d) and module.stride != (1, 1):
            module.stride = (stride, stride)
    block.stride = stride


def _check_architecture(resnet: torchvision.models.ResNet, state: dict, depth: int) -> None:
    """Compare names and shapes; files older than PyTorch 0.4.1 lack the batch counters."""
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
            f'(first: {differing[0]}); let midattr.weights_file and model.name '
            'be of the same depth'
        )


def _reason(error: Exception) -> str:
    """Return the cause in a few words; urllib wraps it into ``reason``."""
    text = str(getattr(error, 'reason', error)).strip()
    return text.splitlines()[0].split('. ')[0] if text else type(error).__name__
