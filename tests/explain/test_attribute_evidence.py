"""Terms of the logits, and where they stand."""

import pytest
import torch

from helpers import tiny_model
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.explain import attribute_evidence


def build(**options):
    model = tiny_model.build(schema=MARKET1501, **options).eval()
    for parameter in model.attribute_heads.parameters():
        torch.nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize(
    'options, height',
    [
        ({}, 64),
        ({'attribute_layer': 'res5c'}, 224),  # 7 rows: neighboring parts share some
        ({'attribute_layer': 'pool5'}, 64),
        ({'attribute_layer': 'pool5', 'pooling': 'gem'}, 64),
        ({'attribute_layer': 'pool5', 'pooling': 'max'}, 64),
        ({'attribute_layer': 'mixture'}, 64),
        ({'layer_overrides': ['age=res5c', 'hat=pool5', 'gender=mixture']}, 64),
        ({'branches': ['local'], 'attribute_layer': 'res5c', 'descriptor': 'local'}, 64),
        ({'bnneck': True}, 64),
    ],
)
def test_terms_and_bias_sum_to_the_logits(options, height):
    model = build(**options, image_size=(height, 32))
    images = tiny_model.images(3, height)
    with torch.no_grad():
        expected = model(images, return_dict=True)['attribute_logits']
    evidence = attribute_evidence(model, images)
    assert list(evidence) == list(expected)
    for name, logits in expected.items():
        scale = max(1.0, float(logits.abs().max()))
        assert float((evidence[name].logits - logits).abs().max()) <= 1e-5 * scale


def test_each_term_stands_where_its_channel_is_largest():
    """In plain loops, for an attribute of two parts and one of the whole body."""
    model = build(image_size=(64, 32))
    images = tiny_model.images(2, 64)
    with torch.no_grad():
        maps = model.layer_maps(images)['res3d']
    evidence = attribute_evidence(model, images)
    count, channels, height, width = maps.shape
    for attribute in MARKET1501:
        weight = model.attribute_heads.heads[attribute.name].weight.detach()
        expected = torch.zeros(count, len(weight), height, width)
        for image in range(count):
            for slot, part in enumerate(attribute.parts):
                first = (part - 1) * height // 4
                for channel in range(channels):
                    rows = maps[image, channel, first : first + height // 4]
                    row, column = divmod(int(rows.flatten().argmax()), width)
                    value = weight[:, slot * channels + channel] * rows[row, column]
                    expected[image, :, first + row, column] += value
        assert torch.allclose(evidence[attribute.name].terms['res3d'], expected, atol=1e-5)


def test_map_of_a_class():
    """With two classes it is half their difference, so that its sum is half that of the logits."""
    model = build(image_size=(64, 32))
    evidence = attribute_evidence(model, tiny_model.images(2, 64))['gender']
    terms = evidence.terms['res3d']
    found = evidence.maps(torch.tensor([1, 0]))
    assert torch.allclose(found[0], (terms[0, 1] - terms[0, 0]) / 2, atol=1e-6)
    assert torch.allclose(found[1], (terms[1, 0] - terms[1, 1]) / 2, atol=1e-6)


@pytest.mark.parametrize('height', [64, 224])
def test_map_of_a_mixture(height):
    """Layers of different sizes on one map, which keeps the sum."""
    model = build(attribute_layer='mixture', image_size=(height, 32))
    evidence = attribute_evidence(model, tiny_model.images(2, height))['age']
    found = evidence.maps(torch.tensor([2, 0]))
    logits = evidence.logits - evidence.bias
    assert found.shape[1:] == (height // 8, 4)
    for image, index in enumerate((2, 0)):
        expected = logits[image, index] - logits[image].mean()
        assert abs(float(found[image].sum() - expected)) < 1e-4


def test_model_without_attributes():
    with pytest.raises(InputError, match='has no attributes'):
        attribute_evidence(tiny_model.build().eval(), tiny_model.images(1, 64))


@pytest.mark.parametrize(
    'options, unused',
    [
        ({}, ('layer3', 'layer4', 'layer4_part')),
        ({'layer_overrides': ['age=res4f']}, ('layer4', 'layer4_part')),
        ({'layer_overrides': ['age=pool5']}, ('layer4_part',)),
        ({'attribute_layer': 'res5c', 'branches': ['local']}, ()),
    ],
)
def test_nothing_behind_the_layers_is_computed(options, unused):
    model, images = build(image_size=(64, 32), **options), tiny_model.images(2, 64)
    with torch.no_grad():
        expected = model(images, return_dict=True)['attribute_logits']
    for name in unused:
        getattr(model, name).register_forward_pre_hook(lambda *args: pytest.fail('computed'))
    evidence = attribute_evidence(model, images)
    assert all(
        torch.allclose(evidence[name].logits, expected[name], atol=1e-4) for name in expected
    )
