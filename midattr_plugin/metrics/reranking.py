"""Re-ranking with k-reciprocal neighbors, without a matrix of all pairs of images.

Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017; sections
are those of the paper. Its code, which torchreid has, keeps several matrices (Q + G, Q + G). Here
distances are computed in blocks, of which only the neighbors are kept, and what is nearly empty is
sparse.

Shapes: Q queries, G gallery images, N = Q + G of both, D dimensions of a feature.
"""

from collections.abc import Iterator

import numpy as np
import torch
from scipy.sparse import csc_array, csr_array
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.metrics.chunked_distances import distance_blocks
from midattr_plugin.metrics.nearest_neighbors import neighbor_blocks

BYTES_PER_IMAGE = 8192
"""Memory of the neighbors and weights of an image, roughly."""

_OVERLAP = 2 / 3  # section 3.2


def reranked_blocks(
    queries: Tensor,
    gallery: Tensor,
    metric: str,
    memory: float,
    k1: int = 20,
    k2: int = 6,
    weight: float = 0.3,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (number of the first query, distances (b, G) of b queries), re-ranked.

    Args:
        queries: features (Q, D) float32.
        gallery: features (G, D) float32.
        metric: see :func:`distance_blocks`; torchreid squares its distances here, whatever it is.
        memory: bytes that distances may take.
        k1: neighbors of an image (section 3.2).
        k2: neighbors whose encodings are averaged (section 3.4).
        weight: lambda, the weight of the distance of the features (section 3.5).
    """
    features = torch.cat([queries, gallery])
    nearest, farthest = _neighbors(features, metric, memory, k1 + 1)
    encodings = _encodings(features, metric, memory, nearest, farthest, k1)
    if k2 != 1:
        encodings = _adjacency(nearest[:, :k2]) @ encodings / min(k2, len(features))  # section 3.4
    del features, nearest
    of_queries = csr_array(encodings[: len(queries)])
    of_gallery = csc_array(encodings[len(queries) :])
    del encodings
    for start, distances in distance_blocks(queries, gallery, metric, memory):
        np.square(distances, out=distances)
        distances *= weight / farthest[start : start + len(distances), None]
        for number, row in enumerate(distances, start):
            row += (1 - weight) * _jaccard(of_queries, number, of_gallery)
        yield start, distances
        del distances, row


def _neighbors(
    features: Tensor, metric: str, memory: float, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest images (N, k) of each, itself included, and its largest distance (N,).

    The latter is squared.
    """
    nearest = np.empty((len(features), min(k, len(features))), np.int64)
    farthest = np.empty(len(features), np.float32)
    for start, distances, found in neighbor_blocks(features, features, metric, memory, k):
        rows = slice(start, start + len(found))
        nearest[rows] = found
        farthest[rows] = np.square(np.abs(distances).max(1))
        del distances
    return nearest, np.where(farthest > 0, farthest, 1)  # 0: all images are the same


def _encodings(
    features: Tensor,
    metric: str,
    memory: float,
    nearest: np.ndarray,
    farthest: np.ndarray,
    k1: int,
) -> csr_array:
    """Return the weights (N, N) of the k-reciprocal neighbors of each image (section 3.3)."""
    reciprocal = _reciprocal(nearest)
    half = _reciprocal(nearest[:, : round(k1 / 2) + 1])
    # of the neighbors of each image those whose own neighbors it mostly shares
    shared = csr_array(reciprocal * (reciprocal @ half.T)).tocoo()
    sizes = half.sum(1)
    is_joined = shared.data > _OVERLAP * sizes[shared.col]
    joined = _ones(shared.row[is_joined], shared.col[is_joined], reciprocal.shape)
    neighbors = csr_array(reciprocal + joined @ half)
    rows = np.repeat(np.arange(len(features)), np.diff(neighbors.indptr))
    distances = _distances(features, rows, neighbors.indices, metric, memory)
    similar = np.exp(-np.square(distances) / farthest[rows])
    weights = (similar / np.bincount(rows, similar)[rows]).astype(np.float32)
    return csr_array((weights, neighbors.indices, neighbors.indptr), neighbors.shape)


def _distances(
    features: Tensor, rows: np.ndarray, columns: np.ndarray, metric: str, memory: float
) -> np.ndarray:
    """Return the distances (n,) of n pairs of images, computed some pairs at a time."""
    distances = torch.empty(len(rows))
    pair_bytes = 3 * features.shape[1] * features.element_size()
    size = max(1, int(min(len(rows), memory / pair_bytes)))
    for start in range(0, len(rows), size):
        pairs = slice(start, start + size)
        a, b = (features[torch.from_numpy(x[pairs].astype(np.int64))] for x in (rows, columns))
        distances[pairs] = (
            1 - F.cosine_similarity(a, b) if metric == 'cosine' else (a - b).square_().sum(1)
        )
    return distances.numpy()


def _reciprocal(nearest: np.ndarray) -> csr_array:
    """Return 1 where two images are among the nearest of each other, (N, N)."""
    near = _adjacency(nearest)
    return csr_array(near * near.T)


def _adjacency(nearest: np.ndarray) -> csr_array:
    """Return 1 where an image (column) is among the nearest of another one (row), (N, N)."""
    count, k = nearest.shape
    return _ones(np.repeat(np.arange(count), k), nearest.ravel(), (count, count))


def _ones(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> csr_array:
    return csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape)


def _jaccard(of_queries: csr_array, query: int, of_gallery: csc_array) -> np.ndarray:
    """Return the Jaccard distances (G,) of the encoding of a query to those of the gallery.

    Only images with an entry in common have one below 1.
    """
    entries = slice(*of_queries.indptr[query : query + 2])
    columns, values = of_queries.indices[entries], of_queries.data[entries]
    first, end = of_gallery.indptr[columns], of_gallery.indptr[columns + 1]
    counts = end - first
    # the entries of all these columns, one column after the other
    places = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    common = np.minimum(np.repeat(values, counts), of_gallery.data[places])
    overlap = np.bincount(of_gallery.indices[places], common, of_gallery.shape[0])
    return 1 - overlap / (2 - overlap)
