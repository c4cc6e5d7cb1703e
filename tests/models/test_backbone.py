"""What every backbone promises to the model, and a backbone of one's own."""

import math

import pytest
import torch

from helpers.tiny_backbone import TinyBackbone
from helpers.tiny_model import BRANCHES, build, images
from midattr_plugin import load_model
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models import BACKBONES, MODELS, Backbone, MidAttrNet, ModelSpec, midattr_model
from midattr_plugin.models.backbone import find_backbone, layer_names, own_layer_name
from midattr_plugin.models.zoo import add_models

LAYERS = ('low', 'middle', 'high')
SIZES = [(256, 128), (224, 224), (100, 42), (33, 65)]


def forward(backbone, x):
    """Map of each layer, in the order of a real forward pass."""
    layer_after = {child: layer for layer, child in backbone.layers.items()}
    maps = {}
    for child, module in {**backbone.trunk, backbone.tail_name: backbone.tail}.items():
        x = module(x)
        if child in layer_after:
            maps[layer_after[child]] = x
    return maps


def check_contract(kind, size, last_stride):
    with torch.device('meta'):
        backbone = kind(None, last_stride)
        maps = forward(backbone, torch.rand(2, 3, *size))
    assert isinstance(backbone, Backbone)
    assert backbone.layers == kind.layers  # they are known before the network is built
    # from shallow to deep, the last one behind the tail and all others in the trunk
    *others, last = backbone.layers.values()
    assert list(maps) == list(backbone.layers)
    assert backbone.last_layer == list(maps)[-1] and backbone.tail_name == last
    assert set(others) <= set(backbone.trunk) and last not in backbone.trunk
    assert set(backbone.channels) == set(backbone.strides) == set(backbone.layers)
    for layer, x in maps.items():
        height, width = (math.ceil(pixels / backbone.strides[layer]) for pixels in size)
        assert x.shape == (2, backbone.channels[layer], height, width), layer


@pytest.fixture
def tiny():
    """The name of a backbone that is registered for one test."""
    BACKBONES.register('own')(TinyBackbone)
    yield 'own'
    BACKBONES.unregister('own')


def build_tiny(**options):
    return build('own', **{'schema': MARKET1501, 'attribute_layer': 'middle'} | options)


def message(error):
    text = str(error.value)
    assert '\n' not in text
    return text


@pytest.mark.parametrize('last_stride', [2, 1])
@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('name', ['resnet18', 'resnet50'])
def test_declared_shapes_are_those_of_a_forward_pass(name, size, last_stride):
    check_contract(BACKBONES[name], size, last_stride)


@pytest.mark.parametrize('last_stride', [2, 1])
@pytest.mark.parametrize('size', SIZES)
def test_a_backbone_of_ones_own_keeps_the_contract(size, last_stride):
    check_contract(TinyBackbone, size, last_stride)


def test_layer_names_are_those_of_all_backbones(tiny):
    assert layer_names() == ('res3d', 'res4f', 'res5c', 's8', 's16', 's32', *LAYERS)


@pytest.mark.parametrize('missing', ['__init__', 'pretrained_state'])
def test_a_backbone_needs_a_constructor_and_pretrained_weights(missing):
    methods = {name: getattr(TinyBackbone, name) for name in ('__init__', 'pretrained_state')}
    del methods[missing]
    incomplete = type('Incomplete', (Backbone,), {'layers': TinyBackbone.layers, **methods})
    with pytest.raises(TypeError, match=missing):
        incomplete()


@pytest.mark.parametrize('branches', BRANCHES)
def test_children_of_its_model(tiny, branches):
    children = {
        'global': ['top', 'classifier'],
        'local': ['top_part', 'part_reduction', 'classifier_part'],
    }
    assert [name for name, _ in build_tiny(branches=branches).named_children()] == [
        'stem',
        'body',
        *(name for branch in branches for name in children[branch]),
        'attribute_heads',
    ]


