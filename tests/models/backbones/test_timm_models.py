"""Networks of timm as backbones; no network is used."""

import sys

import pytest
import torch

from midattr_plugin import load_model
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models import MODELS, midattr_model
from midattr_plugin.models.backbone import find_backbone
from midattr_plugin.models.backbones.timm_models import TIMM, _check_chain, timm_backbone

timm = pytest.importorskip('timm')

NAMES = [
    'mobilenetv4_conv_small',
    'resnet18d',
    'tiny_vit_5m_224',
    'efficientnet_lite0',
    'repvit_m1',
]
SIZE = (64, 64)  # a network with windows takes squares of them


def message(name):
    with pytest.raises(InputError) as error:
        timm_backbone(name)(None)
    assert '\n' not in str(error.value)
    return str(error.value)


def build(name='resnet18d', **options):
    return midattr_model(
        3,
        'midattr',
        **{
            'pretrained': False,
            'backbone': TIMM,
            'timm_name': name,
            'schema': MARKET1501,
            'image_size': SIZE,
            'part_dim': 4,
        }
        | options,
    )


@torch.no_grad()
@pytest.mark.parametrize('name', NAMES)
def test_maps_are_those_of_timm(name):
    x = torch.rand(1, 3, *SIZE)
    torch.manual_seed(2)
    theirs = timm.create_model(name, features_only=True).eval()
    torch.manual_seed(2)
    backbone = timm_backbone(name)()
    y = x
    for module in backbone.trunk.values():
        y = module.eval()(y)
    assert torch.equal(backbone.tail.eval()(y), theirs(x)[-1])
    assert list(backbone.strides.values()) == [8, 16, 32]
    assert list(backbone.channels.values()) == theirs.feature_info.channels()[-3:]


def test_a_forward_of_its_own_is_noticed(monkeypatch):
    """EfficientNet's stem has an activation that is easily forgotten."""
    network = timm.create_model('mobilenetv4_conv_small', features_only=True)
    _check_chain(network, 'it')
    forward = network.forward
    monkeypatch.setattr(network, 'forward', lambda x: forward(x.relu()))
    with pytest.raises(InputError, match='the forward pass of "it" is more than its modules'):
        _check_chain(network, 'it')


def test_a_step_and_a_checkpoint(tmp_path):
    model = build()
    output = model(torch.rand(4, 3, *SIZE), return_dict=True)
    MidAttrLoss()(
        output['identity_logits'],
        output['attribute_logits'],
        torch.tensor([0, 1, 2, 0]),
        torch.zeros(4, len(MARKET1501), dtype=torch.int64),
    )['loss'].backward()
    assert all(p.grad is not None for p in model.parameters())
    torch.save({'model': model.spec.as_dict(), 'state_dict': model.state_dict()}, tmp_path / 'm')
    loaded = load_model(tmp_path / 'm')
    assert loaded.spec.backbone == 'timm:resnet18d'
    x = torch.rand(2, 3, *SIZE)
    with torch.no_grad():
        assert torch.equal(loaded(x), model.eval()(x))


def test_two_networks_differ_in_their_name():
    one, other = (build(name).spec for name in ('resnet18d', 'mobilenetv4_conv_small'))
    assert one.name == other.name == 'midattr_timm'
    assert one.differences(other) == {'midattr.timm_name': ('resnet18d', 'mobilenetv4_conv_small')}


def test_weights_of_a_file(tmp_path):
    """Through timm's own loader, with its classifier or without."""
    whole = timm.create_model('resnet18d', num_classes=5)
    path = tmp_path / 'weights.pth'
    torch.save(whole.state_dict(), path)
    before = torch.get_rng_state()
    state = timm_backbone('resnet18d').pretrained_state(weights_file=path)
    assert torch.equal(torch.get_rng_state(), before)
    backbone = timm_backbone('resnet18d')(state)
    for name, value in backbone.tail.state_dict().items():  # layer4_0.bn1.weight and so on
        assert torch.equal(value, whole.state_dict()[name.replace('_', '.', 1)]), name
    with pytest.raises(InputError, match='midattr.weights_file: there is no file ".*none"'):
        timm_backbone('resnet18d').pretrained_state(weights_file=tmp_path / 'none')


def test_weights_without_a_network(monkeypatch):
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    with pytest.raises(InputError) as error:
        build(pretrained=True)
    text = str(error.value)
    assert text.startswith('model.pretrained: timm has no weights of "resnet18d" to give (')
    assert text.endswith('set midattr.weights_file to it, or set model.pretrained False')


@pytest.mark.parametrize(
    'name, words',
    [
        ('', 'midattr.timm_name is not given; set it to the name'),
        ('resnet18z', 'has no network "resnet18z"; did you mean resnet18'),
        ('hrnet_w18_small', '"hrnet_w18_small" is not a chain of modules'),
        ('vit_tiny_patch16_224', '"vit_tiny_patch16_224" is not a chain of modules'),
        ('swin_tiny_patch4_window7_224', 'have their channels last'),
    ],
)
def test_what_cannot_be_a_backbone(name, words):
    text = message(name)
    assert text.startswith('midattr.timm_name') and words in text


def test_the_family_is_no_network():
    with pytest.raises(InputError, match='midattr.timm_name is not given'):
        MODELS['midattr_timm'](3)
    with pytest.raises(InputError, match='midattr.timm_name is not given'):
        find_backbone(TIMM)(None)


def test_without_timm(monkeypatch):
    timm_backbone.cache_clear()
    monkeypatch.setitem(sys.modules, 'timm', None)
    assert message('resnet18d').endswith('run pip install "midattr_plugin[timm]"')
    timm_backbone.cache_clear()
