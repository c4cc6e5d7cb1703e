"""Number formats of the training step: float32, or a 16-bit format where that loses nothing.

``torch.autocast`` computes convolutions and matrix products in the 16-bit format and keeps
weights, optimizer state, losses and batch statistics in float32. float16 has a small range: the
loss is scaled up before the backward pass, and the gradients are scaled down before the step.
"""

import platform
import warnings

import torch
from torch import Tensor

from midattr_plugin.errors import InputError

DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}


class Precision:
    """Number format in which a step computes its forward and backward pass.

    Attributes:
        name: the format, a key of ``DTYPES``.
        device: 'cpu' or 'cuda'.
        scaler: gradient scaler, disabled unless the format is 'fp16'.

    Args:
        name: 'fp32', 'bf16' or 'fp16'.
        device: 'cpu' or 'cuda'.

    Raises:
        InputError: the name is unknown, or the device does not compute in that format.

    Warns:
        UserWarning: the CPU computes in that format, but without instructions for it.
    """

    def __init__(self, name: str, device: str):
        if name not in DTYPES:
            raise InputError(f'midattr.precision: "{name}" is not one of {", ".join(DTYPES)}')
        if not is_supported(name, device):
            usable = [other for other in DTYPES if is_supported(other, device)]
            raise InputError(
                f'midattr.precision: this {_NAMES[device]} does not compute in '
                f'{name}; choose from {", ".join(usable)}'
            )
        if name == 'bf16' and device == 'cpu' and _bf16_is_emulated():
            warnings.warn(
                'midattr.precision: this CPU has no instructions for bf16, which is then slower '
                'than fp32; set it to fp32',
                stacklevel=2,
            )
        self.name = name
        self.device = device
        self.scaler = torch.amp.GradScaler(device, enabled=name == 'fp16')

    def autocast(self) -> torch.autocast:
        """Return the context manager of the forward pass."""
        return torch.autocast(self.device, DTYPES[self.name], enabled=self.name != 'fp32')

    def step(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Run the backward pass of a float32 loss, then the step of the optimizer."""
        optimizer.zero_grad()  # gradients of others, e.g. of another engine with this model
        self.scaler.scale(loss).backward()
        self.scaler.step(optimizer)
        self.scaler.update()
        if self.device == 'cuda':
            optimizer.zero_grad()  # frees their memory for the next forward pass
        # On a CPU memory that is freed here goes back to the system, and the next step is an
        # eighth slower, as it must ask for it again.


_NAMES = {'cpu': 'CPU', 'cuda': 'GPU'}


def is_supported(name: str, device: str) -> bool:
    """Return whether the device has instructions for the format; emulation would be slower."""
    if name == 'fp32':
        return True
    if device == 'cuda':
        return name == 'fp16' or torch.cuda.is_bf16_supported(including_emulation=False)
    if name == 'bf16':
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.ops.mkldnn._is_mkldnn_fp16_supported()


def fastest(device: str) -> str:
    """Return the format in which a device predicts fastest: bf16 where it has instructions."""
    is_emulated = device == 'cpu' and _bf16_is_emulated()
    return 'bf16' if is_supported('bf16', device) and not is_emulated else 'fp32'


def _bf16_is_emulated() -> bool:
    """Return whether an x86 CPU lacks both AVX512-BF16 and AMX, where PyTorch can tell.

    PyTorch counts every CPU with AVX512 as one that supports bf16, and converts to float32.
    """
    if platform.machine().lower() not in ('x86_64', 'amd64'):
        return False
    try:
        return not (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    except AttributeError:  # private names, which may change
        return False
