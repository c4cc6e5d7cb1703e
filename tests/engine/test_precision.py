import copy
import platform
import warnings

import pytest
import torch
from torch import nn

from helpers.device_counter import DeviceCounter
from midattr_plugin.engine import precision
from midattr_plugin.engine.precision import DTYPES, Precision, is_supported
from midattr_plugin.errors import InputError


@pytest.fixture
def all_supported(monkeypatch):
    monkeypatch.setattr(precision, 'is_supported', lambda name, device: True)


def network():
    torch.manual_seed(1)
    return nn.Linear(5, 3)


def step(name, model, inputs):
    steps = Precision(name, 'cpu')
    with steps.autocast():
        output = model(inputs)
    assert output.dtype == DTYPES[name]
    steps.step(output.float().square().mean(), torch.optim.SGD(model.parameters(), lr=0.1))
    return steps


@pytest.mark.parametrize('name, tolerance', [('fp32', 1e-6), ('bf16', 2e-2), ('fp16', 2e-3)])
def test_a_step_equals_one_with_plain_gradients(all_supported, name, tolerance):
    """The scaling of fp16 is undone before the step."""
    inputs = torch.rand(4, 5)
    model, plain = network(), network()
    step(name, model, inputs)
    gradients = torch.autograd.grad(plain(inputs).square().mean(), list(plain.parameters()))
    for stepped, parameter, gradient in zip(
        model.parameters(), plain.parameters(), gradients, strict=True
    ):
        assert stepped.dtype == torch.float32
        torch.testing.assert_close(stepped, parameter - 0.1 * gradient, atol=tolerance, rtol=0)


def test_a_step_with_overflowing_gradients_is_skipped(all_supported):
    model = network()
    before = copy.deepcopy(model.state_dict())
    steps = step('fp16', model, torch.full((4, 5), 2e4))
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert steps.scaler.get_scale() < 2**16  # where it starts


@pytest.mark.parametrize('device, are_freed', [('cuda', True), ('cpu', False)])
def test_gradients_take_no_memory_between_steps_of_a_gpu(all_supported, device, are_freed):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    Precision('fp32', device).step(model(torch.rand(4, 5)).sum(), optimizer)
    assert {parameter.grad is None for parameter in model.parameters()} == {are_freed}


def test_gradients_of_others_are_dropped(all_supported):
    inputs = torch.rand(4, 5)
    model, other = network(), network()
    for parameter in other.parameters():
        parameter.grad = torch.full_like(parameter, 9.0)
    for stepped in (model, other):
        step('fp32', stepped, inputs)
    assert all(map(torch.equal, model.parameters(), other.parameters()))


@pytest.mark.parametrize('kind', [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize('fused, waits', [(True, 0), (None, 1)])
def test_a_fused_step_of_fp16_is_not_waited_for(all_supported, kind, fused, waits):
    """With the CPU in the place of the device."""
    model, steps = network(), Precision('fp16', 'cpu')
    optimizer = kind(model.parameters(), lr=0.1, fused=fused)
    with steps.autocast():
        loss = model(torch.rand(4, 5)).float().square().mean()
    with DeviceCounter('cpu') as counter:
        steps.step(loss, optimizer)
    if fused:
        assert sum(n for name, n in counter.by_name.items() if name.startswith('aten::_fused')) == 1
    # Adam keeps its count of steps on the CPU unless it is fused
    assert counter.waits[:1] == ['aten::_local_scalar_dense'] * waits


def test_unknown_name():
    with pytest.raises(InputError, match='midattr.precision: "int8" is not one of fp32, bf16'):
        Precision('int8', 'cpu')


def test_a_device_without_the_format(monkeypatch):
    monkeypatch.setattr(precision, 'is_supported', lambda name, device: name == 'fp32')
    with pytest.raises(InputError, match='this CPU does not compute in bf16; choose from fp32$'):
        Precision('bf16', 'cpu')


def test_supported_formats(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda including_emulation: False)
    assert is_supported('fp32', 'cpu') and is_supported('fp32', 'cuda')
    assert is_supported('fp16', 'cuda') and not is_supported('bf16', 'cuda')
    assert {type(is_supported(name, 'cpu')) for name in DTYPES} == {bool}


@pytest.mark.parametrize(
    'machine, avx, amx, warned',
    [
        ('x86_64', False, False, True),
        ('AMD64', False, False, True),
        ('x86_64', True, False, False),
        ('x86_64', False, True, False),
        ('aarch64', False, False, False),
    ],
)
def test_bf16_without_instructions(all_supported, monkeypatch, machine, avx, amx, warned):
    monkeypatch.setattr(platform, 'machine', lambda: machine)
    monkeypatch.setattr(torch.cpu, '_is_avx512_bf16_supported', lambda: avx, raising=False)
    monkeypatch.setattr(torch.cpu, '_is_amx_tile_supported', lambda: amx, raising=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        Precision('fp32', 'cpu'), Precision('bf16', 'cuda')
        assert not caught
        Precision('bf16', 'cpu')
    assert [str(warning.message)[:59] for warning in caught] == [
        'midattr.precision: this CPU has no instructions for bf16, w'
    ] * warned


def test_nothing_is_said_where_pytorch_cannot_tell(all_supported, monkeypatch, recwarn):
    monkeypatch.setattr(platform, 'machine', lambda: 'x86_64')
    monkeypatch.delattr(torch.cpu, '_is_avx512_bf16_supported', raising=False)
    Precision('bf16', 'cpu')
    assert not recwarn
