"""Between torchreid's engine and its ranking: bounds the memory and keeps the results.

torchreid's engine computes distances, ranks, prints the scores and drops them.

Shapes: Q queries, G gallery images, D dimensions of a feature.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import broadcast, is_main
from midattr_plugin.distributed.gathering import gather_interleaved_to_main
from midattr_plugin.engine.results import RANKS, plain_numbers
from midattr_plugin.errors import InputError
from midattr_plugin.metrics import distance_blocks, rank_blocks
from midattr_plugin.metrics.chunked_distances import distance_bytes

RANKING_OPTIONS = ('dist_metric', 'normalize_feature', 'rerank', 'use_metric_cuhk03')
"""Options of torchreid's ``test`` that :func:`rank_columns` takes, too."""
_GIB = 2**30


@dataclass
class Ranking:
    """The data of one ranking and its results, filled in while torchreid evaluates.

    Attributes:
        features: of the queries (Q, D) and of the gallery (G, D).
        images: pids of both, then camids of both: (Q,), (G,), (Q,), (G,).
        cmc: as returned by torchreid's ``evaluate_rank``.
        mAP: the same.
    """

    features: tuple[Tensor, Tensor] = ()  # type: ignore[assignment]
    images: tuple[np.ndarray, ...] = ()
    cmc: np.ndarray = field(default_factory=lambda: np.empty(0))
    mAP: float = float('nan')


@contextmanager
def captured_ranking(
    memory: float = float('inf'),
    all_images: tuple[np.ndarray, ...] | None = None,
    needs_matrix: bool = False,
) -> Iterator[Ranking]:
    """Yield a :class:`Ranking` that is complete once torchreid has ranked inside the block.

    Where several processes share the images, the main process ranks for all of them; the others
    get its results.

    Args:
        memory: GiB. Distances that would take more are computed in blocks of that size.
        all_images: given where several processes share the images: :attr:`Ranking.images` of all
            of them, in the order of the datasets.
        needs_matrix: whether all distances are needed at once: to rank again or to draw.

    Raises:
        InputError: inside the block, if they are needed and would take more than ``memory``.
    """
    ranking = Ranking()
    shards: tuple[Tensor, ...] = ()  # features of this process
    pending = ''  # distance that the blocks will be computed with, '' where there is a matrix

    def compute_distances(
        original: Callable, queries: Tensor, gallery: Tensor, metric: str = 'euclidean'
    ) -> Tensor:
        nonlocal pending, shards
        if not ranking.features:
            shards = queries, gallery
            if all_images is not None:
                queries, gallery = (
                    gather_interleaved_to_main(shard, len(pids))
                    for shard, pids in zip(shards, all_images[:2], strict=True)
                )
            ranking.features = queries, gallery
        elif all_images is not None:  # re-ranking asks for two more matrices, of the same shards
            queries, gallery = (
                ranking.features[0 if shard is shards[0] else 1] for shard in (queries, gallery)
            )
        if not is_main():
            return shards[0].new_empty(0, 0)  # the main process ranks
        if distance_bytes(len(queries), len(gallery)) <= memory * _GIB:
            return original(queries, gallery, metric)
        if needs_matrix or not torchreid_compat.ranking_is_replaced():
            raise _too_large(len(queries), len(gallery))
        pending = metric
        return queries.new_empty(0, len(gallery))

    def evaluate(original: Callable, distmat: np.ndarray, *images: np.ndarray, **options):
        ranking.images = images if all_images is None else all_images
        scores: Any = None
        if is_main() and pending:
            blocks = distance_blocks(*ranking.features, pending, memory * _GIB)
            scores = rank_blocks(blocks, *ranking.images, **options)  # type: ignore[arg-type]
        elif is_main():
            scores = original(distmat, *ranking.images, **options)
        ranking.cmc, ranking.mAP = scores if all_images is None else broadcast(scores)
        return ranking.cmc, ranking.mAP

    with torchreid_compat.evaluation_steps(compute_distances, evaluate):
        yield ranking


def _too_large(num_queries: int, num_gallery: int) -> InputError:
    size = distance_bytes(num_queries, num_gallery) / _GIB
    return InputError(
        f'test.rerank, test.visrank and the ranking of torchreid need all {num_queries:,} x '
        f'{num_gallery:,} distances at once ({size:.1f} GiB, and several times that to sort '
        'them); leave them out, or set midattr.ranking_memory above that'
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
    """Rank the same images by some columns of their features only.

    Args:
        ranking: a complete ranking.
        columns: of the features.
        dist_metric: see torchreid's ``test``, as the next three.
        normalize_feature: whether to L2-normalize the columns.
        rerank: whether to re-rank.
        use_metric_cuhk03: whether to draw one gallery image per identity.
        memory: GiB; see :func:`captured_ranking`.
    """
    queries, gallery = (features[:, columns] for features in ranking.features)
    if normalize_feature:
        queries, gallery = F.normalize(queries), F.normalize(gallery)
    metrics = torchreid_compat.metrics
    with captured_ranking(memory, needs_matrix=rerank) as part:

        def distances(a: Tensor, b: Tensor) -> np.ndarray:
            return metrics.compute_distance_matrix(a, b, dist_metric).numpy()

        distmat = distances(queries, gallery)
        if rerank:
            distmat = torchreid_compat.utils.re_ranking(
                distmat, distances(queries, queries), distances(gallery, gallery)
            )
        metrics.evaluate_rank(distmat, *ranking.images, use_metric_cuhk03=use_metric_cuhk03)
    return part


def reid_scores(ranking: Ranking) -> dict[str, float]:
    """Return ``{'rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP'}`` as fractions.

    A rank beyond the size of the gallery is left out.
    """
    cmc = ranking.cmc
    scores = {f'rank-{rank}': cmc[rank - 1] for rank in RANKS if rank <= len(cmc)}
    return plain_numbers(scores | {'mAP': ranking.mAP})
