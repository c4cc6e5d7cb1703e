"""The state of every random generator that training draws from, as plain checkpointable data."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def get_random_state() -> dict:
    """State of Python's, NumPy's, torch's and (where there is a GPU) CUDA's generators.

    The dict holds tensors, numbers, strings and tuples only, so that a checkpoint with
    it loads with ``weights_only=True``.
    """
    name, keys, *rest = np.random.get_state()
    return {
        'python': random.getstate(),
        'numpy': (name, torch.from_numpy(keys.astype(np.int64)), *rest),
        'torch': torch.get_rng_state(),
        'cuda': torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: dict) -> None:
    """Puts back what :func:`get_random_state` returned.

    CUDA states are put back on as many devices as there are now.
    """
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    for device, cuda_state in enumerate(state['cuda'][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(cuda_state.cpu(), device)


@contextmanager
def preserved_random_state() -> Iterator[None]:
    """What happens in the block does not change the random numbers drawn after it.

    Even an evaluation draws some: each pass over a DataLoader takes a seed for its workers.
    """
    state = get_random_state()
    try:
        yield
    finally:
        set_random_state(state)
