"""torchvision's ResNets as backbones (paper sections 2.1 and 3.2).

The paper starts from a ResNet-50 trained on ImageNet. The network and its weights are
torchvision's; this module cuts it in two and says where the weights come from. The paper's names
of the layers: res3d, res4f, res5c are the ends of conv3, conv4, conv5. ResNeXt and Wide ResNet
differ in the convolutions of their blocks alone.
"""

from pathlib import Path
from typing import Any, ClassVar

import torchvision
from torch import Tensor, nn

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbone import BACKBONES, Backbone
from midattr_plugin.models.backbones.torchvision_weights import default_weights, download_weights
from midattr_plugin.models.backbones.weights_file import load_weights, read_weights

NAMES = (
    *(f'resnet{depth}' for depth in (18, 34, 50, 101, 152)),
    'resnext50_32x4d',
    'resnext101_32x8d',
    'resnext101_64x4d',
    'wide_resnet50_2',
    'wide_resnet101_2',
)
LAST_STRIDES = (2, 1)

_TRUNK = ('conv1', 'bn1', 'relu', 'maxpool', 'layer1', 'layer2', 'layer3')


class ResNet(Backbone):
    """torchvision's ResNet of one depth, cut in front of conv5 (``layer4``).

    Its ``fc`` layer, which tells the ImageNet classes apart, is not used.

    Attributes:
        name: of the network in torchvision.

    Args:
        state: torchvision's state dict of that network; entries of ``fc`` are ignored.
        last_stride: of conv5; the weights are the same for both strides.

    Raises:
        InputError: ``state`` is of another network, or ``last_stride`` is neither 2 nor 1.
    """

    name: ClassVar[str]
    layers = {'res3d': 'layer2', 'res4f': 'layer3', 'res5c': 'layer4'}

    def __init__(self, state: dict[str, Tensor] | None = None, last_stride: int = 2):
        if last_stride not in LAST_STRIDES:
            raise InputError(f'midattr.last_stride: {last_stride} does not fit; choose 2 or 1')
        resnet = torchvision.models.get_model(self.name)
        if state is not None:
            load_weights(resnet, state, ('fc',), f"torchvision's {self.name}")
        _set_stride(resnet.layer4[0], last_stride)
        self.trunk = {name: getattr(resnet, name) for name in _TRUNK}
        self.tail = resnet.layer4
        channels = resnet.fc.in_features
        self.channels = {'res3d': channels // 4, 'res4f': channels // 2, 'res5c': channels}
        self.strides = {'res3d': 8, 'res4f': 16, 'res5c': 16 * last_stride}

    @classmethod
    def pretrained_state(
        cls, weights: str = '', weights_file: str | Path = ''
    ) -> dict[str, Tensor]:
        """Return the state dict of a pretrained ResNet.

        Args:
            weights: torchvision's name for the weights; '' for :func:`default_weights`.
            weights_file: a file with a state dict, which is read instead if it is given.

        Raises:
            InputError: the weights are unknown or cannot be downloaded, or the file cannot be used.
        """
        if weights_file:
            return read_weights(weights_file)
        return download_weights(cls.name, weights or default_weights(cls.name))


for _name in NAMES:
    BACKBONES.register(_name)(type(f'ResNet_{_name}', (ResNet,), {'name': _name}))


def _set_stride(block: Any, stride: int) -> None:
    """Set the stride of the first block of a stage.

    Two of its convolutions have one: that of the shortcut, and conv1 of a BasicBlock or conv2 of a
    Bottleneck.
    """
    for module in block.modules():
        if isinstance(module, nn.Conv2d) and module.stride != (1, 1):
            module.stride = (stride, stride)
    block.stride = stride
