"""Non-local blocks, alone and in the network."""

import pytest
import torch
from torch import nn

from helpers.tiny_model import build, images
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models.complexity import multiply_adds
from midattr_plugin.models.non_local import NonLocal, check_non_local

BOTH = {'non_local': ['res3d', 'res4f']}


def block(channels=6):
    """One that changes its maps."""
    torch.manual_seed(0)
    made = NonLocal(channels)
    nn.init.normal_(made.bn.weight)
    nn.init.normal_(made.bn.bias)
    nn.init.normal_(made.bn.running_mean)
    return made.eval()


def linear(layer, vector):
    bias = 0 if layer.bias is None else layer.bias
    return layer.weight[:, :, 0, 0] @ vector + bias


@torch.no_grad()
@pytest.mark.parametrize('size', [(1, 2), (4, 3), (1, 1)])
def test_equals_plain_loops(size):
    """Position by position (Eqs. 1, 4 and 6); there are fewer of them than d = 3, or more."""
    made, maps = block(), torch.randn(2, 6, *size)
    expected = torch.empty_like(maps)
    for image in range(2):
        places = [(row, column) for row in range(size[0]) for column in range(size[1])]
        vectors = [maps[image, :, row, column] for row, column in places]
        for (row, column), vector in zip(places, vectors, strict=True):
            seen = sum(
                (linear(made.theta, vector) @ linear(made.phi, other)) * linear(made.g, other)
                for other in vectors
            ) / len(vectors)
            x = linear(made.conv, seen)
            x = (x - made.bn.running_mean) / (made.bn.running_var + made.bn.eps).sqrt()
            expected[image, :, row, column] = vector + x * made.bn.weight + made.bn.bias
    torch.testing.assert_close(made(maps), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_order_of_the_products_does_not_matter():
    made, maps = block(64), torch.randn(2, 64, 8, 4)  # 32 positions, d = 32
    expected = made(maps)
    wide = made(torch.cat([maps, maps], 3))  # every position twice: the means are the same
    torch.testing.assert_close(wide, torch.cat([expected, expected], 3), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('training', [True, False])
@torch.no_grad()
def test_a_network_starts_as_without_them(training):
    """To the last bit, in everything that it returns."""
    options = {'schema': MARKET1501, 'attribute_layer': 'mixture', 'dropout': 0.0}
    plain, model = build(**options).train(training), build(**options, **BOTH).train(training)
    output, expected = (net(images(), return_dict=True) for net in (model, plain))
    for group, values in expected.items():
        if group == 'descriptor':
            assert torch.equal(output[group], values)
        else:
            assert all(torch.equal(output[group][name], x) for name, x in values.items()), group
    names = [name for name, _ in model.named_children()]
    assert 'non_local' in names and 'non_local' in model.new_layers
    assert set(model.non_local) == {'res3d', 'res4f'}


def changed(**options):
    model = build(schema=MARKET1501, **options).eval()
    for made in model.non_local.values():
        nn.init.normal_(made.bn.weight)
    return model


@torch.no_grad()
def test_attributes_read_the_layer_before_its_block():
    model = changed(non_local=['res3d'], layer_overrides=['age=res4f'])
    plain = build(schema=MARKET1501, layer_overrides=['age=res4f']).eval()
    x = model.layer2(model.layer1(model.maxpool(torch.relu(model.bn1(model.conv1(images()))))))
    behind = model.non_local['res3d'](x)
    maps = model.layer_maps(images())
    assert torch.equal(maps['res3d'], x)
    assert torch.equal(maps['res4f'], model.layer3(behind))
    assert torch.equal(maps['res5c'], model.layer4(maps['res4f']))
    branches = model.branch_maps(images())
    assert torch.equal(branches['global'], maps['res5c'])
    assert torch.equal(branches['local'], model.layer4_part(maps['res4f']))
    ours, before = (net(images(), return_dict=True) for net in (model, plain))
    same = {
        name
        for name, logits in before['attribute_logits'].items()
        if torch.equal(ours['attribute_logits'][name], logits)
    }
    assert same == set(MARKET1501.names) - {'age'}
    assert not torch.allclose(ours['descriptor'], before['descriptor'])


def test_every_weight_is_trained():
    """Of the block only what follows the scale of 0, until that has changed."""
    model = build(**BOTH)
    for first in (True, False):
        model.zero_grad()
        output = model(images(), return_dict=True)
        MidAttrLoss()(output['identity_logits'], {}, torch.arange(4))['loss'].backward()
        for name, parameter in model.named_parameters():
            waits = first and name.startswith('non_local') and not name.endswith('bn.weight')
            if not waits and not name.endswith('bn.bias'):
                assert parameter.grad.abs().sum() > 0, name
        with torch.no_grad():
            for parameter in model.non_local.parameters():
                parameter -= parameter.grad


@pytest.mark.parametrize(
    'layer, kept', [('res3d', []), ('res4f', ['res3d']), ('res5c', ['res3d', 'res4f'])]
)
def test_attributes_alone(layer, kept):
    """A block that nothing follows is left out."""
    model = build(num_classes=0, schema=MARKET1501, attribute_layer=layer, loss='midattr', **BOTH)
    assert list(model.non_local or {}) == kept
    assert set(model(images(), return_dict=True)['attribute_logits']) == set(MARKET1501.names)


def test_torchreid_opens_them_by_name():
    model = build(**BOTH)
    torchreid_compat.utils.open_specified_layers(model, ['non_local'])
    open_ = {name.split('.')[0] for name, p in model.named_parameters() if p.requires_grad}
    assert open_ == {'non_local'} and model.non_local.training and not model.layer3.training


def test_frozen_batch_norm_of_the_backbone_leaves_them_alone():
    model = build(freeze_bn=True, **BOTH)
    assert all(type(made.bn) is nn.BatchNorm2d for made in model.non_local.values())
    assert type(model.layer3[0].bn1) is not nn.BatchNorm2d


@torch.no_grad()
def test_bf16():
    made, maps = block(64), 30 * torch.rand(1, 64, 48, 16)
    expected = made(maps)
    with torch.autocast('cpu', torch.bfloat16):
        found = made(maps.bfloat16())
    error = (found.float() - expected).abs().mean() / (expected - maps).abs().mean()
    assert found.isfinite().all() and error < 0.05


def test_multiply_adds():
    """Four convolutions of C x C / 2 at N positions, and two products of the smaller size."""
    plain, model = build(), build(non_local=['res3d'])
    positions, channels, inner = 8 * 4, 128, 64
    added = 4 * positions * channels * inner + 2 * positions**2 * inner
    assert multiply_adds(model, 64, 32) - multiply_adds(plain, 64, 32) == added


@pytest.mark.parametrize(
    'chosen, message',
    [
        (['c'], 'no block can stand behind "c"; choose from a, b, which'),
        (['a', 'x'], 'no block can stand behind "x"'),
        (['b', 'b'], 'names a layer twice: b, b'),
    ],
)
def test_layers_that_cannot_be_used(chosen, message):
    check_non_local([], ['a', 'b', 'c'])
    check_non_local(['b', 'a'], ['a', 'b', 'c'])
    with pytest.raises(InputError, match=f'midattr.non_local.* {message}'):
        check_non_local(chosen, ['a', 'b', 'c'])
