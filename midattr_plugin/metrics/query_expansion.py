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
    for start, _, nearest in neighbor_blocks(queries, gallery, metric, memory, k):
        for number, indices in enumerate(nearest, start):
            query, found = queries[number], gallery[torch.from_numpy(indices)]
            cosines = F.cosine_similarity(query[None], found)
            total = query + cosines.clamp(min=0).pow(alpha) @ found
            expanded[number] = F.normalize(total, dim=0) * query.norm()
    return expanded
