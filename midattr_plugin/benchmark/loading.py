"""Speed of the training loaders on one core."""

from statistics import median
from time import perf_counter

import torch
from tqdm import tqdm

from midattr_plugin.benchmark.systems import System

TRANSFORMS = ['random_flip', 'random_crop', 'random_erase']
_NAMES = {'none': 'torchreid loader', 'ram': 'ram cache'}


def measure_loading(settings: list, turns: int, images: int) -> dict[str, dict]:
    """Measure torchreid's loader and the cached one, each on one core.

    Args:
        settings: configuration keys and values, alternating.
        turns: measurements of each loader.
        images: images to load in each.

    Returns:
        'torchreid loader' and 'ram cache' -> 'img/s', 'turns' (img/s) and 'ratio' to the speed of
        torchreid's loader.
    """
    systems = {
        name: System(
            'ours fp32',
            [
                *settings,
                'midattr.cache',
                cache,
                'data.workers',
                0,
                'data.transforms',
                TRANSFORMS,
                'use_gpu',
                False,
            ],
        )
        for cache, name in _NAMES.items()
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rates: dict[str, list[float]] = {name: [] for name in systems}
        for _ in tqdm(range(turns), desc='loading', unit='turn', leave=False):
            for name, system in systems.items():
                rates[name].append(_rate(system, images))
    finally:
        torch.set_num_threads(threads)
    torchreid_rates = rates['torchreid loader']
    return {
        name: {
            'img/s': median(values),
            'turns': values,
            'ratio': median(a / b for a, b in zip(values, torchreid_rates, strict=True)),
        }
        for name, values in rates.items()
    }


def _rate(system: System, images: int) -> float:
    start, count = perf_counter(), 0
    while count < images:
        count += len(system.next_batch()['pid'])
    return count / (perf_counter() - start)
