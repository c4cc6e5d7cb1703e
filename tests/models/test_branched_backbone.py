"""The children that come from the backbone, and the maps that they give."""

import pytest
import torch
from torch import nn

from helpers.tiny_backbone import TinyBackbone
from midattr_plugin.models.branched_backbone import BranchedBackbone
from midattr_plugin.models.frozen_batch_norm import FrozenBatchNorm
from midattr_plugin.models.part_generators import PartGenerators


def build(branches=('global', 'local'), read=(), non_local=(), freeze_bn=False):
    backbone = TinyBackbone()
    model = BranchedBackbone(backbone, branches, read, non_local, freeze_bn, PartGenerators())
    if 'local' in branches:
        model.add_tail('local', backbone.tail)
    return model.eval()


def images():
    return torch.randn(2, 3, 32, 16, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_maps_of_layers_and_branches():
    model = build(non_local=['low'])
    with torch.no_grad():
        model.top_part[0].weight.mul_(2)
        model.non_local['low'].bn.weight.fill_(1)
    low = model.stem(images())
    middle = model.body(model.non_local['low'](low))
    expected = {'low': low, 'middle': middle, 'high': model.top(middle)}
    maps, last = model._all_maps(images())
    assert maps.keys() == expected.keys() and list(last) == ['global', 'local']
    assert all(torch.equal(maps[layer], values) for layer, values in expected.items())
    assert torch.equal(last['local'], model.top_part(middle))
    assert not torch.equal(last['local'], last['global'])
    for layer, values in model.layer_maps(images()).items():
        assert torch.equal(values, expected[layer if layer != 'pool5' else 'high'])


@pytest.mark.parametrize(
    'layers, run', [(['low'], 1), (['middle'], 2), (['high'], 3), (['pool5', 'low'], 3), ([], 0)]
)
def test_nothing_behind_the_layers_is_computed(layers, run):
    model, seen = build(), []
    for name, child in model.named_children():
        child.register_forward_hook(lambda *_, name=name: seen.append(name))
    assert list(model.layer_maps(images(), layers)) == layers
    assert seen == ['stem', 'body', 'top'][:run]


@pytest.mark.parametrize('branches', [('global',), ('local',), ('global', 'local')])
def test_children(branches):
    model = build(branches)
    tails = {'global': 'top', 'local': 'top_part'}
    names = [name for name, _ in model.named_children()]
    assert names == ['stem', 'body', *(tails[branch] for branch in branches)]
    assert model.new_layers == ()
    model.extra = nn.Identity()
    assert model.new_layers == ('extra',)


@pytest.mark.parametrize(
    'read, children',
    [
        (['low'], ['stem']),
        (['middle', 'low'], ['stem', 'body']),
        (['low', 'high'], ['stem', 'body', 'top']),
        (['pool5'], ['stem', 'body', 'top']),
    ],
)
def test_without_branches_it_ends_behind_what_is_read(read, children):
    model = build((), read)
    assert [name for name, _ in model.named_children()] == children
    maps, _ = model._all_maps(images())
    assert len(maps) == len(children)


def test_a_block_behind_the_end_is_left_out():
    assert list(build((), ['middle'], ['low', 'middle']).non_local) == ['low']
    assert build((), ['low'], ['low', 'middle']).non_local is None


def test_frozen_tails_are_copies():
    model = build(freeze_bn=True)
    assert {type(child[1]) for child in model.children()} == {FrozenBatchNorm}
    assert model.top[0].weight is not model.top_part[0].weight
    assert torch.equal(model.top[0].weight, model.top_part[0].weight)
