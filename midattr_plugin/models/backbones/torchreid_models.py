"""torchreid's networks with stages as backbones, with torchreid's pretrained weights.

What is torchvision's, too, is torchvision's here (ResNet, ResNeXt, DenseNet, ShuffleNetV2: the
same networks and weights).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import BACKBONES
from midattr_plugin.models.backbones.chain import ChainBackbone
from midattr_plugin.models.backbones.torchreid_weights import download_problem
from midattr_plugin.models.backbones.weights_file import read_weights
from midattr_plugin.random_state import preserved_random_state

_RESNET = ('conv1', 'bn1', 'relu', 'maxpool', 'layer1', 'layer2', 'layer3', 'layer4')
_BLOCKS = tuple(f'block{number}' for number in range(1, 13))
_RELU = 'relu'  # one that is a function in torchreid's code

CHAINS: Mapping[str, tuple[str, ...]] = {
    'osnet_ain_': ('conv1', 'maxpool', 'conv2', 'pool2', 'conv3', 'pool3', 'conv4', 'conv5'),
    'osnet_': ('conv1', 'maxpool', 'conv2', 'conv3', 'conv4', 'conv5'),
    'resnet50_ibn_': _RESNET,
    'se_resne': ('layer0', 'layer1', 'layer2', 'layer3', 'layer4'),
    'mobilenetv2_': tuple(f'conv{number}' for number in range(1, 10)),
    'inceptionv4': ('features',),
    'inceptionresnetv2': (
        *('conv2d_1a', 'conv2d_2a', 'conv2d_2b', 'maxpool_3a', 'conv2d_3b', 'conv2d_4a'),
        *('maxpool_5a', 'mixed_5b', 'repeat', 'mixed_6a', 'repeat_1', 'mixed_7a', 'repeat_2'),
        *('block8', 'conv2d_7b'),
    ),
    'xception': (
        *('conv1', 'bn1', _RELU, 'conv2', 'bn2', _RELU, *_BLOCKS),
        *('conv3', 'bn3', _RELU, 'conv4', 'bn4', _RELU),
    ),
    'squeezenet': ('features',),
    'shufflenet': ('conv1', 'stage2', 'stage3', 'stage4'),
}
"""Beginning of the names -> children, in the order of torchreid's ``featuremaps``."""
_SKIPPED = ('_fc512', 'shufflenet_v2_')
_UP_TO_16 = {'s8': 's8', 's16': 's16'}
_SCALED_TO_ONE = ('inception', 'xception')  # their weights are of images in [-1, 1]
_ENDS_AT_16 = ('osnet_', 'squeezenet')


class TorchreidBackbone(ChainBackbone):
    """A network of torchreid, without what follows its last map."""

    library = 'torchreid'
    heads = ('fc', 'classifier')
    children: ClassVar[tuple[str, ...]]

    @classmethod
    def build_network(cls) -> nn.Module:
        """Return torchreid's network with random weights."""
        return _build(cls.name, pretrained=False)

    @classmethod
    def chain(cls, network: Any) -> dict[str, nn.Module]:
        """Return its modules up to the last map."""
        modules: dict[str, nn.Module] = {}
        for number, name in enumerate(cls.children):
            module = getattr(network, name, None)
            # xception's bn3 and so on have relu as a function
            modules[name if name not in modules else f'{name}_{number}'] = (
                nn.ReLU(inplace=True) if module is None or name in modules else module
            )
        return modules

    @classmethod
    def normalization(cls) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return that of the authors of the weights, which torchreid does not heed."""
        if cls.name.startswith(_SCALED_TO_ONE):
            return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
        return super().normalization()

    @classmethod
    def pretrained_state(
        cls, weights: str = '', weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Return torchreid's pretrained weights, downloaded by torchreid.

        Args:
            weights: torchreid has one file of a network, so that there is nothing to choose.
            weights_file: a file with a state dict, which is read instead if it is given.

        Raises:
            InputError: the weights cannot be had.
        """
        if weights_file:
            return read_weights(weights_file)
        if weights:
            raise InputError(
                f'midattr.weights: torchreid has weights of one kind for {cls.name}, not '
                f'"{weights}"; leave the key out, or give a file as midattr.weights_file'
            )
        try:
            with preserved_random_state():
                return _build(cls.name, pretrained=True).state_dict()
        except Exception as error:  # whatever networks, files and libraries raise
            raise InputError(f'model.pretrained: {download_problem(cls.name, error)}') from None


def _build(name: str, pretrained: bool) -> nn.Module:
    build: Callable[..., nn.Module] = torchreid_compat.models.build_model
    return build(name, num_classes=1, pretrained=pretrained, use_gpu=False)


def _children(name: str) -> tuple[str, ...] | None:
    """Return the chain of a model of torchreid; None if it has none or is not to be had."""
    if any(part in name for part in _SKIPPED) or name in BACKBONES:
        return None
    return next((chain for start, chain in CHAINS.items() if name.startswith(start)), None)


for _name in torchreid_compat.model_names():
    if (_chain := _children(_name)) is not None:
        _members: dict[str, Any] = {'name': _name, 'children': _chain}
        if _name.startswith(_ENDS_AT_16):
            _members['layers'] = _UP_TO_16
        BACKBONES.register(_name)(type(f'Torchreid_{_name}', (TorchreidBackbone,), _members))
