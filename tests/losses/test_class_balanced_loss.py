import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from midattr_plugin.losses import ClassBalancedLoss, masked_cross_entropy
from midattr_plugin.losses.class_balanced_loss import class_balanced_weights


def reference_weights(counts, beta):
    raw = [0 if n == 0 else (1 - beta) / (1 - beta**n) for n in counts]
    classes = sum(n > 0 for n in counts)
    return [w * classes / sum(raw) if classes else 0 for w in raw]


def reference(logits, labels, weights):
    losses = [
        weights[label] * (math.log(sum(map(math.exp, row))) - row[label])
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True)
        if label >= 0
    ]
    return sum(losses) / len(losses) if losses else 0.0


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    beta=st.sampled_from([0.0, 0.5, 0.99]),
    labels=st.lists(st.integers(-2, 3), max_size=7),
    seed=st.integers(0, 99),
)
def test_equals_plain_loops(counts, beta, labels, seed):
    expected = reference_weights(counts, beta)
    weights = class_balanced_weights(torch.tensor(counts), beta)
    assert weights.tolist() == pytest.approx(expected)
    logits = torch.randn(
        len(labels), 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    labels = torch.tensor(labels, dtype=torch.int64)
    loss = ClassBalancedLoss({'age': torch.tensor(counts)}, beta)('age', logits, labels)
    assert loss.item() == pytest.approx(reference(logits, labels, expected), rel=1e-6)


def test_weights_average_1_over_the_classes_that_occur():
    weights = class_balanced_weights(torch.tensor([9000, 0, 30, 3900]), 0.999)
    assert weights[1] == 0
    assert weights.sum().item() == pytest.approx(3)
    assert weights[2] > weights[3] > weights[0]


def test_extremes_of_beta():
    counts = torch.tensor([10, 40])
    assert class_balanced_weights(counts, 0).tolist() == [1, 1]
    assert class_balanced_weights(counts, 1 - 1e-9).tolist() == pytest.approx([1.6, 0.4], rel=1e-5)


def test_equal_counts_are_the_plain_loss():
    logits, labels = torch.randn(6, 2), torch.tensor([0, 1, -1, 1, 1, 0])
    loss = ClassBalancedLoss({'hat': torch.tensor([5, 5])})('hat', logits, labels)
    torch.testing.assert_close(loss, masked_cross_entropy(logits, labels))


@pytest.mark.parametrize('counts', [[3, 0], [0, 0]])
def test_no_known_label(counts):
    logits = torch.randn(3, 2, requires_grad=True)
    loss = ClassBalancedLoss({'hat': torch.tensor(counts)})('hat', logits, torch.full((3,), -1))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(3, 2))


def test_divides_by_the_known_labels_of_all_processes():
    criterion = ClassBalancedLoss({'hat': torch.tensor([1, 9])})
    logits, labels = torch.randn(6, 2), torch.tensor([0, 1, -1, 1, -1, -1])
    halves = [
        criterion('hat', logits[part], labels[part], torch.tensor(3 / 2))
        for part in (slice(3), slice(3, 6))
    ]
    torch.testing.assert_close(sum(halves) / 2, criterion('hat', logits, labels))


def test_nothing_of_it_is_in_checkpoints():
    assert not ClassBalancedLoss({'hat': torch.tensor([1, 9])}).state_dict()


def test_is_built_from_the_counts_of_a_training_set():
    counts = {'hat': torch.tensor([1, 9]), 'age': torch.tensor([2, 0, 4, 4])}
    criterion = ClassBalancedLoss.build(lambda: counts, beta=0.9)
    for name, count in counts.items():
        expected = class_balanced_weights(count, 0.9).float()
        assert torch.equal(criterion.weights(name), expected)
