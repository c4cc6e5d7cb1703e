import math

import pytest
import torch

from midattr_plugin.losses import MidAttrLoss, TaskUncertainty


def test_starts_at_the_losses_themselves():
    uncertainty = TaskUncertainty(['global', 'hat'])
    losses = {'global': torch.tensor(2.5), 'hat': torch.tensor(0.3)}
    assert uncertainty(losses, {}) == losses
    assert uncertainty.weights() == {'global': 1, 'hat': 1}


def test_form_and_gradients_by_hand():
    uncertainty = TaskUncertainty(['global', 'hat'])
    with torch.no_grad():
        uncertainty.log_variances.copy_(torch.tensor([0.4, -1.0]))
    losses = {'hat': torch.tensor(0.3), 'global': torch.tensor(2.5)}  # in another order
    terms = uncertainty(losses, {'hat': torch.tensor(True)})
    assert terms['global'].item() == pytest.approx(math.exp(-0.4) * 2.5 + 0.2)
    assert terms['hat'].item() == pytest.approx(math.exp(1) * 0.3 - 0.5)
    sum(terms.values()).backward()
    assert uncertainty.log_variances.grad.tolist() == pytest.approx(
        [0.5 - math.exp(-0.4) * 2.5, 0.5 - math.exp(1) * 0.3]
    )
    assert uncertainty.weights() == pytest.approx({'global': math.exp(-0.4), 'hat': math.exp(1)})


def test_a_term_without_labels_moves_nothing():
    uncertainty = TaskUncertainty(['hat'])
    with torch.no_grad():
        uncertainty.log_variances.fill_(0.4)
    term = uncertainty({'hat': torch.tensor(0.0)}, {'hat': torch.tensor(False)})['hat']
    term.backward()
    assert term.item() == 0
    assert uncertainty.log_variances.grad.item() == 0


def test_finds_the_best_weight_of_a_constant_loss():
    uncertainty = TaskUncertainty(['hat'])
    groups = MidAttrLoss(task_uncertainty=uncertainty).param_groups()
    optimizer = torch.optim.SGD(groups, lr=0.5, weight_decay=0.1)
    assert optimizer.param_groups[0]['weight_decay'] == 0
    for _ in range(100):
        optimizer.zero_grad()
        uncertainty({'hat': torch.tensor(0.8)}, {})['hat'].backward()
        optimizer.step()
    assert uncertainty.weights()['hat'] == pytest.approx(1 / (2 * 0.8))
