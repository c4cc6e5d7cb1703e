import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.losses import FocalLoss, masked_cross_entropy


def reference(logits, labels, gamma):
    losses = []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        if label >= 0:
            p = math.exp(row[label]) / sum(map(math.exp, row))
            losses.append((1 - p) ** gamma * -math.log(p))
    return sum(losses) / len(losses) if losses else 0.0


@settings(deadline=None)
@given(
    labels=st.lists(st.integers(-2, 3), max_size=7),
    seed=st.integers(0, 99),
    gamma=st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]),
)
def test_equals_plain_loops(labels, seed, gamma):
    logits = (
        torch.randn(
            len(labels), 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
        )
        * 2
    )
    labels = torch.tensor(labels, dtype=torch.int64)
    loss = FocalLoss(gamma)('age', logits, labels)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(reference(logits, labels, gamma), rel=1e-9, abs=1e-12)


def test_gamma_0_is_the_plain_loss():
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, -1, 2, 1, 0])
    torch.testing.assert_close(
        FocalLoss(0)('age', logits, labels), masked_cross_entropy(logits, labels)
    )


@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
def test_no_known_label(gamma):
    logits = torch.randn(3, 2, requires_grad=True)
    loss = FocalLoss(gamma)('hat', logits, torch.full((3,), -1))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(3, 2))


@pytest.mark.parametrize('gamma', [0.0, 0.5, 1.0, 2.0])
def test_gradients_are_finite_however_certain(gamma):
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0], [20.0, 0.0]], requires_grad=True)
    loss = FocalLoss(gamma)('hat', logits, torch.zeros(3, dtype=torch.int64))
    loss.backward()
    assert loss.isfinite() and logits.grad.isfinite().all()
    assert (logits.grad[1] != 0).all()


def test_gradients_equal_differences():
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, -1, 2, 1])
    assert torch.autograd.gradcheck(lambda x: FocalLoss(2.0)('age', x, labels), logits)


def test_divides_by_the_known_labels_of_all_processes():
    criterion = FocalLoss()
    logits, labels = torch.randn(6, 2), torch.tensor([0, 1, -1, 1, -1, -1])
    halves = [
        criterion('hat', logits[part], labels[part], torch.tensor(3 / 2))
        for part in (slice(3), slice(3, 6))
    ]
    torch.testing.assert_close(sum(halves) / 2, criterion('hat', logits, labels))
