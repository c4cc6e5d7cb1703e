"""Batch normalization that training does not change."""

import pytest
import torch
import torchvision
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from helpers import tiny_model
from helpers.tiny_backbone import TinyBackbone
from midattr_plugin import torchreid_compat
from midattr_plugin.distributed.sync_batch_norm import synchronize_batch_norm
from midattr_plugin.engine.reached_outputs import reached_outputs
from midattr_plugin.errors import InputError
from midattr_plugin.models import MidAttrNet, midattr_model
from midattr_plugin.models.complexity import multiply_adds
from midattr_plugin.models.frozen_batch_norm import (
    FrozenBatchNorm,
    check_frozen,
    freeze_batch_norm,
)

SHAPES = {
    nn.BatchNorm1d: (4, 3),
    nn.BatchNorm2d: (4, 3, 5, 2),
    nn.BatchNorm3d: (4, 3, 2, 2, 2),
    nn.SyncBatchNorm: (4, 3, 5, 2),
}


def trained(kind=nn.BatchNorm2d, affine=True):
    layer = kind(3, eps=0.01, affine=affine)
    with torch.no_grad():
        for value in layer.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.5, 2)
    return layer


def learned(model):
    """Give the batch normalization of a model the statistics of a trained one."""
    for name, value in model.state_dict().items():
        if name.endswith(('running_mean', 'running_var')):
            value.uniform_(0.5, 2)
    return model


@pytest.mark.parametrize('affine', [True, False])
@pytest.mark.parametrize('kind', SHAPES)
def test_equals_the_layer_in_test_mode(kind, affine):
    layer = trained(kind, affine)
    frozen = freeze_batch_norm(layer).train()
    x = torch.randn(SHAPES[kind], requires_grad=True)
    axis = (1, 3, *(1 for _ in x.shape[2:]))
    mean, variance = layer.running_mean.view(axis), layer.running_var.view(axis)
    expected = (x - mean) / (variance + 0.01) ** 0.5
    if affine:
        expected = expected * layer.weight.view(axis) + layer.bias.view(axis)
    torch.testing.assert_close(frozen(x), expected)
    weights = torch.randn_like(x)
    for y in (frozen(x), expected):
        (y * weights).sum().backward()
    gradient = torch.autograd.grad((frozen(x) * weights).sum(), x)[0]
    torch.testing.assert_close(x.grad, 2 * gradient)


def test_weights_have_the_names_of_the_layer():
    layer, other = trained(), trained()
    frozen = freeze_batch_norm(layer)
    assert list(frozen.parameters()) == []
    assert list(frozen.state_dict()) == list(layer.state_dict())
    frozen.load_state_dict(other.state_dict())
    layer.load_state_dict(frozen.state_dict())
    for name, value in layer.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_maps_of_16_bits_stay_so():
    net = nn.Sequential(nn.Conv2d(3, 3, 1), trained())
    x = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    frozen = freeze_batch_norm(net)
    with torch.autocast('cpu', torch.bfloat16):
        y = frozen(x)
        # torchvision's layer does not keep it
        assert FrozenBatchNorm2d(3)(net[0](x)).dtype == torch.float32
    assert y.dtype == torch.bfloat16
    assert y.is_contiguous(memory_format=torch.channels_last)


class OwnBatchNorm(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x).relu()


@pytest.mark.parametrize(
    'layer', [OwnBatchNorm(3), nn.BatchNorm2d(3, track_running_stats=False)], ids=['own', 'none']
)
def test_what_cannot_be_frozen_is_refused(layer):
    with pytest.raises(InputError, match=r'midattr.freeze_bn: the layer "a\.0" is a .*BatchNorm'):
        freeze_batch_norm(nn.ModuleDict({'a': nn.Sequential(layer)}))


def test_other_normalization_is_left_alone():
    layers = nn.GroupNorm(1, 3), nn.InstanceNorm2d(3), FrozenBatchNorm2d(3)
    assert list(freeze_batch_norm(nn.Sequential(*layers))) == list(layers)


def count(model, kind):
    return sum(isinstance(layer, kind) for layer in model.modules())


