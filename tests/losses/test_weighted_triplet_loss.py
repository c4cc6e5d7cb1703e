import math

import pytest
import torch

from midattr_plugin.losses import WeightedTripletLoss


def plain(features, pids):
    """Anchor by anchor; the anchor is one of its positives."""
    losses = []
    for anchor, pid in zip(features, pids, strict=True):
        pairs = [(math.dist(anchor, other), p) for other, p in zip(features, pids, strict=True)]
        difference = 0
        for sign, distances in (
            (1, [d for d, other in pairs if other == pid]),
            (-1, [d for d, other in pairs if other != pid]),
        ):
            total = sum(math.exp(sign * d) for d in distances)
            difference += sign * sum(math.exp(sign * d) / total * d for d in distances)
        losses.append(math.log(1 + math.exp(difference)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('pids', [[0, 0, 1, 1, 2, 2], [0, 1], [3, 3, 3, 1, 2, 3]])
def test_equals_plain_loops(pids):
    features = torch.randn(len(pids), 4, dtype=torch.float64)
    loss = WeightedTripletLoss()(features, torch.tensor(pids))
    assert loss.item() == pytest.approx(plain(features.tolist(), pids), abs=1e-5)


def test_gradients():
    """Through the weights, too."""
    features = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    pids = torch.tensor([0, 0, 1, 1, 1])
    assert torch.autograd.gradcheck(lambda x: WeightedTripletLoss()(x, pids), features)


def test_the_hardest_pairs_decide_where_distances_are_large():
    features, pids = torch.tensor([[0.0], [10], [100], [130], [150]]), torch.tensor([0, 0, 0, 1, 1])
    found = WeightedTripletLoss()(features, pids).item()
    hardest = [(100, 130), (90, 120), (100, 30), (20, 30), (20, 50)]
    assert found == pytest.approx(sum(max(0, p - n) for p, n in hardest) / 5, abs=0.01)
