import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.plain_cross_entropy import reference
from midattr_plugin.errors import InputError
from midattr_plugin.losses import ATTRIBUTE_LOSSES, masked_cross_entropy


@settings(deadline=None)
@given(
    labels=st.lists(st.integers(-2, 3), min_size=1, max_size=9),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    seed=st.integers(0, 999),
)
def test_equals_plain_loops(labels, smoothing, seed):
    logits = (
        torch.randn(
            len(labels), 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
        )
        * 5
    )
    labels = torch.tensor(labels)
    loss = masked_cross_entropy(logits, labels, smoothing)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(reference(logits, labels, smoothing), rel=1e-9, abs=1e-9)


def test_by_hand():
    logits = torch.tensor([[0.0, 0.0], [0.0, math.log(3)], [50.0, -50.0]])
    loss = masked_cross_entropy(logits, torch.tensor([0, 1, -1]))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


@pytest.mark.parametrize('size', [0, 1, 5])
@pytest.mark.parametrize('smoothing', [0.0, 0.1])
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


def test_class_weights_are_factors_of_the_losses():
    """The sum is divided by the number of known labels, not by the sum of the weights."""
    logits, labels = torch.randn(4, 2), torch.tensor([0, 1, -1, 1])
    weights = torch.tensor([3.0, 0.5])
    expected = sum(
        weights[label] * masked_cross_entropy(row[None], label[None])
        for row, label in zip(logits, labels, strict=True)
        if label >= 0
    )
    loss = masked_cross_entropy(logits, labels, class_weights=weights)
    torch.testing.assert_close(loss, expected / 3)


@pytest.mark.parametrize('labels', [[0, 1, -1, 1], [-1, -1, -1, -1]])
def test_plain_attribute_loss_is_the_masked_cross_entropy(labels):
    criterion = ATTRIBUTE_LOSSES['plain'].build(pytest.fail)  # it needs no counts
    logits, labels = torch.randn(4, 2), torch.tensor(labels)
    assert torch.equal(criterion('hat', logits, labels), masked_cross_entropy(logits, labels))
    num_known = torch.tensor(2.5)
    assert torch.equal(
        criterion('hat', logits, labels, num_known),
        masked_cross_entropy(logits, labels, num_known=num_known),
    )


def test_attribute_losses_are_found_by_name():
    assert list(ATTRIBUTE_LOSSES) == ['plain', 'class_balanced', 'focal']
    with pytest.raises(
        InputError,
        match='midattr.attribute_loss: unknown attribute loss "huber"; '
        'choose from plain, class_balanced, focal$',
    ):
        ATTRIBUTE_LOSSES['huber']
