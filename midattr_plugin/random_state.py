"""State of all random generators that training uses, as plain data for a checkpoint.

Code whose random numbers must not depend on what other code draws has generators of its own
(:class:`OwnRandomState`).
"""

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


class OwnRandomState:
    """Random generators on the CPU that some code has for itself.

    Within ``with`` blocks of the same object, whatever draws from the generators of Python, NumPy
    and PyTorch draws from a sequence that follows from the arguments alone. The code outside goes
    on as if nothing had been drawn. Blocks of one object cannot be nested.

    Args:
        seed: at least 0.
        *words: further numbers, at least 0; with any other one all random numbers are others.
    """

    def __init__(self, seed: int, *words: int):
        self._seeds = generator_seeds(1, seed, *words)[0]
        self._state: tuple | None = None
        self._others: tuple = ()

    def __enter__(self) -> None:
        """Leave the generators of other code."""
        self._others = _cpu_state()
        if self._state is None:
            seed_generators(self._seeds)
        else:
            _set_cpu_state(self._state)

    def __exit__(self, *error: object) -> None:
        """Go back to the generators of other code."""
        self._state = _cpu_state()
        _set_cpu_state(self._others)


def generator_seeds(count: int, seed: int, *words: int) -> list[tuple[int, ...]]:
    """Return seeds for :func:`seed_generators`, which follow from the numbers alone.

    Args:
        count: how many.
        seed: at least 0.
        *words: further numbers, at least 0.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=words)
    return list(map(tuple, sequence.generate_state(3 * count).reshape(count, 3).tolist()))


def seed_generators(seeds: Sequence[int]) -> None:
    """Seed the generators of Python, NumPy and PyTorch on the CPU.

    Args:
        seeds: one for each, as NumPy and PyTorch would draw related numbers from the same.
    """
    random.seed(seeds[0])
    np.random.seed(seeds[1])
    # torch.manual_seed would also seed the GPUs, which takes twenty times as long
    torch.default_generator.manual_seed(seeds[2])


def _cpu_state() -> tuple:
    return random.getstate(), np.random.get_state(legacy=False), torch.get_rng_state()


def _set_cpu_state(state: tuple) -> None:
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])


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