@torch.no_grad()
@pytest.mark.parametrize('branches', BRANCHES)
@pytest.mark.parametrize('layer', [*LAYERS, 'pool5'])
def test_attributes_on_each_of_its_layers(tiny, layer, branches):
    options = {'attribute_layer': layer, 'branches': branches}
    if layer == 'pool5' and 'global' not in branches:
        with pytest.raises(InputError, match='pool5 .*choose low or middle or high'):
            build_tiny(**options)
        return
    model = build_tiny(**options).eval()
    output = model(images(), return_dict=True)
    x = model.stem(images())
    maps = {'low': x, 'middle': model.body(x)}
    last = {
        branch: getattr(model, child)(maps['middle'])
        for branch, child in (('global', 'top'), ('local', 'top_part'))
        if branch in branches
    }
    maps['high'] = last[branches[0]]
    maps['pool5'] = maps['high'].mean((2, 3))
    expected = model.attribute_heads({layer: maps[layer]})
    assert list(output['attribute_logits']) == list(MARKET1501.names)
    for name, logits in output['attribute_logits'].items():
        torch.testing.assert_close(logits, expected[name], msg=name)
    features = {'global': maps['pool5']}
    if 'local' in branches:
        features['local'] = model.part_reduction(last['local'])
    for branch in branches:
        torch.testing.assert_close(output['features'][branch], features[branch])


@pytest.mark.parametrize('branches', BRANCHES)
@pytest.mark.parametrize('layer', [*LAYERS, 'mixture'])
def test_gradient_reaches_what_its_attributes_read(tiny, layer, branches):
    """And with the identity losses every parameter."""
    model = build_tiny(attribute_layer=layer, branches=branches)
    output = model(images(), return_dict=True)
    sum(x.sum() for x in output['attribute_logits'].values()).backward(retain_graph=True)
    reached = {
        name
        for name, child in model.named_children()
        if any(p.grad is not None for p in child.parameters())
    }
    depth = len(LAYERS) if layer == 'mixture' else LAYERS.index(layer) + 1
    last = 'top' if 'global' in branches else 'top_part'
    assert reached == {*('stem', 'body', last)[:depth], 'attribute_heads'}
    attrs = torch.zeros(4, len(MARKET1501), dtype=torch.int64)
    terms = MidAttrLoss()(
        output['identity_logits'], output['attribute_logits'], torch.arange(4), attrs
    )
    terms['loss'].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_an_override_names_its_layers(tiny):
    model = build_tiny(layer_overrides=['age=high', 'hat=low'])
    layer_of = model.attribute_heads.layer_of
    assert (layer_of['age'], layer_of['hat'], layer_of['bag']) == ('high', 'low', 'middle')
    with pytest.raises(InputError, match='midattr.layer_overrides: "age=res4f" .*low, middle'):
        build_tiny(layer_overrides=['age=res4f'])


def test_its_mixture_is_of_its_layers(tiny):
    model = build_tiny(attribute_layer='mixture')
    assert list(model.attribute_heads.mixture_weights()['age']) == list(LAYERS)


@pytest.mark.parametrize('last_stride, rows', [(2, 4), (1, 8)])
def test_its_strides_give_the_rows(tiny, last_stride, rows):
    model = build_tiny(last_stride=last_stride, part_rows=0, image_size=(61, 32))
    assert model.part_rows == rows
    part_map = model.top_part(model.body(model.stem(images(height=61))))
    assert part_map.shape[2] == rows


def test_its_pretrained_weights_reach_both_tails(tiny, tmp_path):
    state = {
        f'{child}.{key}': torch.full_like(value, 0.5) if value.is_floating_point() else value
        for child, module in {**TinyBackbone().trunk, 'top': TinyBackbone().tail}.items()
        for key, value in module.state_dict().items()
    }
    torch.save(state, tmp_path / 'tiny.pth')
    model = midattr_model(
        3, weights_file=tmp_path / 'tiny.pth', backbone=tiny, attribute_layer='low'
    )
    loaded = model.state_dict()
    for key, value in state.items():
        assert torch.equal(loaded[key], value), key
        if key.startswith('top.'):
            assert torch.equal(loaded[key.replace('top', 'top_part')], value), key
    with pytest.raises(InputError, match='weights of the tiny backbone'):
        midattr_model(3, backbone=tiny, attribute_layer='low')


def test_its_models_have_names(tiny):
    before = list(MODELS)
    try:
        add_models({'market': MARKET1501})
        assert [name for name in MODELS if name not in before] == [
            'midattr_own',
            'midattr_own_market',
        ]
        model = MODELS['midattr_own_market'](3, pretrained=False, attribute_layer='low')
        assert isinstance(model, MidAttrNet)
        assert model.schema == MARKET1501
        assert model.spec.name == 'midattr_own_market' and model.spec.backbone == 'own'
    finally:
        for name in set(MODELS) - set(before):
            MODELS.unregister(name)


