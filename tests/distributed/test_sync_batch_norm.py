"""What synchronized batch normalization costs on a GPU, counted without one."""

import pytest
import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.tensor.debug import CommDebugMode
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.utils._python_dispatch import TorchDispatchMode

from helpers import batch_norm_kernels
from midattr_plugin.distributed.sync_batch_norm import SynchronizedBatchNorm, synchronize_batch_norm
from midattr_plugin.errors import InputError

WAITS = ('aten::_local_scalar_dense', 'aten::nonzero', 'aten::index.Tensor', 'aten::masked_select')
"""Operations for which the CPU waits for the GPU; an index may be a mask."""


class Operations(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(function.name())
        return function(*args, **(kwargs or {}))


@pytest.fixture
def eight_processes():
    """A group of one process that believes to be one of eight."""
    dist.init_process_group('fake', store=FakeStore(), rank=0, world_size=8)
    yield
    dist.destroy_process_group()


def test_one_exchange_per_layer_and_pass_and_no_wait(eight_processes, monkeypatch):
    monkeypatch.setattr(SynchronizedBatchNorm, '_on_cpu', SynchronizedBatchNorm._on_gpu)
    layers = [nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 1)]
    model = nn.Sequential(*layers, nn.BatchNorm2d(5), nn.Flatten(), nn.BatchNorm1d(5 * 6))
    synchronize_batch_norm(model)
    with batch_norm_kernels.on_the_cpu():
        with CommDebugMode() as collectives:
            model(torch.randn(4, 3, 3, 2)).square().sum().backward()
        with Operations() as operations:
            model(torch.randn(4, 3, 3, 2)).square().sum().backward()
    assert sum(collectives.get_comm_counts().values()) == 2 * 3
    assert len(operations.names) > 20 and not set(WAITS) & set(operations.names)


def test_only_batch_normalization_changes():
    model = nn.Sequential(nn.BatchNorm2d(3), nn.InstanceNorm2d(3), nn.BatchNorm1d(3))
    before = dict(model.named_parameters())
    for _ in range(2):  # twice is once
        assert synchronize_batch_norm(model) is model
    assert [isinstance(layer, SynchronizedBatchNorm) for layer in model] == [True, False, True]
    assert all(before[name] is parameter for name, parameter in model.named_parameters())


@pytest.mark.parametrize(
    'layer',
    [
        nn.BatchNorm3d(3),
        nn.SyncBatchNorm(3),
        nn.BatchNorm2d(3, momentum=None),
        nn.BatchNorm2d(3, track_running_stats=False),
        type('OwnNorm', (nn.BatchNorm2d,), {})(3),
    ],
    ids=['3d', 'torch', 'momentum', 'statistics', 'own'],
)
def test_a_layer_that_cannot_be_synchronized(layer):
    with pytest.raises(InputError, match='layer "1" is a .* that this project cannot synchronize'):
        synchronize_batch_norm(nn.Sequential(nn.BatchNorm1d(3), layer))


def test_layers_without_weights():
    layer = nn.BatchNorm1d(3, affine=False)
    x = torch.randn(6, 3)
    dist.init_process_group('fake', store=FakeStore(), rank=0, world_size=1)
    try:
        shared = synchronize_batch_norm(nn.Sequential(nn.BatchNorm1d(3, affine=False)))
        torch.testing.assert_close(shared(x), layer(x))
    finally:
        dist.destroy_process_group()
