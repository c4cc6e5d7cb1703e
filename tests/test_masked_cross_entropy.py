import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.losses import masked_cross_entropy


def reference(logits, labels, smoothing=0.0):
    """Eqs. 1 and 2 number by number, over the known labels."""
    losses = []
    for row, label in zip(logits.tolist(), labels.tolist()):
        if label >= 0:
            log_sum = math.log(sum(math.exp(value) for value in row))
            targets = [smoothing / len(row) + (1 - smoothing) * (k == label)
                       for k in range(len(row))]
            losses.append(-sum(t * (value - log_sum) for t, value in zip(targets, row)))
    return sum(losses) / len(losses) if losses else 0.0


@settings(deadline=None)
@given(labels=st.lists(st.integers(-2, 3), min_size=1, max_size=9),
       smoothing=st.sampled_from([0., .1, 1.]), seed=st.integers(0, 999))
def test_equals_plain_loops(labels, smoothing, seed):
    logits = torch.randn(len(labels), 4, dtype=torch.float64,
                         generator=torch.Generator().manual_seed(seed)) * 5
    labels = torch.tensor(labels)
    loss = masked_cross_entropy(logits, labels, smoothing)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(reference(logits, labels, smoothing), rel=1e-9, abs=1e-9)


def test_by_hand():
    logits = torch.tensor([[0., 0.], [0., math.log(3)], [50., -50.]])
    loss = masked_cross_entropy(logits, torch.tensor([0, 1, -1]))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


@pytest.mark.parametrize('size', [0, 1, 5])
@pytest.mark.parametrize('smoothing', [0., .1])
def test_no_known_label(size, smoothing):
    logits = torch.randn(size, 3, requires_grad=True)
    loss = masked_cross_entropy(logits, torch.full((size,), -1), smoothing)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(size, 3))


def test_an_unknown_label_gives_no_gradient():
    logits = torch.randn(3, 4, requires_grad=True)
    masked_cross_entropy(logits, torch.tensor([2, -1, 0])).backward()
    assert (logits.grad[1] == 0).all()
    assert (logits.grad[[0, 2]] != 0).all()
