"""The whole network, on images of 64 x 32 pixels wherever that is enough."""

import copy

import pytest
import torch
import torchvision
from torch import nn

from helpers.tiny_model import BRANCHES, NUM_IDS, build, images
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models import BACKBONES, MidAttrNet


@pytest.fixture(scope='module')
def fitted():
    """A model in eval mode whose batch statistics are those of the images."""
    model = build(schema=MARKET1501)
    with torch.no_grad():
        for _ in range(3):
            model(images())
    return model.eval()


@pytest.mark.parametrize('branches', BRANCHES)
def test_children_are_named_as_in_torchvision(branches):
    trunk = ['conv1', 'bn1', 'relu', 'maxpool', 'layer1', 'layer2', 'layer3']
    children = {
        'global': ['layer4', 'classifier'],
        'local': ['layer4_part', 'part_reduction', 'classifier_part'],
    }
    expected = trunk + [name for branch in branches for name in children[branch]]
    assert [n for n, _ in build(branches=branches).named_children()] == expected
    model = build(branches=branches, schema=MARKET1501)
    assert [n for n, _ in model.named_children()] == [*expected, 'attribute_heads']


@pytest.mark.parametrize('branches', BRANCHES)
def test_pretrained_weights_reach_both_conv5(branches):
    torch.manual_seed(7)
    state = torchvision.models.resnet18().state_dict()
    loaded = build(branches=branches, state=state).state_dict()
    copies = {'global': 'layer4', 'local': 'layer4_part'}
    for key, tensor in state.items():
        if key.startswith('layer4.'):
            for branch in branches:
                assert torch.equal(loaded[key.replace('layer4', copies[branch])], tensor), key
        elif not key.startswith('fc.'):
            assert torch.equal(loaded[key], tensor), key


def test_copy_of_conv5_is_not_shared():
    model = build()
    for ours, copied in zip(model.layer4.parameters(), model.layer4_part.parameters(), strict=True):
        assert torch.equal(ours, copied)
        assert ours.data_ptr() != copied.data_ptr()
    before = copy.deepcopy(model.layer4.state_dict())
    with torch.no_grad():
        for parameter in model.layer4_part.parameters():
            parameter.add_(1)
    assert all(torch.equal(before[key], x) for key, x in model.layer4.state_dict().items())


@pytest.mark.parametrize('backbone', ['resnet18', 'resnet50'])
def test_gradient_reaches_every_parameter(backbone):
    model = build(backbone, schema=MARKET1501)
    output = model(images(), return_dict=True)
    attrs = torch.zeros(4, len(MARKET1501), dtype=torch.int64)
    terms = MidAttrLoss()(
        output['identity_logits'], output['attribute_logits'], torch.arange(4), attrs
    )
    terms['loss'].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_return_dict_in_train_mode():
    output = build(schema=MARKET1501)(images(), return_dict=True)
    assert list(output) == ['features', 'identity_logits', 'attribute_logits']
    assert {k: tuple(x.shape) for k, x in output['features'].items()} == {
        'global': (4, 512),
        'local': (4, 32),
    }
    assert {k: tuple(x.shape) for k, x in output['identity_logits'].items()} == {
        'global': (4, NUM_IDS),
        'local': (4, NUM_IDS),
    }
    assert {k: tuple(x.shape) for k, x in output['attribute_logits'].items()} == {
        a.name: (4, len(a.classes)) for a in MARKET1501
    }
    # DataParallel rebuilds each dict with its own type
    assert all(type(x) is dict for x in [output, *output.values()])


def test_return_dict_in_eval_mode(fitted):
    output = fitted(images(), return_dict=True)
    assert list(output) == ['features', 'descriptor', 'attribute_logits']
    assert torch.equal(output['descriptor'], fitted(images()))
    assert build().eval()(images(1), return_dict=True)['attribute_logits'] == {}


@torch.no_grad()
def test_every_output_equals_its_own_forward(fitted):
    """Each output once more, layer by layer, from the same images."""
    output = fitted(images(), return_dict=True)
    m = fitted
    res3d = m.layer2(m.layer1(m.maxpool(torch.relu(m.bn1(m.conv1(images()))))))
    res4f = m.layer3(res3d)
    res5c, part_map = m.layer4(res4f), m.layer4_part(res4f)
    attributes = m.attribute_heads({'res3d': res3d})
    assert list(attributes) == list(output['attribute_logits'])
    for name, logits in attributes.items():
        assert torch.equal(output['attribute_logits'][name], logits), name
    pool5 = nn.AdaptiveAvgPool2d(1)(res5c).flatten(1)
    torch.testing.assert_close(output['features']['global'], pool5)
    local = nn.AdaptiveAvgPool2d((2, 1))(m.part_reduction.conv(part_map)).flatten(1)
    torch.testing.assert_close(output['features']['local'], local)
    columns = [x / x.norm(dim=1, keepdim=True) for x in (pool5, local)]
    torch.testing.assert_close(output['descriptor'], torch.cat(columns, 1))


