"""Multiply-adds, by hand, and without a trace in the model."""

import torch
from torch import nn

from midattr_plugin.models import MODELS
from midattr_plugin.models.complexity import multiply_adds


def test_by_hand():
    model = nn.Sequential(
        nn.Conv2d(3, 5, 3, stride=2, padding=1), nn.Flatten(), nn.Linear(5 * 4 * 2, 7)
    )
    assert multiply_adds(model, 8, 4) == 4 * 2 * 5 * 3 * 9 + 5 * 4 * 2 * 7


def test_nothing_changes():
    model = MODELS['midattr_resnet18_market'](num_classes=3, pretrained=False).eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(5)
    multiply_adds(model, 64, 32)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))
    assert not model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_attributes_are_counted():
    with_and_without = [
        multiply_adds(MODELS[name](num_classes=3, pretrained=False), 64, 32)
        for name in ('midattr_resnet18_market', 'midattr_resnet18')
    ]
    assert with_and_without[0] > with_and_without[1]
