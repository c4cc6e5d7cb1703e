"""The small layers in front of the losses; the network with a BNNeck is in its own file."""

import pytest
import torch

from helpers.normalized import normalized
from midattr_plugin.models.layers import CosineClassifier, build_bnneck, build_classifier


def test_first_predictions_are_even():
    torch.manual_seed(0)
    classifier = build_classifier(2048, 751)
    assert classifier.weight.std().item() == pytest.approx(0.001, rel=0.01)
    predictions = classifier(torch.rand(8, 2048)).softmax(1)
    assert predictions.sub(1 / 751).abs().max() < 1e-3


def test_without_a_bias():
    classifier = build_classifier(4, 3, bias=False)
    assert [name for name, _ in classifier.named_parameters()] == ['weight']
    assert torch.equal(classifier(torch.zeros(1, 4)), torch.zeros(1, 3))


def test_the_first_weights_do_not_depend_on_the_bias():
    torch.manual_seed(0)
    plain = build_classifier(4, 3)
    torch.manual_seed(0)
    assert torch.equal(build_classifier(4, 3, bias=False).weight, plain.weight)


def test_cosines():
    classifier = CosineClassifier(3, 4)
    x = torch.randn(5, 3) * torch.tensor([[0.1], [1], [7], [100], [0]])
    expected = [
        [
            float((row @ weight) / max(row.norm() * weight.norm(), 1e-12))
            for weight in classifier.weight.detach()
        ]
        for row in x
    ]
    torch.testing.assert_close(classifier(x), torch.tensor(expected))
    assert [name for name, _ in classifier.named_parameters()] == ['weight']


def test_cosines_are_not_rounded():
    classifier, x = CosineClassifier(64, 4), torch.randn(5, 64)
    with torch.autocast('cpu', torch.bfloat16):
        found = classifier(x)
    assert torch.equal(found, classifier(x))


def test_bnneck_normalizes_without_a_shift():
    neck = build_bnneck(5)
    torch.nn.init.uniform_(neck.weight, 0.5, 2)
    x = torch.randn(6, 5) * 3 + 1
    means = torch.stack([row for row in x]).sum(0) / 6
    variances = (x - means).square().sum(0) / 6
    torch.testing.assert_close(neck(x), normalized(x, neck, means, variances))
    assert [name for name, _ in neck.named_parameters()] == ['weight']
    running = neck.running_mean, neck.running_var
    torch.testing.assert_close(neck.eval()(x), normalized(x, neck, *running))


def test_conversion_for_several_gpus_keeps_the_bnneck_without_a_bias():
    neck = build_bnneck(5)
    torch.nn.init.uniform_(neck.weight)
    converted = torch.nn.SyncBatchNorm.convert_sync_batchnorm(torch.nn.Sequential(neck))[0]
    assert converted.bias is None
    assert converted.weight is neck.weight
