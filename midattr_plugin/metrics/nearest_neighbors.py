"""Nearest neighbors within bounded memory.

Shapes: Q queries, G gallery images, D dimensions of a feature, k neighbors.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from midattr_plugin.metrics.chunked_distances import distance_blocks


def neighbor_blocks(
    queries: Tensor, gallery: Tensor, metric: str, memory: float, k: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield the nearest gallery images of a block of queries after the other.

    Of equal distances that of the first gallery image is the smaller one.

    Args:
        queries: features (Q, D) float32.
        gallery: features (G, D) float32.
        metric: see :func:`distance_blocks`.
        memory: bytes that the distances of a block may take.
        k: of the G images, all if there are fewer.

    Yields:
        Number of the first query of b, distances (b, G), and indices (b, k) of the nearest,
        nearest first.
    """
    k = min(k, len(gallery))
    for start, distances in distance_blocks(queries, gallery, metric, memory):
        farthest = torch.from_numpy(distances).topk(k, largest=False).values[:, -1].numpy()
        nearest = np.empty((len(distances), k), np.int64)
        for row, limit, found in zip(distances, farthest, nearest, strict=True):
            within = np.flatnonzero(row <= limit)  # more than k if some are as far as the last
            found[:] = within[np.argsort(row[within], kind='stable')[:k]]
        yield start, distances, nearest
        del distances, row  # before the next ones are computed
