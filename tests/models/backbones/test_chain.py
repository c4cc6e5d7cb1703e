"""Cutting a chain by hand-made examples."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from midattr_plugin.errors import InputError
from midattr_plugin.models.backbones.chain import cut, flatten, keep_input, remove_stride


def conv(stride, channels_in=2, channels=2):
    return nn.Conv2d(channels_in, channels, 3, stride, padding=1)


def chain(*strides):
    modules = [conv(stride, 3 if not i else 2) for i, stride in enumerate(strides)]
    return {f'm{i}': module for i, module in enumerate(modules)}


@pytest.mark.parametrize(
    'strides, expected',
    [
        ((2, 2, 2, 1, 2), {'s8': ['m0', 'm1', 'm2', 'm3'], 's16': ['m4']}),
        ((4, 2, 2, 1, 2, 1), {'s8': ['m0', 'm1'], 's16': ['m2', 'm3'], 's32': ['m4', 'm5']}),
        ((8, 1, 2), {'s8': ['m0', 'm1'], 's16': ['m2']}),
        ((16, 1, 2), {'s16': ['m0', 'm1'], 's32': ['m2']}),
    ],
)
def test_a_layer_is_the_deepest_map_of_its_stride(strides, expected):
    pieces = cut(chain(*strides), 'it')
    assert {
        layer: list(dict(piece.named_children())) for layer, piece in pieces.items()
    } == expected


@pytest.mark.parametrize('strides', [(16, 1), (2, 2), (8, 2, 2, 2), (4, 1)])
def test_without_two_layers_it_is_refused(strides):
    with pytest.raises(InputError, match='model.name: it has maps of the strides .* are needed'):
        cut(chain(*strides), 'it')


def test_sequences_are_flattened_but_not_what_has_a_forward_of_its_own():
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    inner = nn.Sequential(OrderedDict(a=conv(1), b=nn.Sequential(conv(1), Residual(conv(1)))))
    flat = flatten({'first': conv(1), 'stage': inner})
    assert list(flat) == ['first', 'stage_a', 'stage_b_0', 'stage_b_1']
    assert isinstance(flat['stage_b_1'], Residual)


def test_the_input_is_kept():
    module = nn.Sequential(nn.ReLU(inplace=True), nn.Sequential(nn.Dropout(inplace=True)))
    keep_input(module)
    x = torch.randn(4)
    kept = x.clone()
    module(x)
    assert torch.equal(x, kept)


def test_strides_are_removed():
    tail = nn.Sequential(
        conv(2),
        nn.Sequential(nn.AvgPool2d(2, 2), nn.MaxPool2d(2)),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Conv2d(2, 2, 3, (2, 1), padding=1),
    )
    remove_stride(tail)
    assert tail(torch.rand(1, 2, 16, 8)).shape == (1, 2, 8, 8)  # the last one is no (2, 2)