@torch.no_grad()
@pytest.mark.parametrize('branches', BRANCHES)
def test_its_model_is_loaded_from_a_checkpoint(tiny, branches, tmp_path):
    model = midattr_model(
        3,
        'midattr',
        pretrained=False,
        last_stride=1,
        backbone=tiny,
        schema=MARKET1501,
        branches=branches,
        attribute_layer='high',
        layer_overrides=['age=low'],
        part_dim=4,
        image_size=(64, 32),
    )
    model(images())  # statistics of its own
    path = tmp_path / 'model.pth'
    torch.save({'model': model.spec.as_dict(), 'state_dict': model.state_dict()}, path)
    loaded = load_model(path)
    expected, output = (m(images(), return_dict=True) for m in (model.eval(), loaded))
    assert torch.equal(output['descriptor'], expected['descriptor'])
    for name, logits in expected['attribute_logits'].items():
        assert torch.equal(output['attribute_logits'][name], logits), name


def test_a_checkpoint_of_a_backbone_that_is_not_registered():
    spec = ModelSpec('midattr_own', 3, backbone='own')
    with pytest.raises(InputError) as error:
        spec.build()
    text = message(error)
    assert 'backbone "own" of model "midattr_own" is not registered; import the module' in text
    assert '(midattr-train --models lists those that are)' in text


def test_layers_of_all_backbones_are_in_order():
    """A layer that another backbone has in front of shared ones is in front of them."""
    before = layer_names()
    layers = {'res2c': 'layer1', 'res4f': 'layer3', 'res6': 'layer5'}
    BACKBONES.register('wide')(type('Wide', (TinyBackbone,), {'layers': layers}))
    try:
        names = layer_names()
    finally:
        BACKBONES.unregister('wide')
    assert sorted(names) == sorted({*before, 'res2c', 'res6'})
    assert [name for name in names if name in layers] == ['res2c', 'res4f', 'res6']
    assert tuple(name for name in names if name in before) == before


@pytest.mark.parametrize(
    'name, layers, own',
    [
        ('s8', ('res3d', 'res4f'), 'res3d'),
        ('res3d', ('res3d', 'res4f'), 'res3d'),
        ('res4f', ('s8', 's16'), 's16'),
        ('res5c', ('s8', 's16'), 'res5c'),  # which it has not, by either name
        ('pool5', ('s8', 's16'), 'pool5'),
        ('low', LAYERS, 'low'),
    ],
)
def test_a_layer_has_two_names(name, layers, own):
    assert own_layer_name(name, layers) == own


def test_either_name_gives_the_same_model():
    one, other = (
        midattr_model(
            3,
            'midattr',
            False,
            backbone='resnet18',
            schema=MARKET1501,
            attribute_layer=layer,
            layer_overrides=[f'age={deep}'],
        )
        for layer, deep in (('res3d', 's16'), ('s8', 'res4f'))
    )
    assert one.spec == other.spec
    assert one.spec.options['attribute_layer'] == 'res3d'
    assert one.spec.options['layer_overrides'] == ['age=res4f']
    assert one.attribute_heads.layer_of == other.attribute_heads.layer_of


@pytest.mark.parametrize('size', [(16, 8), (224, 100)])
def test_rows_of_the_part_branch_are_those_of_the_map(tiny, size):
    model = build_tiny(part_rows=0, image_size=size)
    part_map = model.top_part(model.body(model.stem(torch.rand(2, 3, *size))))
    assert model.part_rows == part_map.shape[2]


def test_a_size_that_the_network_cannot_take():
    with torch.device('meta'):
        backbone = BACKBONES['inceptionv4']()
    with pytest.raises(InputError) as error:
        backbone.map_sizes(64, 32)
    text = message(error)
    assert text.startswith('data.height, data.width: the backbone cannot take images of 64 x 32')
    assert text.endswith('choose a larger size, or one that its pretrained weights were made for')


def test_one_network_is_no_family(tiny):
    with pytest.raises(InputError, match='a backbone that is one network has no "x" in it'):
        find_backbone('own:x')
