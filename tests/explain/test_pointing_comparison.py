"""Maps of attributes beside those of Grad-CAM."""

import sys
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from helpers import tiny_model
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.explain import pointing_comparison
from midattr_plugin.explain.pointing import Pointed
from midattr_plugin.explain.pointing_comparison import METHODS, compare_pointing


class Spec:
    backbone = 'resnet18'


def build(**options):
    model = tiny_model.build(schema=MARKET1501, image_size=(128, 64), **options).eval()
    model.spec = Spec
    model.preprocess = lambda image: torch.tensor(np.asarray(image)).permute(2, 0, 1) / 255.0
    return model


def pictures(count=2):
    """Pictures with a hat, in the upper left corner, and with trousers, everywhere."""
    for seed in range(count):
        pixels = np.random.default_rng(seed).integers(0, 256, (128, 64, 3), np.uint8)
        image = Image.fromarray(pixels)
        hat = np.zeros((128, 64), bool)
        hat[:20, :20] = True
        yield Pointed(image, 'hat', 1, hat)
        yield Pointed(image, 'lower_type', 1, np.ones((128, 64), bool))


def test_each_item_is_compared(monkeypatch):
    """Maps are stubs, of which it is known where they point."""
    corner, other = np.zeros((16, 8), np.float32), np.zeros((16, 8), np.float32)
    corner[0, 0] = other[-1, -1] = 1
    asked = []

    def stub(values):
        def maps(image, classes):
            asked.append((tuple(image.shape), classes['hat'], classes['lower_type']))
            return {'hat': values, 'lower_type': values}

        return maps

    model = build()
    monkeypatch.setattr(pointing_comparison, '_grad_cam', lambda model: stub(other))
    monkeypatch.setattr(
        pointing_comparison, '_our_maps', lambda model, image, classes: stub(corner)(image, classes)
    )
    compared, seconds = compare_pointing(model, pictures())
    assert [one.attribute for one in compared] == ['hat', 'lower_type'] * 2
    assert compared[0].hits == {'ours': True, 'Grad-CAM': False, 'middle of its parts': False}
    assert compared[1].hits == dict.fromkeys(METHODS, True)
    assert compared[1].chance == 1
    assert 20 * 20 < 128 * 64 * compared[0].chance <= 24 * 24
    assert asked == [((1, 3, 128, 64), 1, 1)] * 4  # once by each method for each picture
    assert {method: len(values) for method, values in seconds.items()} == {
        'ours': 2,
        'Grad-CAM': 2,
    }


def test_is_recognized():
    model = build()
    with torch.no_grad():
        for name, bias in (('hat', [9.0, 0.0]), ('lower_type', [0.0, 9.0])):
            model.attribute_heads.heads[name].bias.copy_(torch.tensor(bias))
    pytest.importorskip('pytorch_grad_cam')
    compared, _ = compare_pointing(model, pictures(1))
    assert [one.is_recognized for one in compared] == [False, True]


def test_grad_cam_is_that_of_its_paper():
    """Weights are mean gradients, of the logit of the class, on the layer of the attribute."""
    pytest.importorskip('pytorch_grad_cam')
    model = build(layer_overrides=['gender=res4f'])
    image = tiny_model.images(1, 128, 64)
    classes = dict.fromkeys(MARKET1501.names, 1)
    found = pointing_comparison._grad_cam(model)(image, classes)
    for name, layer in (('hat', 'layer2'), ('gender', 'layer3')):
        kept = []
        keep = partial(lambda kept, *args: kept.append(args[-1]), kept)
        hook = getattr(model, layer).register_forward_hook(keep)
        logit = model(image, return_dict=True)['attribute_logits'][name][0, 1]
        hook.remove()
        (slopes,) = torch.autograd.grad(logit, kept[0])
        expected = F.relu((slopes.mean((2, 3), keepdim=True) * kept[0]).sum(1))[0].detach()
        small = F.interpolate(expected[None, None], (128, 64), mode='bilinear')[0, 0].numpy()
        small = (small - small.min()) / (small.max() - small.min() + 1e-7)
        assert np.abs(found[name] - small).mean() < 0.02
        assert np.argmax(found[name]) == np.argmax(small)


def test_what_cannot_be_compared(monkeypatch):
    pytest.importorskip('pytorch_grad_cam')
    with pytest.raises(InputError, match='attribute "gender" reads mixture, .* res3d or res4f'):
        compare_pointing(build(attribute_layer='mixture'), pictures())
    monkeypatch.setitem(sys.modules, 'pytorch_grad_cam', None)
    with pytest.raises(InputError, match='pip install "midattr_plugin.explain."'):
        compare_pointing(build(), pictures())
