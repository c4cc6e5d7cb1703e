import warnings

import pytest
import torch
from torch import nn

from midattr_plugin.engine import compiled
from midattr_plugin.engine.compiled import Compiled


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x, return_dict=False):
        return {'features': {'global': self.layer(x).relu()}} if return_dict else self.layer(x)


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def test_results_and_gradients_equal_the_modules(monkeypatch):
    """With the backend that only traces, because a machine may have no compiler."""
    compile = torch.compile
    monkeypatch.setattr(torch, 'compile', lambda module, mode: compile(module, backend='eager'))
    network = Network()
    x = torch.rand(4, 3)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        output = Compiled(network, on_gpu=False)(x, return_dict=True)['features']['global']
    expected = network(x, return_dict=True)['features']['global']
    assert torch.equal(output, expected)
    for got, want in zip(
        torch.autograd.grad(output.sum(), network.parameters()),
        torch.autograd.grad(expected.sum(), network.parameters()),
        strict=True,
    ):
        assert torch.equal(got, want)


def test_after_a_compiler_error_the_network_runs_uncompiled(monkeypatch):
    def broken(graph, inputs):
        raise OSError('no C++ compiler here')

    compile, calls = torch.compile, []
    monkeypatch.setattr(
        torch,
        'compile',
        lambda module, mode: compile(
            module, backend=lambda *args: calls.append(1) or broken(*args)
        ),
    )
    network = Network()
    x = torch.rand(4, 3)
    call = Compiled(network, on_gpu=False)
    with pytest.warns(
        UserWarning, match='midattr.compile: compiling failed.+ no C.. compiler here'
    ):
        assert torch.equal(call(x), network(x))
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # only one warning
        assert torch.equal(call(x), network(x))
    assert len(calls) == 1


def test_errors_of_the_network_are_raised(monkeypatch):
    monkeypatch.setattr(torch, 'compile', lambda module, mode: module)
    with pytest.raises(RuntimeError, match='shapes cannot be multiplied'):
        Compiled(Network(), on_gpu=False)(torch.rand(4, 5))


@pytest.mark.parametrize('on_gpu, mode', [(True, 'reduce-overhead'), (False, 'default')])
def test_cuda_graphs_on_a_gpu(monkeypatch, on_gpu, mode):
    modes = []
    monkeypatch.setattr(compiled.torch, 'compile', lambda module, mode: modes.append(mode))
    Compiled(Network(), on_gpu)
    assert modes == [mode]
