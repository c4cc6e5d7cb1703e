"""What a GPU would do and what would make the CPU wait for it, counted without one.

Tensors on the device ``meta``, which compute nothing, take the place of those on a GPU.
"""

from collections import Counter
from contextlib import ExitStack
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from midattr_plugin.loading import device_copy

_COPIES = ('aten::_to_copy', 'aten::copy_')
# their results have a size, or are a number, that the CPU must know
_WAITS = (
    'aten::_local_scalar_dense',
    'aten::nonzero',
    'aten::masked_select',
    'aten::equal',
    'aten::_unique2',
)


class DeviceCounter(TorchDispatchMode):
    """Counts within its block; views and what the CPU computes for itself cost the device nothing.

    A copy from the CPU blocks if it is not ``non_blocking`` or if its memory is not pinned, which
    this counter pretends to do, as it takes a driver. So does ``torch.tensor(list, device=...)``.

    Attributes:
        operations: kernels and copies; each pair of a ``_foreach_copy_`` between tensors that are
            not contiguous is one.
        blocking_copies: names of the operations that copied and made the CPU wait.
        waits: names of the operations whose result the CPU waited for.
        by_name: operations by name.

    Args:
        device: type of the device that counts.
    """

    def __init__(self, device='meta'):
        super().__init__()
        self.device = device
        self.blocking_copies, self.waits, self.by_name = [], [], Counter()
        self._pinned = []  # kept, so that no other tensor gets their memory
        self._patches = ExitStack()

    @property
    def operations(self):
        return sum(self.by_name.values())

    def __enter__(self):
        for patch in (
            mock.patch.object(device_copy, 'PINNED_FOR', ('cuda', self.device)),
            mock.patch.object(Tensor, 'pin_memory', lambda tensor: self._pin(tensor.clone())),
            mock.patch.object(torch, 'empty', self._empty),
            mock.patch.object(torch, 'tensor', self._tensor),
        ):
            self._patches.enter_context(patch)
        return super().__enter__()

    def __exit__(self, *error):
        self._patches.close()
        return super().__exit__(*error)

    def _pin(self, tensor):
        self._pinned.append(tensor)
        return tensor

    def _empty(self, *args, _empty=torch.empty, pin_memory=False, **kwargs):
        tensor = _empty(*args, **kwargs)
        return self._pin(tensor) if pin_memory else tensor

    def _tensor(self, data, _tensor=torch.tensor, **kwargs):
        if torch.device(kwargs.get('device') or 'cpu').type == self.device:
            self.blocking_copies.append('torch.tensor')
        return _tensor(data, **kwargs)

    def is_pinned(self, tensor):
        address = tensor.untyped_storage().data_ptr()
        return any(address == other.untyped_storage().data_ptr() for other in self._pinned)

    def _blocks(self, source, non_blocking):
        return not non_blocking or (source.device.type == 'cpu' and not self.is_pinned(source))

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = func._schema.name
        tensors = [x for x in tree_leaves((args, kwargs, result)) if isinstance(x, Tensor)]
        if not any(tensor.device.type == self.device for tensor in tensors) or func.is_view:
            return result
        self.by_name[name] += _launches(name, args)
        if name in _COPIES:
            source, target = (args[1], args[0]) if name == 'aten::copy_' else (args[0], result)
            non_blocking = kwargs.get('non_blocking', len(args) > 2 and args[2])
            if source.device != target.device and self._blocks(source, non_blocking):
                self.blocking_copies.append(name)
        if name in _WAITS or _is_masked(name, args):
            self.waits.append(name)
        return result


def _is_masked(name, args):
    return name in ('aten::index', 'aten::index_put_') and any(
        index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
    )


def _launches(name, args):
    if name == 'aten::detach':
        return 0
    if name != 'aten::_foreach_copy_':
        return 1
    dense = all(x.is_contiguous() for group in args[:2] for x in group)
    return 1 if dense else len(args[0])
