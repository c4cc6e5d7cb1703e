"""Speed of a model in PyTorch and in its files, measured in turns."""

from collections.abc import Mapping
from statistics import median
from time import perf_counter

import numpy as np
import torch

from midattr_plugin.predict.image_predictor import ImagePredictor

_TURNS, _IMAGES = 5, 64


def images_per_second(
    predictors: Mapping[str, ImagePredictor], size: tuple[int, int]
) -> dict[str, float]:
    """Return name -> images per second of the network, without reading and resizing; medians.

    PyTorch computes on one thread: several wait for each other, so that with other work on the
    machine a comparison would say more of that work than of the network.

    Args:
        predictors: what is measured, each once in every turn, so that other work on the machine
            meets all of them; on one thread, too.
        size: height and width of the images.
    """
    images = list(np.random.default_rng(0).integers(0, 256, (_IMAGES, *size, 3), np.uint8))
    batches = {name: [p.read(image) for image in images] for name, p in predictors.items()}
    seconds: dict[str, list[float]] = {name: [] for name in predictors}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for turn in range(_TURNS + 1):
            for name, predictor in predictors.items():
                start = perf_counter()
                predictor._predict(batches[name])
                if turn:  # the first one is the warm-up
                    seconds[name].append(perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return {name: _IMAGES / median(times) for name, times in seconds.items()}
