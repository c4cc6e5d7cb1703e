"""A network of a few thousand weights that takes the place of a ResNet and needs no download."""

from torch import nn

from midattr_plugin.models import Backbone


class TinyResNet(Backbone):
    """Layers, children and strides of a ResNet, and the channels of res3d of a ResNet-50."""

    layers = {'res3d': 'layer2', 'res4f': 'layer3', 'res5c': 'layer4'}

    def __init__(self, state=None, last_stride=2):
        self.trunk = {
            'layer1': _layer(3, 8, 4),
            'layer2': _layer(8, 512, 2),
            'layer3': _layer(512, 8, 2),
        }
        self.tail = _layer(8, 16, last_stride)
        self.channels = {'res3d': 512, 'res4f': 8, 'res5c': 16}
        self.strides = {'res3d': 8, 'res4f': 16, 'res5c': 16 * last_stride}

    @classmethod
    def pretrained_state(cls, weights='', weights_file=''):
        return {}


def _layer(channels: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()
    )
