"""Shares of two images in the cosine of their descriptors."""

import pytest
import torch
from torch import nn

from helpers import tiny_model
from midattr_plugin.errors import InputError
from midattr_plugin.explain import pair_similarity


def build(**options):
    """A model whose necks and convolutions shift what they are given."""
    model = tiny_model.build(**options)
    for name, module in model.named_modules():
        if 'bnneck' in name:
            nn.init.normal_(module.weight)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    if model.part_rows:
        nn.init.normal_(model.part_reduction.conv.bias)
    return model.eval()


@pytest.mark.parametrize(
    'options, height',
    [
        ({}, 64),
        ({'part_rows': 2}, 224),  # 7 rows for 2: both have the one in the middle
        ({'bnneck': True}, 64),
        ({'branches': ['global']}, 64),
        ({'pooling': 'gem', 'bnneck': True}, 64),
        ({'pooling': 'max'}, 64),
        ({'branches': ['local']}, 64),
        ({'descriptor': 'global'}, 64),
        ({'descriptor': 'local', 'bnneck': True}, 64),
    ],
)
def test_shares_sum_to_the_cosine(options, height):
    model = build(image_size=(height, 32), **options)
    queries, gallery = tiny_model.images(6, height).split(3)
    with torch.no_grad():
        expected = torch.cosine_similarity(model(queries), model(gallery))
    found = pair_similarity(model, queries, gallery)
    for name, total in (
        ('cosine', found.cosine),
        ('query', found.query_map.sum((1, 2)) + found.query_rest),
        ('gallery', found.gallery_map.sum((1, 2)) + found.gallery_rest),
    ):
        assert float((total - expected).abs().max()) <= 1e-5, name
    assert list(found.query_maps) == list(model.descriptor_slices)


def test_share_of_a_position():
    """In plain loops, for a mean over the positions."""
    model = build(branches=['global'], image_size=(64, 32))
    queries, gallery = tiny_model.images(2, 64).split(1)
    with torch.no_grad():
        a, b = (model.layer_maps(images)['res5c'][0] for images in (queries, gallery))
    means = [[float(channel.mean()) for channel in maps] for maps in (a, b)]
    lengths = [sum(value**2 for value in values) ** 0.5 for values in means]
    found = pair_similarity(model, queries, gallery).gallery_map[0]
    height, width = b.shape[1:]
    assert found.shape == (height, width)
    for row in range(height):
        for column in range(width):
            products = [
                means[0][channel] * float(b[channel, row, column]) for channel in range(len(b))
            ]
            expected = sum(products) / (height * width * lengths[0] * lengths[1])
            assert abs(float(found[row, column]) - expected) < 1e-6


def test_an_image_and_itself():
    model, images = build(image_size=(64, 32)), tiny_model.images(2, 64)
    found = pair_similarity(model, images, images)
    assert torch.allclose(found.cosine, torch.ones(2), atol=1e-5)
    assert torch.allclose(found.query_map, found.gallery_map, atol=1e-6)


def test_leaves_the_model_as_it_was():
    model, images = build(image_size=(64, 32)), tiny_model.images(2, 64)
    with torch.inference_mode():
        pair_similarity(model, images, images)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training


def test_what_is_not_known():
    images = tiny_model.images(1, 64)
    with pytest.raises(InputError, match='but not of a Identity'):
        pair_similarity(nn.Identity().eval(), images, images)
    with pytest.raises(InputError, match='in training'):
        pair_similarity(build(image_size=(64, 32)).train(), images, images)
