"""Query expansion: a query is searched for again, together with what it has found.

Chum et al., Total Recall, ICCV 2007 (average query expansion); Radenovic et al., Fine-tuning CNN
Image Retrieval with No Human Annotation, TPAMI 2018, section 3.4 (weights, "alpha-QE").
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin.metrics.nearest_neighbors import neighbor_blocks


def expand_queries(
    queries: Tensor, gallery: Tensor, k: int, alpha: float, metric: str, memory: float
) -> Tensor:
    """Return the weighted means (Q, D) of each query and its k nearest gallery images.

    The query has the weight 1, an image the cosine of the angle between the two to the power of
    alpha, or 0 if it is negative. A mean gets the length of its query. Who is seen, and by which
    camera, is not known here: an image that does not count for a query may expand it.

    Args:
        queries: features (Q, D) float32.
        gallery: features (G, D) float32.
        k: number of images; all if there are fewer.
        alpha: at least 0; 0 for the mean of all with the same weight.
        metric: by which they are the nearest, see :func:`distance_blocks`.
        memory: bytes that the distances of a block may take.
    """
    expanded = torch.empty_like(queries)
    k = min(k, len(gallery))
    # as many queries at a time as the copies of what they have found leave memory for
    size = max(1, int(min(len(queries), memory / (3 * k * gallery[0].nbytes))))
    for first, _, block in neighbor_blocks(queries, gallery, metric, memory, k):
        for start in range(0, len(block), size):
            nearest = torch.from_numpy(block[start : start + size])
            rows = slice(first + start, first + start + len(nearest))
            expanded[rows] = _means(queries[rows], gallery[nearest], alpha)
    return expanded


def _means(queries: Tensor, found: Tensor, alpha: float) -> Tensor:
    """Return the means (b, D) of queries (b, D) and of what each has found (b, k, D)."""
    cosines = F.cosine_similarity(queries[:, None], found, dim=2)
    weights = cosines.clamp(min=0).pow(alpha)
    total = queries + torch.einsum('bk,bkd->bd', weights, found)
    return F.normalize(total) * queries.norm(dim=1, keepdim=True)
