"""Mixed layers, against plain loops over layers and heads."""

import math

import pytest
import torch

from helpers.layer_maps import CHANNELS, LAYERS, NAMES, quarter, random_maps
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.models import attribute_heads
from midattr_plugin.models.attribute_heads import AttributeHeads, assign_layers
from midattr_plugin.models.layer_mixture import LayerMixture

OTHERS = ('age=res5c', 'hat=pool5', 'bag=res3d')  # not mixed, one of them in a mixed group
UNIFORM = pytest.approx(dict.fromkeys(LAYERS, 1 / 3))


@pytest.fixture
def maps():
    return random_maps()


def build(layer='mixture', overrides=()):
    layer_of = assign_layers(NAMES, LAYERS, layer, overrides)
    heads = AttributeHeads(MARKET1501, layer_of, CHANNELS, LAYERS)
    for parameter in heads.parameters():
        torch.nn.init.normal_(parameter)
    return heads


@torch.no_grad()
def reference(heads, name, maps):
    """Image by image, class by class, layer by layer, in Python numbers."""
    i = list(heads.mixture.num_classes).index(name)
    exponentials = [math.exp(x) for x in heads.mixture.logits[i].tolist()]
    weights = [x / sum(exponentials) for x in exponentials]
    rows = []
    for image in range(2):
        row = [0.0] * len(MARKET1501[name].classes)
        for weight, layer in zip(weights, LAYERS, strict=True):
            head = heads.heads[name][layer]
            vector = torch.cat(
                [quarter(maps[layer], part)[image] for part in MARKET1501[name].parts]
            )
            for c, (w, b) in enumerate(zip(head.weight, head.bias, strict=True)):
                row[c] += weight * (float(w @ vector) + float(b))
        rows.append(row)
    return torch.tensor(rows)


@pytest.mark.parametrize(
    'layer, overrides',
    [('mixture', ()), ('mixture', OTHERS), ('res4f', ('age=mixture', 'upper_color=mixture'))],
)
def test_logits_equal_plain_reference(layer, overrides, maps):
    heads = build(layer, overrides)
    mixed = [name for name, read in heads.layer_of.items() if read == 'mixture']
    logits = heads(maps)
    assert list(logits) == list(NAMES)
    assert tuple(x.shape[1] for x in logits.values()) == MARKET1501.num_classes
    assert list(heads.mixture.num_classes) == mixed
    for name in mixed:
        torch.testing.assert_close(
            logits[name], reference(heads, name, maps), msg=name, rtol=1e-4, atol=1e-4
        )


def test_attributes_that_are_not_mixed_are_as_without_a_mixture(maps):
    mixing = build('mixture', OTHERS)
    plain = build('res3d', OTHERS)
    for override in OTHERS:
        name = override.partition('=')[0]
        plain.heads[name].load_state_dict(mixing.heads[name].state_dict())
        torch.testing.assert_close(mixing(maps)[name], plain(maps)[name])


def test_one_matrix_product_for_each_layer_and_set_of_parts(maps, monkeypatch):
    products = []
    linear = torch.nn.functional.linear
    monkeypatch.setattr(
        attribute_heads.F, 'linear', lambda *args: products.append(1) or linear(*args)
    )
    build()(maps)
    assert len(products) == 3 * len({attribute.parts for attribute in MARKET1501})
    products.clear()
    build('res3d', ['age=mixture'])(maps)  # its product on res3d is the gender's, too
    assert len(products) == len({attribute.parts for attribute in MARKET1501}) + 2


def test_starts_uniform(maps):
    heads = AttributeHeads(MARKET1501, assign_layers(NAMES, LAYERS, 'mixture'), CHANNELS, LAYERS)
    weights = heads.mixture_weights()
    assert list(weights) == list(NAMES)
    assert all(row == UNIFORM for row in weights.values())
    assert all(type(weight) is float for row in weights.values() for weight in row.values())


def test_weights_sum_to_one():
    weights = build('mixture', OTHERS).mixture_weights()
    assert set(weights) == set(NAMES) - {'age', 'hat', 'bag'}
    for row in weights.values():
        assert list(row) == list(LAYERS) and min(row.values()) > 0
        assert sum(row.values()) == pytest.approx(1)
    assert len({tuple(row.values()) for row in weights.values()}) == len(weights)


def test_without_a_mixture_there_are_no_weights():
    heads = build('res3d', OTHERS)
    assert heads.mixture_weights() == {}
    assert set(heads.state_dict()) == {
        f'heads.{name}.{kind}' for name in NAMES for kind in ('weight', 'bias')
    }


def test_names_of_the_parameters():
    heads = build('res4f', ['age=mixture'])
    ours = {key for key in heads.state_dict() if not key.startswith('heads.')}
    assert ours == {'mixture.logits'}
    assert {key for key in heads.state_dict() if key.startswith('heads.age.')} == {
        f'heads.age.{layer}.{kind}' for layer in LAYERS for kind in ('weight', 'bias')
    }


def test_gradient_reaches_every_parameter(maps):
    heads = build('mixture', OTHERS)
    sum(x.square().sum() for x in heads(maps).values()).backward()
    for name, parameter in heads.named_parameters():
        rows = parameter.grad if name == 'mixture.logits' else [parameter.grad]
        assert all(row.abs().sum() > 0 for row in rows), name


def test_learns_the_layer_that_tells():
    """The label is the sign of what one layer says; the others say nothing."""
    mixture = LayerMixture({'a': 2, 'b': 3}, LAYERS)
    optimizer = torch.optim.SGD(mixture.parameters(), lr=1.0)
    for _ in range(100):
        labels = torch.randint(2, (32,))
        said = {layer: torch.randn(32, 2) for layer in LAYERS}
        said['res4f'] = torch.nn.functional.one_hot(labels, 2) * 4.0 - 2
        noise = dict.fromkeys(LAYERS, torch.zeros(32, 3))
        logits = mixture({'a': said, 'b': noise})
        loss = torch.nn.functional.cross_entropy(logits['a'], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights = mixture.as_dict()
    assert max(weights['a'], key=weights['a'].get) == 'res4f' and weights['a']['res4f'] > 0.6
    assert weights['b'] == UNIFORM


def test_layers_are_those_of_the_backbone(maps):
    """Any number of them, in any order: here two, against a sum in plain numbers."""
    layers = ('res5c', 'res3d')
    heads = AttributeHeads(MARKET1501, assign_layers(NAMES, layers, 'mixture'), CHANNELS, layers)
    torch.nn.init.normal_(heads.mixture.logits)
    logits, weights = heads(maps)['hat'], heads.mixture_weights()['hat']
    assert list(weights) == list(layers)
    expected = torch.zeros(2, 2)
    for layer in layers:
        vector = torch.cat([quarter(maps[layer], part) for part in MARKET1501['hat'].parts], 1)
        expected += weights[layer] * heads.heads['hat'][layer](vector)
    torch.testing.assert_close(logits, expected)
