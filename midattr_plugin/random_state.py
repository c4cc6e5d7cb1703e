"""State of all random generators that training uses, as plain data for a checkpoint."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import gather_objects, process_rank


def get_random_state() -> dict:
    """Return the state of the generators of Python, NumPy, PyTorch and, if it is in use, CUDA.

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
        # asking a GPU that is not in use would take memory on it
        'cuda': torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
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


def gather_random_states() -> list[dict]:
    """Return the states of all processes in the main process, by rank; all must call this.

    Returns:
        The states; [] in every other process.
    """
    return gather_objects(get_random_state())


def restore_random_state(states: Sequence[dict]) -> None:
    """Restore the state of this process among those that :func:`gather_random_states` returned.

    A process that had no state then, as there were fewer processes, is seeded from the main
    process's.

    Args:
        states: by rank, at least one.
    """
    rank = process_rank()
    set_random_state(states[rank if rank < len(states) else 0])
    if rank >= len(states):
        torchreid_compat.utils.set_random_seed(int(torch.randint(2**31, ())) + rank)


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
