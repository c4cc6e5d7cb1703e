"""What the network computes in 16 bits, and what it must not."""

import pytest
import torch

from helpers import tiny_model
from helpers.fake_cuda import fake_cuda, moved
from midattr_plugin.datasets import MARKET1501


@pytest.mark.parametrize('bnneck', [False, True])
@torch.no_grad()
def test_features_are_not_rounded(bnneck):
    """Pooled in float32, of the 16-bit maps."""
    model = tiny_model.build(bnneck=bnneck).eval()
    maps = {}
    for name in ('layer4', 'layer4_part'):
        child = model.get_submodule(name)
        child.register_forward_hook(lambda _, args, x, name=name: maps.__setitem__(name, x))
    with torch.autocast('cpu', torch.bfloat16):
        # larger maps: of 2 x 1 positions PyTorch 2.11 makes NaN on CPUs with AMX
        output = model(tiny_model.images(height=128, width=64), return_dict=True)
    features = output['features']
    assert {x.dtype for x in (*features.values(), output['descriptor'])} == {torch.float32}
    assert {x.dtype for x in maps.values()} == {torch.bfloat16}
    exact = {name: x.double() for name, x in maps.items()}
    torch.testing.assert_close(
        features['global'].double(), exact['layer4'].mean((2, 3)), rtol=1e-6, atol=1e-7
    )
    expected = model.part_reduction.double()(exact['layer4_part'])
    torch.testing.assert_close(features['local'].double(), expected, rtol=1e-5, atol=1e-6)


def test_formats_on_a_gpu():
    """Convolutions in bf16, but for that of the local feature; what is compared in float32."""
    model = tiny_model.build(schema=MARKET1501)
    formats = {}
    for name, child in model.named_modules():
        if isinstance(child, torch.nn.Conv2d):
            child.register_forward_hook(
                lambda _, args, x, name=name: formats.__setitem__(name, x.dtype)
            )
    with fake_cuda():
        moved(model)
        images = torch.empty(16, 3, 64, 32, device='cuda')
        outputs = []
        for train in (True, False):
            model.train(train)
            with torch.autocast('cuda', torch.bfloat16):
                outputs.append(model(images, return_dict=True))
    assert formats.pop('part_reduction.conv') == torch.float32
    assert set(formats.values()) == {torch.bfloat16}
    assert outputs[1]['descriptor'].dtype == torch.float32
    for output in outputs:
        assert {x.dtype for x in output['features'].values()} == {torch.float32}
        assert {x.device.type for x in output['attribute_logits'].values()} == {'cuda'}


def test_a_model_of_another_format_keeps_it():
    model = tiny_model.build(schema=MARKET1501, attribute_layer='pool5').double()
    output = model(tiny_model.images().double(), return_dict=True)
    for group in ('features', 'identity_logits', 'attribute_logits'):
        assert {x.dtype for x in output[group].values()} == {torch.float64}
