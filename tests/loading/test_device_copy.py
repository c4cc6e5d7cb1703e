"""Batches reach a device without making the CPU wait: counted with ``meta`` in its place."""

import pytest
import torch

from helpers import tiny_data
from helpers.device_counter import DeviceCounter
from helpers.fake_market import write_market_tree
from midattr_plugin.loading import BatchTransform, CachedImages, CachedLoader, random_patch
from midattr_plugin.loading.device_copy import constant, rows_to_device, to_device

ALL = ['random_flip', 'random_crop', 'random_patch', 'color_jitter', 'random_erase']
BUDGET = {
    'none': ([], 4),
    'flip': (['random_flip'], 7),
    'flip, crop, erase': (['random_flip', 'random_crop', 'random_erase'], 32),
    'flip, jitter': (['random_flip', 'color_jitter'], 45),
    'patch': (['random_patch'], 77),
    'all': (ALL, 141),
}
"""Transforms, and the operations of a batch of 16 images that the device caches."""


@pytest.fixture(scope='module')
def loader(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    return tiny_data.manager(root, batch_size=16).train_loader


@pytest.mark.parametrize('cache', ['ram', 'device'])
@pytest.mark.parametrize('names', BUDGET)
def test_budget_of_a_batch(loader, monkeypatch, cache, names):
    """No copy blocks, nothing is waited for, and the operations do not become more."""
    monkeypatch.setattr(random_patch, '_MIN_PATCHES', 4)
    transforms, operations = BUDGET[names]
    images = CachedImages(loader.dataset, 32, 16)
    if cache == 'device':
        images.pixels = images.pixels.to('meta')
    else:
        operations -= 1  # the images are gathered by the CPU
    cached = CachedLoader(loader, images, BatchTransform(transforms), device='meta')
    next(iter(cached))  # makes the constants
    torch.manual_seed(0)
    with DeviceCounter() as counter:
        [batch] = cached
    assert counter.blocking_copies == [] and counter.waits == []
    assert counter.operations <= operations
    assert batch['img'].device.type == 'meta' and batch['img'].shape == (16, 3, 32, 16)


def test_copies_equal_their_source():
    x = torch.arange(12.0).view(4, 3)
    assert to_device(x, 'cpu') is x
    assert torch.equal(rows_to_device(x, torch.tensor([2, 0]), 'cpu'), x[[2, 0]])
    with DeviceCounter('none'):  # as for a device that is the CPU itself
        rows = rows_to_device(x, torch.tensor([2, 0]), 'cpu')
    rows += 1  # a copy
    assert torch.equal(x, torch.arange(12.0).view(4, 3))


def test_images_are_gathered_into_pinned_memory(monkeypatch):
    """With the CPU as the device to which memory is pinned, so that values can be compared."""
    x = torch.arange(12, dtype=torch.uint8).view(4, 3)
    with DeviceCounter('cpu') as counter:
        rows = rows_to_device(x, torch.tensor([2, 0]), 'cpu')
        assert counter.is_pinned(rows)
        assert counter.is_pinned(to_device(x, 'cpu'))
    assert torch.equal(rows, x[[2, 0]])


def test_constants_are_made_once():
    one, other = (constant((0.5, 1, 2), torch.device('cpu'), repeats=2) for _ in range(2))
    assert one is other and one.dtype == torch.float32
    assert one.tolist() == [0.5, 1, 2, 0.5, 1, 2]


@pytest.mark.parametrize(
    'block',
    [
        lambda x: x.to('meta'),
        lambda x: x.to('meta', non_blocking=True),  # from memory that is not pinned
        lambda x: torch.empty(3, device='meta').copy_(x),
        lambda x: torch.tensor([1, 2], device='meta'),
    ],
)
def test_the_counter_sees_blocking_copies(block):
    with DeviceCounter() as counter:
        block(torch.rand(3))
    assert len(counter.blocking_copies) == 1


@pytest.mark.parametrize(
    'wait', [lambda x: x.sum().item(), lambda x: x[x > 0.5], lambda x: bool(x.any())]
)
def test_the_counter_sees_waits(wait):
    x = torch.rand(9)
    with DeviceCounter('cpu') as counter:
        wait(x)
    assert len(counter.waits) == 1


def test_the_counter_ignores_views_and_the_cpu():
    x, y = torch.empty(4, 3, device='meta'), torch.rand(4, 3)
    with DeviceCounter() as counter:
        x.t()[1:].detach().view(2, 2, 2), y + 1, x * 2, x.copy_(y.pin_memory(), non_blocking=True)
        torch._foreach_copy_([x[:, 0], x[:, 1]], [x[:, 1], x[:, 2]])
    assert dict(counter.by_name) == {'aten::mul': 1, 'aten::copy_': 1, 'aten::_foreach_copy_': 2}
    assert counter.blocking_copies == counter.waits == []
