"""``torch.compile`` that never ends a run: if it fails, the training step runs uncompiled."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class Compiled:
    """Module that is called through ``torch.compile``.

    On a GPU the compiled kernels are replayed as CUDA graphs, which saves the launch overhead of
    each kernel; this matters for small batches.

    Args:
        module: a :class:`TrainingStep`, or any other module.
        on_gpu: whether it is on a GPU.
    """

    def __init__(self, module: nn.Module, on_gpu: bool):
        self.module = module
        self._compiled: Callable | None = torch.compile(
            module, mode='reduce-overhead' if on_gpu else 'default'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return ``module(*args, **kwargs)``.

        Warns:
            UserWarning: compiling failed. From then on the module is called uncompiled.
        """
        if self._compiled is None:
            return self.module(*args, **kwargs)
        try:
            return self._compiled(*args, **kwargs)
        except Exception as error:
            # Compiler errors have many types, all defined in these two packages. Any other error
            # is the module's own.
            if not type(error).__module__.startswith(('torch._dynamo', 'torch._inductor')):
                raise
            reason = ' '.join(str(error).strip().splitlines()[:2])
            warnings.warn(
                'midattr.compile: compiling failed, so the training step runs uncompiled '
                f'({reason})',
                stacklevel=2,
            )
            self._compiled = None
            return self.module(*args, **kwargs)