@pytest.mark.parametrize('branches', tiny_model.BRANCHES)
def test_all_layers_of_a_backbone(branches):
    """The copy of the tail, too; of any backbone."""
    trained, frozen = (
        tiny_model.build(branches=branches, freeze_bn=is_frozen) for is_frozen in (False, True)
    )
    total = count(trained, nn.BatchNorm2d)
    assert total == (20 if len(branches) == 1 else 25)
    assert (count(frozen, nn.BatchNorm2d), count(frozen, FrozenBatchNorm)) == (0, total)
    assert list(frozen.state_dict()) == list(trained.state_dict())
    own = MidAttrNet(
        3, TinyBackbone(), attribute_layer='low', branches=branches, part_rows=2, freeze_bn=True
    )
    assert (count(own, nn.BatchNorm2d), count(own, FrozenBatchNorm)) == (
        0,
        1 + len(own.branches) + 1,
    )


def test_pretrained_statistics_are_those_that_stay():
    state = learned(torchvision.models.resnet18()).state_dict()
    model = tiny_model.build(state=state, freeze_bn=True)
    for name in ('running_mean', 'running_var', 'weight', 'bias'):
        for branch in ('layer4', 'layer4_part'):
            assert torch.equal(
                model.state_dict()[f'{branch}.1.bn2.{name}'], state[f'layer4.1.bn2.{name}']
            )


def test_a_step_of_torchreid_changes_none_of_it():
    model = learned(tiny_model.build(freeze_bn=True, bnneck=True))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torchreid_compat.optim.build_optimizer(model, 'sgd', lr=0.1, weight_decay=0.1)
    torchreid_compat.utils.open_all_layers(model)
    sum(logits.square().sum() for logits in model(tiny_model.images())).backward()
    optimizer.step()
    kept = {name for name, value in model.state_dict().items() if torch.equal(value, before[name])}
    frozen = {
        f'{name}.{key}'
        for name, layer in model.named_modules()
        if isinstance(layer, FrozenBatchNorm)
        for key in layer.state_dict()
    }
    assert len(frozen) == 25 * 5
    # a BNNeck is new, and learns; it takes away the shift in front of it
    assert kept == frozen | {'part_reduction.conv.bias'}


def test_synchronized_layers_are_only_those_that_train():
    model = tiny_model.build(freeze_bn=True, bnneck=True)
    synchronize_batch_norm(model)
    assert count(model, FrozenBatchNorm) == 25


def test_missing_statistics_are_seen_in_a_test():
    model = learned(tiny_model.build(freeze_bn=True))
    for name in ('layer1.0.bn1.running_mean', 'layer4_part.1.bn2.weight'):
        assert reached_outputs(model, [name], 64, 32) == ['descriptor']


def test_statistics_of_new_layers_are_refused():
    with pytest.raises(InputError, match=r'25 of the 25 layers .* \(first: bn1\); start from'):
        check_frozen(tiny_model.build(freeze_bn=True))
    model = learned(tiny_model.build(freeze_bn=True))
    check_frozen(model)
    check_frozen(tiny_model.build())
    layer = model.layer4_part[0].bn1
    layer.running_mean.zero_()
    check_frozen(model)
    layer.running_var.fill_(1)
    with pytest.raises(InputError, match=r'1 of the 25 .* \(first: layer4_part.0.bn1\)'):
        check_frozen(model)


def test_cost_and_description():
    models = [midattr_model(3, pretrained=False, backbone='resnet18', freeze_bn=x) for x in (0, 1)]
    assert len({multiply_adds(model, 64, 32) for model in models}) == 1
    scales = sum(
        layer.weight.numel() + layer.bias.numel()
        for layer in models[0].modules()
        if isinstance(layer, nn.BatchNorm2d)
    )
    trainable = [sum(p.numel() for p in model.parameters()) for model in models]
    assert trainable[0] - trainable[1] == scales
    rebuilt = models[1].spec.build()
    assert count(rebuilt, FrozenBatchNorm) == 25
    assert models[0].spec.differences(models[1].spec) == {'midattr.freeze_bn': (0, 1)}
