"""torchvision's networks with stages as backbones, beside its ResNets.

Their weights are torchvision's, too. Where torchreid has a network of the same name (DenseNet,
ShuffleNetV2), it is the same network with the same weights.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import torchvision
from torch import Tensor, nn

from midattr_plugin.models.backbone import BACKBONES
from midattr_plugin.models.backbones.chain import ChainBackbone
from midattr_plugin.models.backbones.torchvision_weights import default_weights, download_weights
from midattr_plugin.models.backbones.weights_file import read_weights

Chain = Callable[[Any], dict[str, nn.Module]]


def _features(network: Any) -> dict[str, nn.Module]:
    return {'features': network.features}


def _densenet(network: Any) -> dict[str, nn.Module]:
    # in place: the map that goes into it is read by nothing else
    return {'features': network.features, 'relu': nn.ReLU(inplace=True)}


def _regnet(network: Any) -> dict[str, nn.Module]:
    return {'stem': network.stem, 'trunk_output': network.trunk_output}


def _mnasnet(network: Any) -> dict[str, nn.Module]:
    return {'layers': network.layers}


def _shufflenet(network: Any) -> dict[str, nn.Module]:
    names = ('conv1', 'maxpool', 'stage2', 'stage3', 'stage4', 'conv5')
    return {name: getattr(network, name) for name in names}


_FAMILIES: tuple[tuple[str, Chain, tuple[str, ...]], ...] = (
    ('convnext_', _features, ('classifier',)),
    ('densenet', _densenet, ('classifier',)),
    ('efficientnet_', _features, ('classifier',)),
    ('mnasnet', _mnasnet, ('classifier',)),
    ('mobilenet_v', _features, ('classifier',)),
    ('regnet_', _regnet, ('fc',)),
    ('shufflenet_v2_', _shufflenet, ('fc',)),
)
"""Beginning of the names, their chain, and what tells ImageNet's classes apart."""


class TorchvisionBackbone(ChainBackbone):
    """A network of torchvision."""

    library = 'torchvision'
    chain_of: ClassVar[Chain]

    @classmethod
    def build_network(cls) -> nn.Module:
        """Return torchvision's network with random weights."""
        return torchvision.models.get_model(cls.name)

    @classmethod
    def normalization(cls) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return that of the default weights, e.g. another one of EfficientNetV2-L."""
        weights = torchvision.models.get_model_weights(cls.name)[default_weights(cls.name)]
        transforms = weights.transforms()
        return tuple(transforms.mean), tuple(transforms.std)

    @classmethod
    def chain(cls, network: Any) -> dict[str, nn.Module]:
        """Return its modules up to the last map."""
        return cls.chain_of(network)

    @classmethod
    def pretrained_state(
        cls, weights: str = '', weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Return torchvision's pretrained weights.

        Args:
            weights: torchvision's name for them; '' for IMAGENET1K_V1, or the first there is.
            weights_file: a file with a state dict, which is read instead if it is given.

        Raises:
            InputError: the weights cannot be had.
        """
        if weights_file:
            return read_weights(weights_file)
        return download_weights(cls.name, weights or default_weights(cls.name))


for _start, _chain, _heads in _FAMILIES:
    for _name in torchvision.models.list_models(module=torchvision.models):
        if _name.startswith(_start):
            _members = {'name': _name, 'heads': _heads, 'chain_of': staticmethod(_chain)}
            BACKBONES.register(_name)(
                type(f'Torchvision_{_name}', (TorchvisionBackbone,), _members)
            )
