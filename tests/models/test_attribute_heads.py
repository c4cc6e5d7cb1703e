import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.device_counter import DeviceCounter
from helpers.layer_maps import CHANNELS, LAYERS, NAMES, quarter, random_maps
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.models import attribute_heads
from midattr_plugin.models.attribute_heads import (
    AttributeHeads,
    assign_layers,
    layer_choices,
    pool_parts,
)


@pytest.fixture
def maps():
    return random_maps()


def reference(heads, layer_of, maps):
    """Logits of each attribute, from its parts pooled in plain loops."""
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
@pytest.mark.parametrize('layer', [*LAYERS, 'pool5'])
def test_logits_equal_plain_reference(layer, overrides, maps):
    layer_of = assign_layers(NAMES, LAYERS, layer, overrides)
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
    heads = AttributeHeads(MARKET1501, assign_layers(NAMES, LAYERS), CHANNELS)
    before = heads(maps)
    maps['res3d'][:, :, :2] += 10  # part 1 of 8 rows
    after = heads(maps)
    changed = {name for name in NAMES if not torch.equal(before[name], after[name])}
    assert changed == {name for name in NAMES if 1 in MARKET1501[name].parts}
    assert {'hat', 'age'} <= changed and 'lower_color' not in changed


def test_layers_that_nobody_reads_are_not_needed(maps):
    heads = AttributeHeads(MARKET1501, assign_layers(NAMES, LAYERS, 'res4f'), CHANNELS)
    assert len(heads({'res4f': maps['res4f']})) == len(MARKET1501)


def test_each_layer_is_pooled_once(maps, monkeypatch):
    shapes = []

    def counting(x):
        shapes.append(x.shape[1])
        return pool(x)

    pool = attribute_heads.pool_parts
    monkeypatch.setattr(attribute_heads, 'pool_parts', counting)
    layer_of = assign_layers(NAMES, LAYERS, 'res3d', ['age=res5c', 'bag=res5c', 'hat=pool5'])
    AttributeHeads(MARKET1501, layer_of, CHANNELS)(maps)
    assert shapes == [CHANNELS['res3d'], CHANNELS['res5c']]


def test_assignment():
    layer_of = assign_layers(NAMES, LAYERS, 'res4f', ('age=res5c',))
    assert layer_of == {name: 'res5c' if name == 'age' else 'res4f' for name in NAMES}
    assert list(layer_of) == list(NAMES)
    assert assign_layers((), LAYERS) == {}


@pytest.mark.parametrize('layer', ['layer2', '', 'RES3D'])
def test_unknown_layer(layer):
    with pytest.raises(InputError, match='midattr.attribute_layer: .*res5c, pool5, mixture$'):
        assign_layers(NAMES, LAYERS, layer)


@pytest.mark.parametrize('override', ['glasses=res4f', 'age=conv3', 'age', '', '=res4f', 'age='])
def test_unknown_override(override):
    with pytest.raises(
        InputError, match='midattr.layer_overrides: .*gender,.*, pool5, mixture$'
    ) as error:
        assign_layers(NAMES, LAYERS, 'res3d', ['bag=res4f', override])
    assert f'"{override}"' in str(error.value)


def test_override_without_attributes():
    with pytest.raises(InputError, match='attribute out of none'):
        assign_layers((), LAYERS, 'res3d', ['age=res4f'])


def test_attribute_with_two_layers():
    with pytest.raises(InputError, match='midattr.layer_overrides: age is given two layers'):
        assign_layers(NAMES, LAYERS, 'res3d', ['age=res4f', 'age=res5c'])


def test_choices_are_those_of_the_backbone():
    assert layer_choices(['low', 'high']) == ('low', 'high', 'pool5', 'mixture')
    assert assign_layers(['age', 'hat'], ['low', 'high'], 'low', ['hat=high']) == {
        'age': 'low',
        'hat': 'high',
    }
    with pytest.raises(InputError, match='choose from low, high, pool5, mixture$'):
        assign_layers(['age'], ['low', 'high'], 'res3d')


def pool_in_loops(maps):
    """Maxima over the rows of each quarter, row by row and number by number."""
    num_images, num_channels, height, width = maps.shape
    result = torch.full((num_images, 4, num_channels), -torch.inf)
    for i in range(4):
        first, last = height * i // 4, -(-height * (i + 1) // 4)
        for b in range(num_images):
            for c in range(num_channels):
                for row in range(first, last):
                    for column in range(width):
                        value = maps[b, c, row, column]
                        result[b, i, c] = max(result[b, i, c], value)
    return result


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 17), width=st.integers(1, 4), seed=st.integers(0, 999))
def test_parts_equal_plain_loops(height, width, seed):
    maps = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(pool_parts(maps), pool_in_loops(maps))


def test_seven_rows_by_hand():
    """The rows 0-1, 1-3, 3-5 and 5-6 of res5c at 224 x 224."""
    maps = torch.tensor([9.0, 0, 1, 5, 2, 3, 4]).reshape(1, 1, 7, 1)
    assert pool_parts(maps).tolist() == [[[9], [5], [5], [4]]]
    maps = torch.tensor([0.0, 7, 1, 2, 3, 8, 4]).reshape(1, 1, 7, 1)
    assert pool_parts(maps).tolist() == [[[7], [7], [8], [8]]]


def test_parts_come_from_the_top():
    maps = torch.arange(8.0).reshape(1, 1, 8, 1).expand(1, 2, 8, 5)
    assert pool_parts(maps).tolist() == [[[1, 1], [3, 3], [5, 5], [7, 7]]]


def test_gradient_goes_to_the_maximum_alone():
    maps = torch.tensor([1.0, 2, 4, 3, 5, 6, 8, 7]).reshape(1, 1, 8, 1).requires_grad_()
    pool_parts(maps).sum().backward()
    assert maps.grad.flatten().tolist() == [0, 1, 1, 0, 0, 1, 1, 0]


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('shape', [(2, 3, 8, 4), (2, 3, 4, 1), (1, 5, 32, 16), (0, 2, 8, 4)])
def test_equal_parts_are_those_of_adaptive_pooling(shape, dtype):
    """Behind a ReLU many values are 0: the gradient goes to the same one of them."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.randint(-3, 3, shape, generator=generator).to(dtype).relu()
    maps = maps.contiguous(memory_format=torch.channels_last).requires_grad_()
    factors = torch.randn(*shape[:2], 4, 1, generator=generator).to(dtype)
    results = []
    for pool in (
        attribute_heads.max_of_equal_parts,
        lambda x: torch.nn.functional.adaptive_max_pool2d(x, (4, 1)),
    ):
        pooled = pool(maps)
        results.append((pooled, *torch.autograd.grad(pooled, maps, factors)))
    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))


@pytest.mark.parametrize(
    'height, device, kernel',
    [
        (12, 'meta', 'aten::max_pool2d_with_indices'),
        (7, 'meta', 'aten::adaptive_max_pool2d'),
        (12, 'cpu', 'aten::adaptive_max_pool2d'),
    ],
)
def test_the_kernel_that_a_device_computes_fast(height, device, kernel):
    maps = torch.rand(1, 2, height, 3, device=device, requires_grad=True)
    with DeviceCounter(device) as counter:
        assert pool_parts(maps).shape == (1, 4, 2)
    assert list(counter.by_name) == [kernel]


def test_parts_of_no_images():
    assert pool_parts(torch.zeros(0, 3, 8, 4)).shape == (0, 4, 3)