@torch.no_grad()
def test_fused_distance_is_the_sum_of_the_normalized(fitted):
    output = fitted(images(), return_dict=True)
    descriptor = output['descriptor'].double()
    expected = torch.zeros(4, 4, dtype=torch.float64)
    for feature in output['features'].values():
        unit = feature.double() / feature.double().norm(dim=1, keepdim=True)
        for i in range(4):
            for j in range(4):
                expected[i, j] += (unit[i] - unit[j]).pow(2).sum()
    torch.testing.assert_close(
        torch.cdist(descriptor, descriptor).pow(2), expected, rtol=1e-5, atol=1e-6
    )
    assert fitted.descriptor_slices == {'global': slice(0, 512), 'local': slice(512, 544)}


@torch.no_grad()
@pytest.mark.parametrize('branches', BRANCHES)
@pytest.mark.parametrize('descriptor', ['fused', 'global', 'local'])
def test_descriptors(branches, descriptor):
    if descriptor not in ('fused', *branches):
        with pytest.raises(InputError, match='midattr.descriptor'):
            build(branches=branches, descriptor=descriptor)
        return
    model = build(branches=branches, descriptor=descriptor).eval()
    output = model(images(2), return_dict=True)
    described = model(images(2))
    assert described.shape == (2, model.feature_dim)
    expected = branches if descriptor == 'fused' else (descriptor,)
    assert tuple(model.descriptor_slices) == expected
    for branch, columns in model.descriptor_slices.items():
        feature = output['features'][branch]
        torch.testing.assert_close(
            described[:, columns], feature / feature.norm(dim=1, keepdim=True)
        )


@pytest.mark.parametrize('branches', BRANCHES)
@pytest.mark.parametrize('layer', ['res3d', 'res4f', 'res5c', 'pool5'])
def test_layer_of_the_attributes(branches, layer):
    """The gradient of the attributes reaches their layer, and no layer behind it."""
    options = {'schema': MARKET1501, 'attribute_layer': layer, 'branches': branches}
    if layer == 'pool5' and 'global' not in branches:
        with pytest.raises(InputError, match='midattr.attribute_layer'):
            build(**options)
        return
    model = build(**options)
    sum(x.sum() for x in model(images(2), return_dict=True)['attribute_logits'].values()).backward()
    conv5 = ['layer4' if 'global' in branches else 'layer4_part']
    reached = [
        'conv1',
        'bn1',
        'layer1',
        'layer2',
        *{
            'res3d': [],
            'res4f': ['layer3'],
            'res5c': ['layer3', *conv5],
            'pool5': ['layer3', *conv5],
        }[layer],
        'attribute_heads',
    ]
    have = [
        name
        for name, child in model.named_children()
        if any(p.grad is not None for p in child.parameters())
    ]
    assert have == reached


def test_dropout_is_active_in_training_only(fitted):
    assert torch.equal(fitted(images()), fitted(images()))
    model = build(dropout=0.5)
    nn.init.constant_(model.classifier.weight, 1)
    first, second = (model(images(2), return_dict=True) for _ in range(2))
    for branch in ('global', 'local'):
        assert torch.equal(first['features'][branch], second['features'][branch])
        assert not torch.equal(first['identity_logits'][branch], second['identity_logits'][branch])


@torch.no_grad()
def test_state_dict_round_trip(fitted, tmp_path):
    torch.save(fitted.state_dict(), tmp_path / 'model.pth')
    torch.manual_seed(3)
    backbone = BACKBONES['resnet18']()
    other = MidAttrNet(NUM_IDS, backbone, MARKET1501, part_rows=2, part_dim=16).eval()
    assert not torch.equal(other(images()), fitted(images()))
    other.load_state_dict(torch.load(tmp_path / 'model.pth', weights_only=True))
    mine, theirs = fitted(images(), return_dict=True), other(images(), return_dict=True)
    assert torch.equal(mine['descriptor'], theirs['descriptor'])
    for name in MARKET1501.names:
        assert torch.equal(mine['attribute_logits'][name], theirs['attribute_logits'][name])


@pytest.mark.parametrize('height, rows', [(224, 7), (256, 8)])
def test_one_part_vector_per_row(height, rows):
    with torch.device('meta'):
        model = MidAttrNet(NUM_IDS, BACKBONES['resnet18'](), part_rows=rows)
        part_map = model.layer4_part(
            model.layer3(
                model.layer2(model.layer1(model.maxpool(model.conv1(torch.rand(1, 3, height, 64)))))
            )
        )
    assert part_map.shape[2] == rows


@pytest.mark.parametrize('last_stride', [2, 1])
@pytest.mark.parametrize('height', [256, 224, 100])
def test_rows_of_the_part_branch_follow_the_image(height, last_stride):
    """As many as a real forward pass gives; a number that is given stays."""
    with torch.device('meta'):
        options = {'last_stride': last_stride, 'image_size': (height, 64)}
        model, given = build(part_rows=0, **options), build(part_rows=3, **options)
        x = torch.rand(2, 3, height, 64)
        for name in ('conv1', 'bn1', 'relu', 'maxpool', 'layer1', 'layer2', 'layer3'):
            x = getattr(model, name)(x)
        rows = model.layer4_part(x).shape[2]
        assert model.part_rows == rows
        assert model.descriptor_slices['local'] == slice(512, 512 + 16 * rows)
        features = model(torch.rand(2, 3, height, 64), return_dict=True)['features']
        assert features['local'].shape == (2, 16 * rows)
        assert given.part_rows == 3
        assert build(part_rows=0, branches=('global',), **options).part_rows == 0
