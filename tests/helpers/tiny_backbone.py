"""A backbone of three convolutions, as someone outside this project might write it."""

import torch
from torch import nn

from midattr_plugin.errors import InputError
from midattr_plugin.models import Backbone


def _stage(channels_in, channels, stride):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )


class TinyBackbone(Backbone):
    """Three stages of 4, 6 and 10 channels; the last one is the tail."""

    layers = {'low': 'stem', 'middle': 'body', 'high': 'top'}

    def __init__(self, state=None, last_stride=2):
        stages = nn.ModuleDict(
            {'stem': _stage(3, 4, 4), 'body': _stage(4, 6, 2), 'top': _stage(6, 10, last_stride)}
        )
        if state is not None:
            stages.load_state_dict(state)
        self.trunk = {'stem': stages['stem'], 'body': stages['body']}
        self.tail = stages['top']
        self.channels = {'low': 4, 'middle': 6, 'high': 10}
        self.strides = {'low': 4, 'middle': 8, 'high': 8 * last_stride}

    @classmethod
    def pretrained_state(cls, weights='', weights_file=''):
        if not weights_file:
            raise InputError('midattr.weights_file: give the weights of the tiny backbone')
        return torch.load(weights_file, weights_only=True)
