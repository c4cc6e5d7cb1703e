"""Distances that are computed a block of queries at a time and never all kept.

Market-1501 with its 500,000 distractors has 3,368 x 535,913 distances, 7 GB, and sorting them
takes twice that again.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from midattr_plugin.errors import InputError

METRICS = ('euclidean', 'cosine')
_BYTES = 4  # of a float32


class ChunkedDistances:
    """Stands in for the matrix (Q, G) of distances between two sets of features.

    Args:
        queries: features (Q, D) float32.
        gallery: features (G, D) float32.
        metric: 'euclidean' (squared, as torchreid's) or 'cosine' (1 - cosine).
        memory: bytes that blocks of distances may take; a block has at least one query.
    """

    def __init__(self, queries: Tensor, gallery: Tensor, metric: str, memory: float):
        if metric not in METRICS:
            raise ValueError(f'unknown metric "{metric}"; choose from {", ".join(METRICS)}')
        self.queries, self.gallery, self.metric = queries, gallery, metric
        self.shape = (len(queries), len(gallery))
        # two at a time: one is let go of only when the next is there
        self.rows = max(1, int(memory // (2 * _BYTES * max(1, len(gallery)))))

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yields (number of the first query, distances (b, G) of b queries)."""
        # one number for each image instead of a normalized or squared copy of the gallery
        squares = _squares(self.gallery)
        starts = range(0, len(self.queries), self.rows)
        for start in tqdm(starts, desc='ranking', unit='block', leave=False):
            queries = self.queries[start : start + self.rows]
            if self.metric == 'cosine':
                cosines = F.normalize(queries) @ self.gallery.T
                distances = cosines.div_(squares.sqrt().clamp(min=1e-12)).neg_().add_(1)
            else:
                products = queries @ self.gallery.T
                distances = products.mul_(-2).add_(squares).add_(_squares(queries)[:, None])
            yield start, distances.numpy()

    def numpy(self) -> 'ChunkedDistances':
        """Itself, where torchreid turns a matrix of torch into one of NumPy."""
        return self

    def __array__(self, *args, **kwargs) -> np.ndarray:
        """Refuses: whoever asks needs all distances at once.

        Raises:
            InputError: always.
        """
        size = self.shape[0] * self.shape[1] * _BYTES / 2**30
        raise InputError(
            f'test.rerank, test.visrank and the ranking of torchreid need all {self.shape[0]:,} x '
            f'{self.shape[1]:,} distances at once ({size:.1f} GiB, and several times that to sort '
            'them); leave them out, or set midattr.ranking_memory above that'
        )


def _squares(features: Tensor) -> Tensor:
    """Squared lengths (N,) of features (N, D), without a squared copy of them."""
    return torch.einsum('nd,nd->n', features, features)
