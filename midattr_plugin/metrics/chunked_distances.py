"""Distances that are computed a block of queries at a time and never all kept.

Market-1501 with its 500,000 distractors has 3,368 x 535,913 distances, 7 GB, and sorting them
takes twice that again.

Shapes: Q queries, G gallery images, D dimensions of a feature.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

DISTANCES = ('euclidean', 'cosine')
"""Names of the distances, as of ``test.dist_metric``."""

_BYTES = 4  # of a float32


def distance_bytes(num_queries: int, num_gallery: int) -> int:
    """Return the size of the whole matrix of distances in bytes."""
    return num_queries * num_gallery * _BYTES


def distance_blocks(
    queries: Tensor, gallery: Tensor, metric: str, memory: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (number of the first query, distances (b, G) of b queries).

    Args:
        queries: features (Q, D) float32.
        gallery: features (G, D) float32.
        metric: 'euclidean' (squared, like torchreid's) or 'cosine' (1 - cosine).
        memory: bytes that all of it may take. A block takes half of them, but has at least one
            query; the rest is for what is done with it. A block that is no longer needed must be
            let go of, before the next one is asked for.

    Raises:
        ValueError: the metric is unknown.
    """
    if metric not in DISTANCES:
        raise ValueError(f'unknown metric "{metric}"; choose from {", ".join(DISTANCES)}')
    rows = max(1, int(min(len(queries), memory / (2 * _BYTES * max(1, len(gallery))))))
    # one number for each image instead of a normalized or squared copy of the gallery
    squares = _squares(gallery)
    for start in tqdm(range(0, len(queries), rows), desc='ranking', unit='block', leave=False):
        block = queries[start : start + rows]
        if metric == 'cosine':
            cosines = F.normalize(block) @ gallery.T
            distances = cosines.div_(squares.sqrt().clamp(min=1e-12)).neg_().add_(1)
            del cosines
        else:
            distances = torch.addmm(squares, block, gallery.T, alpha=-2)
            distances.add_(_squares(block)[:, None])
        yield start, distances.numpy()
        del distances  # before the next ones are computed


def _squares(features: Tensor) -> Tensor:
    """Return the squared lengths (N,) of features (N, D), without a squared copy of them."""
    return torch.einsum('nd,nd->n', features, features)
