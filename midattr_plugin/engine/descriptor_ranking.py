"""Between torchreid's engine and its ranking: bounds the memory and keeps the results.

torchreid's engine looks ``compute_distance_matrix`` and ``evaluate_rank`` up in its ``metrics``
package at each call, prints what they return, and drops it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import is_main
from midattr_plugin.distributed.process_group import gather_interleaved
from midattr_plugin.metrics import ChunkedDistances

RANKS = (1, 5, 10, 20)
RANKING_OPTIONS = ('dist_metric', 'normalize_feature', 'rerank', 'use_metric_cuhk03')
"""Options of torchreid's ``test`` that :func:`rank_columns` takes, too."""
_GIB = 2**30


@dataclass
class Ranking:
    """What one ranking was made of, and its results; filled in by torchreid.

    Attributes:
        features: of the queries (Q, D) and of the gallery (G, D).
        images: pids of both, then camids of both: (Q,), (G,), (Q,), (G,).
        cmc, mAP: as returned by torchreid's ``evaluate_rank``.
    """

    features: tuple[Tensor, Tensor] | None = None
    images: tuple[np.ndarray, ...] | None = None
    cmc: np.ndarray | None = None
    mAP: float | None = None


class FeaturesHandedOver(Exception):
    """Ends torchreid's evaluation in all processes but the main one, which ranks for all."""


@contextmanager
def captured_ranking(
    memory: float = float('inf'), all_images: tuple[np.ndarray, ...] | None = None
) -> Iterator[Ranking]:
    """Yields a :class:`Ranking` that is complete once torchreid has ranked inside the block.

    Args:
        memory: GiB. Distances that would take more are computed in blocks of that size.
        all_images: given where several processes share the images: :attr:`Ranking.images` of all
            of them, in the order of the datasets.

    Raises:
        FeaturesHandedOver: inside the block, once the main process has this one's features.
    """
    compute, evaluate = (
        torchreid_compat.metrics.compute_distance_matrix,
        torchreid_compat.metrics.evaluate_rank,
    )
    ranking = Ranking()

    def bounded(queries: Tensor, gallery: Tensor, metric: str = 'euclidean'):
        if ranking.features is None:  # re-ranking comes back with others
            if all_images is not None:
                queries, gallery = gather_interleaved(queries), gather_interleaved(gallery)
            ranking.features = queries, gallery
            if not is_main():
                raise FeaturesHandedOver
        if len(queries) * len(gallery) * queries.element_size() <= memory * _GIB:
            return compute(queries, gallery, metric)
        return ChunkedDistances(queries, gallery, metric, memory * _GIB)

    def recording(distmat, *images, **options):
        ranking.images = images if all_images is None else all_images
        ranking.cmc, ranking.mAP = evaluate(distmat, *ranking.images, **options)
        return ranking.cmc, ranking.mAP

    torchreid_compat.metrics.compute_distance_matrix, torchreid_compat.metrics.evaluate_rank = (
        bounded,
        recording,
    )
    try:
        yield ranking
    finally:
        torchreid_compat.metrics.compute_distance_matrix, torchreid_compat.metrics.evaluate_rank = (
            compute,
            evaluate,
        )


def rank_columns(
    ranking: Ranking,
    columns: slice,
    dist_metric: str = 'euclidean',
    normalize_feature: bool = False,
    rerank: bool = False,
    use_metric_cuhk03: bool = False,
    memory: float = float('inf'),
) -> Ranking:
    """Ranks the same images by some columns of their features only, with torchreid's options."""
    queries, gallery = (features[:, columns] for features in ranking.features)
    if normalize_feature:
        queries, gallery = F.normalize(queries), F.normalize(gallery)
    with captured_ranking(memory) as part:

        def distances(a, b):
            return torchreid_compat.metrics.compute_distance_matrix(a, b, dist_metric).numpy()

        distmat = distances(queries, gallery)
        if rerank:
            distmat = torchreid_compat.utils.re_ranking(
                distmat, distances(queries, queries), distances(gallery, gallery)
            )
        torchreid_compat.metrics.evaluate_rank(
            distmat, *ranking.images, use_metric_cuhk03=use_metric_cuhk03
        )
    return part


def reid_scores(ranking: Ranking) -> dict[str, float]:
    """``{'rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP'}`` as fractions.

    A rank beyond the size of the gallery is left out.
    """
    cmc = ranking.cmc
    scores = {f'rank-{rank}': float(cmc[rank - 1]) for rank in RANKS if rank <= len(cmc)}
    scores['mAP'] = float(ranking.mAP)
    return scores
