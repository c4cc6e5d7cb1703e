import pytest
import torch

from midattr_plugin.models.classifier import build_classifier


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
