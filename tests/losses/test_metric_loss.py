"""What all losses that compare features have in common; each of them has a test of its own."""

import pytest
import torch

from helpers.registries import restored_registries
from midattr_plugin import METRIC_LOSSES, InputError, MetricLoss
from midattr_plugin.config import load_config

each_loss = pytest.mark.parametrize('name', ['batch_hard', 'soft_margin', 'weighted', 'circle'])
PIDS = torch.tensor([4, 4, 1, 1, 7, 4, 9])  # the last one has no positive


def features(dtype=torch.float64):
    return torch.randn(7, 5, generator=torch.Generator().manual_seed(3), dtype=dtype)


def test_they_are_all_of_the_registry():
    assert set(METRIC_LOSSES) == {'batch_hard', 'soft_margin', 'weighted', 'circle'}


@each_loss
def test_the_order_of_the_images_does_not_matter(name):
    loss, order = METRIC_LOSSES[name](), torch.randperm(7)
    torch.testing.assert_close(
        loss(features()[order], PIDS[order]), loss(features(), PIDS), rtol=1e-6, atol=1e-8
    )


@each_loss
def test_one_identity_is_not_a_loss_of_zero(name):
    assert METRIC_LOSSES[name]()(torch.rand(4, 3), torch.ones(4)).isnan()


@each_loss
def test_identities_that_are_apart_cost_less(name):
    loss = METRIC_LOSSES[name]()
    directions = torch.eye(10, dtype=torch.float64)[PIDS]
    apart, mixed = loss(5 * directions + 0.01, PIDS), loss(features(), PIDS)
    assert 0 <= apart < mixed / 2


@each_loss
def test_a_step_along_the_gradient_helps(name):
    loss, x = METRIC_LOSSES[name](), features().requires_grad_()
    before = loss(x, PIDS)
    (gradient,) = torch.autograd.grad(before, x)
    assert gradient.isfinite().all()
    assert loss(x - 1e-4 * gradient / gradient.norm(), PIDS) < before


@each_loss
@pytest.mark.parametrize('scale', [0.0, 1e-6, 1.0, 1e4])
def test_gradients_of_any_scale_are_finite(name, scale):
    """Also of images that are all the same."""
    x = (scale * features(torch.float32)).requires_grad_()
    loss = METRIC_LOSSES[name]()(x, PIDS)
    loss.backward()
    assert loss.isfinite() and x.grad.isfinite().all()


def test_one_of_a_user(tmp_path):
    with restored_registries(tmp_path):

        @METRIC_LOSSES.register('zero')
        class Zero(MetricLoss):
            def forward(self, features, pids):
                return features.sum() * 0

        assert load_config(opts=['midattr.metric_loss', 'zero']).midattr.metric_loss == 'zero'
    with pytest.raises(InputError, match='midattr.metric_loss is .zero., but must be one of batch'):
        load_config(opts=['midattr.metric_loss', 'zero'])
    with pytest.raises(InputError, match='unknown metric loss "zero"; choose from batch_hard, '):
        METRIC_LOSSES['zero']
