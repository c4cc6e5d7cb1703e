"""State of all random generators that training uses, as plain data for a checkpoint."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def get_random_state() -> dict:
    """Return the state of the generators of Python, NumPy, PyTorch and, with a GPU, CUDA.

    The dict holds only tensors, numbers, strings and tuples, so that a checkpoint with it can be
    loaded with ``weights_only=True``.
    """
    numpy = np.random.get_state(legacy=False)
    return {
        'python': random.getstate(),
        'numpy': (
            numpy['bit_generator'],
            torch.from_numpy(numpy['state']['key'].astype(np.int64)),
            numpy['state']['pos'],
            numpy['has_gauss'],
            numpy['gauss'],
        ),
        'torch': torch.get_rng_state(),
        'cuda': torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: dict) -> None:
    """Restore a state that :func:`get_random_state` returned.

    CUDA states are restored for the devices that this machine has.
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
    """Restore the random state after the block.

    Even an evaluation uses random numbers: each pass over a DataLoader draws a seed for its
    workers.
    """
    state = get_random_state()
    try:
        yield
    finally:
        set_random_state(state)
