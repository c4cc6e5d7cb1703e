import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.device_counter import DeviceCounter
from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError
from midattr_plugin.losses import BatchHardTripletLoss, check_identities


@settings(deadline=None, max_examples=80)
@given(
    pids=st.lists(st.integers(0, 4), min_size=2, max_size=24).filter(lambda p: len({*p}) > 1),
    dim=st.sampled_from([1, 3, 64]),
    scale=st.sampled_from([0.01, 1.0, 30.0]),
    margin=st.sampled_from([0.0, 0.3, 5.0]),
    repeats=st.booleans(),
    seed=st.integers(0, 999),
)
def test_equals_torchreids(pids, dim, scale, margin, repeats, seed):
    """The loss bit for bit; samplers repeat images, whose distances are then tied.

    The gradients of near images are differences of large numbers, so they are those of double.
    """
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(len(pids), dim, generator=generator) * scale
    if repeats:
        features = features[torch.randint(len(pids), (len(pids),), generator=generator)]
    pids, precise = torch.tensor(pids), features.double().requires_grad_()
    losses, gradients = [], []
    for kind in (BatchHardTripletLoss, torchreid_compat.TripletLoss):
        losses.append(kind(margin)(features, pids))
        gradients += torch.autograd.grad(kind(margin)(precise, pids), precise)
    assert torch.equal(*losses)
    torch.testing.assert_close(*gradients, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize('size', [16, 128])
def test_sizes_of_real_batches(size):
    features = torch.randn(size, 2048, requires_grad=True)
    pids = torch.arange(size) // 4
    losses = [
        kind(0.3)(features, pids) for kind in (BatchHardTripletLoss, torchreid_compat.TripletLoss)
    ]
    assert torch.equal(*losses) and losses[0] > 0
    gradients = [torch.autograd.grad(loss, features)[0] for loss in losses]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-8)


@pytest.mark.parametrize('size', [4, 128])
def test_budget(size):
    """Whatever the batch; torchreid's has 3,751 operations and 256 waits at 128."""
    features, pids = torch.randn(size, 8, requires_grad=True), torch.arange(size) // 2
    with DeviceCounter('cpu') as counter:
        BatchHardTripletLoss()(features, pids).backward()
    assert counter.waits == [] and 'aten::index' not in counter.by_name
    assert counter.operations <= 58


def test_one_identity_is_not_a_loss_of_zero():
    assert BatchHardTripletLoss()(torch.rand(4, 3), torch.ones(4)).isnan()


def test_a_batch_of_one_identity_is_refused():
    check_identities(torch.tensor([3, 3, 4]))
    for pids in (torch.tensor([3, 3, 3, 3]), torch.tensor([7])):
        with pytest.raises(
            InputError, match=f'a batch of {len(pids)} images of one identity has no triplet: set'
        ):
            check_identities(pids)
