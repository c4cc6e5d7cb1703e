import math

import torch

from midattr_plugin.losses.pair_distances import hardest_pairs, pair_distances


def test_distances():
    features = torch.randn(7, 3, dtype=torch.float64)
    expected = [[math.dist(a, b) for b in features.tolist()] for a in features.tolist()]
    found = pair_distances(features)
    torch.testing.assert_close(found, torch.tensor(expected).double(), atol=1e-5, rtol=0)
    assert float(found.min()) == 1e-6


def test_hardest_pairs():
    """On a line: identity 0 at 0 and 3, identity 1 at 4 and 10; identity 2 has one image."""
    positive, negative = hardest_pairs(
        torch.tensor([[0.0], [3], [4], [10], [20]]), torch.tensor([0, 0, 1, 1, 2])
    )
    torch.testing.assert_close(positive, torch.tensor([3.0, 3, 6, 6, 0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(negative, torch.tensor([4.0, 1, 1, 7, 10]))


def test_without_a_negative():
    positive, negative = hardest_pairs(torch.tensor([[0.0], [3]]), torch.tensor([5, 5]))
    assert negative.isnan().all() and positive.tolist() == [3, 3]


def test_equal_features_have_finite_gradients():
    features = torch.ones(4, 3, requires_grad=True)
    pair_distances(features).sum().backward()
    assert features.grad.isfinite().all()
