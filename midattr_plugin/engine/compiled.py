"""``torch.compile`` that never ends a run: where it fails, the network runs as it is."""

import warnings
from collections.abc import Callable

import torch
from torch import nn


class Compiled:
    """Calls a module through ``torch.compile``.

    On a GPU the compiled kernels are replayed as CUDA graphs, which for small batches saves the
    time of launching them one by one.

    Args:
        module: the network.
        on_gpu: whether it is on one.
    """

    def __init__(self, module: nn.Module, on_gpu: bool):
        self.module = module
        self._compiled: Callable | None = torch.compile(
            module, mode='reduce-overhead' if on_gpu else 'default'
        )

    def __call__(self, *args, **kwargs):
        """What ``module(*args, **kwargs)`` returns.

        Warns:
            UserWarning: compiling failed, once; from then on the module itself is called.
        """
        if self._compiled is None:
            return self.module(*args, **kwargs)
        try:
            return self._compiled(*args, **kwargs)
        except Exception as error:
            # compilers raise many types, of these packages; anything else is the network's
            if not type(error).__module__.startswith(('torch._dynamo', 'torch._inductor')):
                raise
            reason = ' '.join(str(error).strip().splitlines()[:2])
            warnings.warn(
                f'midattr.compile: compiling failed, so the network runs uncompiled ({reason})',
                stacklevel=2,
            )
            self._compiled = None
            return self.module(*args, **kwargs)
