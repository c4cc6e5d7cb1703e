"""Tensors that say that they are on a GPU and compute nothing, on a machine without one."""

from contextlib import ExitStack, contextmanager
from unittest import mock

import torch
from torch._subclasses import fake_tensor


@contextmanager
def fake_cuda():
    """Within the block new tensors may be on 'cuda'; forward passes only."""
    with ExitStack() as stack:
        for patch in (
            mock.patch.object(torch.cuda, 'is_available', lambda: True),
            mock.patch.object(
                torch.cuda, 'is_bf16_supported', lambda including_emulation=True: True
            ),
            mock.patch.object(fake_tensor, 'init_gpu_context', lambda *args: None),
            mock.patch.object(
                fake_tensor.FakeTensorMode, 'avoid_device_init', property(lambda self: True)
            ),
        ):
            stack.enter_context(patch)
        stack.enter_context(fake_tensor.FakeTensorMode(allow_non_fake_inputs=True))
        yield


def moved(model):
    """Return the model with parameters and buffers that are fake; to be called within."""
    for module in model.modules():
        for group in (module._parameters, module._buffers):
            for name, x in group.items():
                if x is not None:
                    fake = torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device='cuda')
                    is_parameter = isinstance(x, torch.nn.Parameter)
                    group[name] = torch.nn.Parameter(fake) if is_parameter else fake
    return model
