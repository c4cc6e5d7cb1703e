"""The library's circle loss, as this project calls it."""

import math

import pytest
import torch

from midattr_plugin.losses import CircleLoss


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


def plain(features, pids, m, gamma):
    """Eqs. 6 and 8, anchor by anchor, without the anchor itself."""
    losses = []
    for i, anchor in enumerate(features):
        others = [
            (cosine(anchor, features[j]), pids[j] == pids[i]) for j in range(len(pids)) if j != i
        ]
        positives = [
            math.exp(-gamma * max(0, 1 + m - s) * (s - (1 - m))) for s, same in others if same
        ]
        negatives = [math.exp(gamma * max(0, s + m) * (s - m)) for s, same in others if not same]
        losses.append(math.log(1 + sum(negatives) * sum(positives)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('m, gamma', [(0.25, 128.0), (0.4, 8.0), (0.0, 1.0)])
@pytest.mark.parametrize('pids', [[0, 0, 1, 1, 2, 2], [0, 1, 0, 0], [3, 3, 3, 1, 2, 3]])
def test_equals_plain_loops(pids, m, gamma):
    features = torch.randn(len(pids), 4, dtype=torch.float64)
    loss = CircleLoss(m, gamma)(features, torch.tensor(pids))
    assert loss.item() == pytest.approx(plain(features.tolist(), pids, m, gamma), rel=1e-6)


def test_the_values_of_the_paper():
    features, pids = torch.randn(6, 4), torch.tensor([0, 0, 1, 1, 2, 2])
    assert torch.equal(CircleLoss()(features, pids), CircleLoss(0.25, 128)(features, pids))


def test_the_length_of_features_does_not_matter():
    features, pids = torch.randn(6, 4), torch.tensor([0, 0, 1, 1, 2, 2])
    lengths = torch.rand(6, 1) + 0.5
    torch.testing.assert_close(
        CircleLoss()(features * lengths, pids), CircleLoss()(features, pids), rtol=1e-4, atol=1e-4
    )


def test_weights_have_no_gradients():
    """Of one pair each: the slope is that of similarities with fixed weights."""
    anchor = torch.tensor([1.0, 0, 0, 0])
    others = torch.tensor([[0.6, 0.8, 0, 0], [0.2, 0, 0.96**0.5, 0]])
    x = torch.stack([anchor, *others]).double().requires_grad_()
    CircleLoss(0.25, 4.0)(x, torch.tensor([0, 0, 1])).backward()
    y = x.detach().requires_grad_()
    unit = torch.nn.functional.normalize(y)
    total = 0
    for a, p, n in ((0, 1, 2), (1, 0, 2)):
        s_p, s_n = unit[a] @ unit[p], unit[a] @ unit[n]
        weights = (1.25 - s_p).detach(), (s_n + 0.25).clamp(min=0).detach()
        exponent = 4 * (weights[1] * (s_n - 0.25) - weights[0] * (s_p - 0.75))
        total = total + torch.nn.functional.softplus(exponent) / 3
    total.backward()
    torch.testing.assert_close(x.grad, y.grad)
