"""Speed of feature extraction, with and without predicting the attributes."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import torch
from torch import Tensor
from tqdm import tqdm

from midattr_plugin.benchmark.systems import System, synchronize
from midattr_plugin.engine.attribute_recorder import AttributeRecorder

_BARE = ', no attributes'
_FLIP = ', test-time flip'


def measure_extraction(systems: list[System], turns: int, images: int) -> dict[str, dict]:
    """Measure the extraction of one batch per turn.

    Systems of this project are also measured without predicting attributes, under the name
    '<system>, no attributes', and with the test-time flip, as '<system>, test-time flip'.

    Args:
        systems: the systems, measured in turns.
        turns: measurements of each system, after one that is ignored.
        images: batch size.

    Returns:
        Name -> 'img/s', 'turns' (seconds) and, for systems of this project, 'extra': the time
        that the attributes add, as a fraction of the time without them.
    """
    extractors: dict[str, tuple[System, Callable]] = {}
    for system in systems:
        extractors[system.name] = system, system.engine.extract_features
        if system.cfg.loss.name == 'midattr':
            system.engine._recorder = AttributeRecorder(None, None)
            extractors[system.name + _BARE] = system, _descriptors_only(system)
            extractors[system.name + _FLIP] = system, _flipped(system)
    seconds: dict[str, list[float]] = {name: [] for name in extractors}
    for system in systems:
        system.engine.set_model_mode('eval')
    for turn in tqdm(range(turns + 1), desc='extraction', unit='turn', leave=False):
        for name, (system, extract) in extractors.items():
            elapsed = _seconds(system, extract, images)
            if turn:  # the first one is the warm-up
                seconds[name].append(elapsed)
    for system in systems:
        system.engine.set_model_mode('train')
    rows = {
        name: {'img/s': images / median(turns), 'turns': turns} for name, turns in seconds.items()
    }
    for name, row in rows.items():
        if name + _BARE in seconds:
            row['extra'] = median(
                a / b - 1 for a, b in zip(seconds[name], seconds[name + _BARE], strict=True)
            )
    return rows


def _descriptors_only(system: System) -> Callable[[Tensor], Tensor]:
    def extract(images: Tensor) -> Tensor:
        with system.engine.precision.autocast():
            return system.model(images.contiguous(memory_format=torch.channels_last))

    return extract


def _flipped(system: System) -> Callable[[Tensor], Tensor]:
    def extract(images: Tensor) -> Tensor:
        system.engine.test_flip = True
        try:
            return system.engine.extract_features(images)
        finally:
            system.engine.test_flip = False

    return extract


@torch.no_grad()
def _seconds(system: System, extract: Callable, images: int) -> float:
    on_gpu = system.cfg.use_gpu
    batch = torch.rand(
        images, 3, system.cfg.data.height, system.cfg.data.width, device='cuda' if on_gpu else 'cpu'
    )
    synchronize(on_gpu)
    start = perf_counter()
    extract(batch)
    synchronize(on_gpu)
    return perf_counter() - start
