"""torchreid's tool visualize_actmap.py on our models: its steps on what it asks a model for."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers import tiny_model


@torch.no_grad()
def activation_maps(model, images):
    """What the tool computes: the squares of all channels summed, of length 1, and resized."""
    maps = model(images, return_featuremaps=True)
    assert maps.dim() == 4  # the tool stops at anything else
    maps = (maps**2).sum(1)
    count, height, width = maps.size()
    maps = F.normalize(maps.view(count, height * width), p=2, dim=1).view(count, height, width)
    scaled = [
        F.interpolate(one[None, None], images.shape[2:], mode='bilinear')[0, 0] for one in maps
    ]
    as_bytes = [
        np.uint8(np.floor(255 * (one - one.min()) / (one.max() - one.min() + 1e-12)))
        for one in (values.numpy() for values in scaled)
    ]
    return maps.numpy(), as_bytes


@pytest.mark.parametrize(
    'options, children',
    [
        ({}, ('layer4',)),
        ({'branches': ['global']}, ('layer4',)),
        ({'branches': ['local']}, ('layer4_part',)),
    ],
)
def test_activation_maps_are_those_of_the_last_layer(options, children):
    """Taken by a hook, and in plain loops."""
    model = tiny_model.build(image_size=(64, 32), **options).eval()
    images = tiny_model.images(3, 64)
    seen = []
    (child,) = children
    hook = getattr(model, child).register_forward_hook(lambda *args: seen.append(args[-1]))
    maps, pictures = activation_maps(model, images)
    hook.remove()
    (layer,) = seen
    assert [picture.shape for picture in pictures] == [(64, 32)] * 3
    for number, channels in enumerate(layer.tolist()):
        energies = np.zeros(layer.shape[2:])
        for channel in channels:
            for row, values in enumerate(channel):
                for column, value in enumerate(values):
                    energies[row, column] += value**2
        expected = energies / np.sqrt((energies**2).sum())
        assert np.allclose(maps[number], expected, atol=1e-5)
