import math

import pytest
import torch

from midattr_plugin.losses import SoftMarginTripletLoss


def plain(features, pids):
    """Anchor by anchor; the anchor is one of its positives."""
    losses = []
    for anchor, pid in zip(features, pids, strict=True):
        distances = [math.dist(anchor, other) for other in features]
        pairs = list(zip(distances, pids, strict=True))
        hardest = max(d for d, other in pairs if other == pid)
        hardest -= min(d for d, other in pairs if other != pid)
        losses.append(math.log(1 + math.exp(hardest)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('pids', [[0, 0, 1, 1, 2, 2], [0, 1], [3, 3, 3, 1, 2, 3]])
def test_equals_plain_loops(pids):
    features = torch.randn(len(pids), 4, dtype=torch.float64)
    loss = SoftMarginTripletLoss()(features, torch.tensor(pids))
    assert loss.item() == pytest.approx(plain(features.tolist(), pids), abs=1e-5)


def test_by_hand():
    """Positives at 1, negatives at 3 or 2."""
    loss = SoftMarginTripletLoss()(torch.tensor([[0.0], [1], [3]]), torch.tensor([0, 0, 1]))
    expected = [math.log(1 + math.exp(x)) for x in (1 - 3, 1 - 2, 0 - 2)]
    assert loss.item() == pytest.approx(sum(expected) / 3, abs=1e-5)


def test_what_is_told_apart_still_has_gradients():
    features = torch.tensor([[0.0], [1], [9]], requires_grad=True)
    SoftMarginTripletLoss()(features, torch.tensor([0, 0, 1])).backward()
    assert (features.grad[:2] != 0).all()
