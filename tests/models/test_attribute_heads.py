import pytest
import torch

from helpers.layer_maps import CHANNELS, NAMES, quarter, random_maps
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.models.attribute_heads import LAYERS, AttributeHeads, assign_layers


@pytest.fixture
def maps():
    return random_maps()


def reference(heads, layer_of, maps):
    logits = {}
    for attribute in MARKET1501:
        layer = layer_of[attribute.name]
        vectors = (
            [maps['pool5']]
            if layer == 'pool5'
            else [quarter(maps[layer], part) for part in attribute.parts]
        )
        head = heads.heads[attribute.name]
        logits[attribute.name] = torch.cat(vectors, 1) @ head.weight.T + head.bias
    return logits


@pytest.mark.parametrize('overrides', [(), ('age=res5c', 'gender=res4f', 'hat=pool5')])
@pytest.mark.parametrize('layer', LAYERS)
def test_logits_equal_plain_reference(layer, overrides, maps):
    layer_of = assign_layers(NAMES, layer, overrides)
    heads = AttributeHeads(MARKET1501, layer_of, CHANNELS)
    for parameter in heads.parameters():
        torch.nn.init.normal_(parameter)
    logits = heads(maps)
    assert list(logits) == list(NAMES)
    assert tuple(x.shape[1] for x in logits.values()) == MARKET1501.num_classes
    expected = reference(heads, layer_of, maps)
    for name in NAMES:
        torch.testing.assert_close(logits[name], expected[name], msg=name)


def test_an_attribute_sees_its_parts_only(maps):
    heads = AttributeHeads(MARKET1501, assign_layers(NAMES), CHANNELS)
    before = heads(maps)
    maps['res3d'][:, :, :2] += 10  # part 1 of 8 rows
    after = heads(maps)
    changed = {name for name in NAMES if not torch.equal(before[name], after[name])}
    assert changed == {name for name in NAMES if 1 in MARKET1501[name].parts}
    assert {'hat', 'age'} <= changed and 'lower_color' not in changed


def test_layers_that_nobody_reads_are_not_needed(maps):
    heads = AttributeHeads(MARKET1501, assign_layers(NAMES, 'res4f'), CHANNELS)
    assert len(heads({'res4f': maps['res4f']})) == len(MARKET1501)


def test_each_layer_is_pooled_once(maps, monkeypatch):
    from midattr_plugin.models import attribute_heads

    shapes = []

    def counting(x):
        shapes.append(x.shape[1])
        return pool(x)

    pool = attribute_heads.pool_parts
    monkeypatch.setattr(attribute_heads, 'pool_parts', counting)
    layer_of = assign_layers(NAMES, 'res3d', ['age=res5c', 'bag=res5c', 'hat=pool5'])
    AttributeHeads(MARKET1501, layer_of, CHANNELS)(maps)
    assert shapes == [CHANNELS['res3d'], CHANNELS['res5c']]


def test_assignment():
    layer_of = assign_layers(NAMES, 'res4f', ('age=res5c',))
    assert layer_of == {name: 'res5c' if name == 'age' else 'res4f' for name in NAMES}
    assert list(layer_of) == list(NAMES)
    assert assign_layers(()) == {}


@pytest.mark.parametrize('layer', ['layer2', '', 'RES3D'])
def test_unknown_layer(layer):
    with pytest.raises(InputError, match='midattr.attribute_layer: .*res5c, pool5, mixture$'):
        assign_layers(NAMES, layer)


@pytest.mark.parametrize('override', ['glasses=res4f', 'age=conv3', 'age', '', '=res4f', 'age='])
def test_unknown_override(override):
    with pytest.raises(
        InputError, match='midattr.layer_overrides: .*gender,.*, pool5, mixture$'
    ) as error:
        assign_layers(NAMES, 'res3d', ['bag=res4f', override])
    assert f'"{override}"' in str(error.value)


def test_override_without_attributes():
    with pytest.raises(InputError, match='attribute out of none'):
        assign_layers((), 'res3d', ['age=res4f'])


def test_attribute_with_two_layers():
    with pytest.raises(InputError, match='midattr.layer_overrides: age is given two layers'):
        assign_layers(NAMES, 'res3d', ['age=res4f', 'age=res5c'])
