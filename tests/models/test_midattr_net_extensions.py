"""The network with mixed layers, BNNeck and a last stride of 1; the defaults have none of them."""

import pytest
import torch
import torchvision
from torch import nn

from helpers.tiny_model import BRANCHES, NUM_IDS, build, images
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models import BACKBONES, MidAttrNet

ALL = {'schema': MARKET1501, 'attribute_layer': 'mixture', 'bnneck': True, 'last_stride': 1}


def test_names_of_the_default_model():
    resnet = [
        key for key in torchvision.models.resnet18().state_dict() if not key.startswith('fc.')
    ]
    copied = [key.replace('layer4', 'layer4_part') for key in resnet if key.startswith('layer4.')]
    new = [
        'classifier',
        'part_reduction.conv',
        'classifier_part',
        *(f'attribute_heads.heads.{name}' for name in MARKET1501.names),
    ]
    expected = {
        *resnet,
        *copied,
        *(f'{name}.{kind}' for name in new for kind in ('weight', 'bias')),
    }
    model = build(schema=MARKET1501)
    assert set(model.state_dict()) == expected
    assert [key for key, _ in model.named_buffers() if key not in expected] == []


@pytest.mark.parametrize('backbone', ['resnet18', 'resnet50'])
@pytest.mark.parametrize('branches', BRANCHES)
def test_gradient_reaches_every_parameter(backbone, branches):
    model = build(backbone, branches=branches, **ALL)
    output = model(images(height=32), return_dict=True)
    attrs = torch.zeros(4, len(MARKET1501), dtype=torch.int64)
    loss = MidAttrLoss()(
        output['identity_logits'], output['attribute_logits'], torch.arange(4), attrs
    )['loss']
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize('training', [True, False])
def test_output_can_be_gathered(training):
    """By ``DataParallel``, which rebuilds each dict with its own type."""
    output = build(**ALL).train(training)(images(), return_dict=True)
    groups = [group for name, group in output.items() if name != 'descriptor']  # a tensor
    assert all(type(x) is dict for x in [output, *groups])
    tensors = [x for group in groups for x in group.values()]
    assert all(type(x) is torch.Tensor and len(x) == 4 for x in tensors)
    assert {name: tuple(x.shape) for name, x in output['attribute_logits'].items()} == {
        a.name: (4, len(a.classes)) for a in MARKET1501
    }


@torch.no_grad()
@pytest.mark.parametrize('branches', BRANCHES)
def test_mixed_layers_of_the_network(branches):
    """res5c is that of the global branch, if there is one."""
    model = build(branches=branches, schema=MARKET1501, attribute_layer='mixture').eval()
    torch.nn.init.normal_(model.attribute_heads.mixture.logits)
    x = model.layer2(model.layer1(model.maxpool(torch.relu(model.bn1(model.conv1(images()))))))
    maps = {'res3d': x, 'res4f': model.layer3(x)}
    conv5 = model.layer4 if 'global' in branches else model.layer4_part
    maps['res5c'] = conv5(maps['res4f'])
    output = model(images(), return_dict=True)['attribute_logits']
    weights = model.attribute_heads.mixture_weights()
    for layer, layer_maps in maps.items():
        pooled = nn.functional.adaptive_max_pool2d(layer_maps, (4, 1))[..., 0]
        for attribute in MARKET1501:
            vector = torch.cat([pooled[:, :, part - 1] for part in attribute.parts], 1)
            head = model.attribute_heads.heads[attribute.name][layer]
            output[attribute.name] = output[attribute.name] - (
                weights[attribute.name][layer] * head(vector)
            )
    for name, rest in output.items():
        torch.testing.assert_close(rest, torch.zeros_like(rest), msg=name, rtol=0, atol=1e-5)


@pytest.mark.parametrize('branches', BRANCHES)
@pytest.mark.parametrize('depth, striding', [(18, 'conv1'), (34, 'conv1'), (50, 'conv2')])
def test_last_stride(depth, striding, branches):
    with torch.device('meta'):
        twice, once = (
            MidAttrNet(
                NUM_IDS, BACKBONES[f'resnet{depth}'](None, stride), branches=branches, part_rows=8
            )
            for stride in (1, 2)
        )
    assert {k: x.shape for k, x in twice.state_dict().items()} == {
        k: x.shape for k, x in once.state_dict().items()
    }
    conv5 = {'global': 'layer4', 'local': 'layer4_part'}
    strides = {
        name: module.stride
        for name, module in once.named_modules()
        if isinstance(module, nn.Conv2d)
    }
    changed = {
        name
        for name, module in twice.named_modules()
        if isinstance(module, nn.Conv2d) and module.stride != strides[name]
    }
    assert changed == {
        f'{conv5[branch]}.0.{name}' for branch in branches for name in (striding, 'downsample.0')
    }
    maps = torch.rand(1, 1024 if depth == 50 else 256, 14, 7, device='meta')
    for branch in branches:
        name = conv5[branch]
        assert getattr(twice, name)(maps).shape[2:] == (14, 7)
        assert getattr(once, name)(maps).shape[2:] == (7, 4)


@torch.no_grad()
def test_every_other_row_of_conv5s_first_block_is_that_of_stride_2():
    """The weights are used as before; only positions are added."""
    twice, once = build(last_stride=1).eval(), build().eval()
    maps = torch.rand(2, 256, 8, 4)
    torch.testing.assert_close(
        twice.layer4[0].conv1(maps)[:, :, ::2, ::2], once.layer4[0].conv1(maps)
    )
    assert not torch.equal(twice(images()), once(images()))


@pytest.mark.parametrize('stride', [0, 3])
def test_last_stride_that_cannot_be_used(stride):
    with pytest.raises(InputError, match=f'midattr.last_stride: {stride} .* choose 2 or 1'):
        build(last_stride=stride)
