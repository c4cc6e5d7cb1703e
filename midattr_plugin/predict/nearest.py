"""Who looks most like a person: the nearest descriptors among those of a prediction."""

from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from midattr_plugin.predict.finished import descriptor_blocks
from midattr_plugin.predict.tracks import unit

_DISTANCES = 2**22  # of a block, at most; 32 MB


def nearest(
    path: Path,
    queries: NDArray[np.floating],
    count: int,
    left_out: Sequence[Container[int]] | None = None,
) -> list[list[tuple[float, int]]]:
    """Return (distance, row) of the nearest descriptors to each query, nearest first.

    Distances are Euclidean, between descriptors of length 1: 0 to 2. Of equal ones the first row
    comes first. One block of descriptors is in memory at a time.

    Args:
        path: of an array (N, D) of descriptors.
        queries: (Q, D).
        count: how many to return for each query; all if there are fewer.
        left_out: rows that a query is not compared with.

    Raises:
        InputError: the file cannot be read.
    """
    units = np.stack([unit(query) for query in queries])
    skipped = left_out or [()] * len(units)
    best: list[list[tuple[float, int]]] = [[] for _ in units]
    start = 0
    for block in descriptor_blocks(path, rows=max(1, min(4096, _DISTANCES // len(units)))):
        gallery = block.astype(np.float64)
        gallery /= np.maximum(np.linalg.norm(gallery, axis=1, keepdims=True), 1e-12)
        distances = np.sqrt(np.maximum(2 - 2 * units @ gallery.T, 0))
        for found, row, without in zip(best, distances, skipped, strict=True):
            worst = found[-1][0] if len(found) == count else np.inf
            near = np.flatnonzero(row < worst)
            kept = 0
            for index in near[np.argsort(row[near], kind='stable')].tolist():
                if kept == count:
                    break
                if start + index not in without:
                    found.append((float(row[index]), start + index))
                    kept += 1
            found.sort()
            del found[count:]
        start += len(block)
    return best
