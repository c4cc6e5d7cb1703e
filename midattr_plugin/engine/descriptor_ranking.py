"""Ranking of the gallery for each query, within the memory that there is.

Shapes: Q queries, G gallery images, D dimensions of a descriptor.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.engine.extraction import Split
from midattr_plugin.engine.results import RANKS, plain_numbers
from midattr_plugin.errors import InputError
from midattr_plugin.metrics import (
    QueryScores,
    distance_blocks,
    expand_queries,
    rank_blocks,
    reranked_blocks,
)
from midattr_plugin.metrics.chunked_distances import distance_bytes

MAX_RANK = 50
"""Length of the CMC curve unless a larger rank is asked for, as torchreid's."""

_GIB = 2**30
_LARGEST_COPY = 1 * _GIB  # torchreid squares or normalizes a copy of the gallery's descriptors


@dataclass(frozen=True)
class Expansion:
    """Query expansion; see :func:`~midattr_plugin.metrics.expand_queries`.

    Attributes:
        k: number of gallery images.
        alpha: exponent of their weights.
    """

    k: int
    alpha: float


def describe_ranking(expansion: Expansion | None, rerank: bool) -> str:
    """Return what is done to a ranking, e.g. 'expanded (k 5, alpha 3), re-ranked'; '' if nothing.

    Args:
        expansion: of the queries; None for none.
        rerank: whether it is re-ranked.
    """
    words = [] if expansion is None else [f'expanded (k {expansion.k}, alpha {expansion.alpha:g})']
    return ', '.join([*words, 're-ranked'] if rerank else words)


@dataclass
class Ranking:
    """Scores of a ranking.

    Attributes:
        cmc: share of the queries (r,) with a match up to each rank.
        mAP: mean average precision.
        queries: scores of each query.
        distances: (Q, G); None where they were computed in blocks.
        plain: scores of the ranking by the distances of the descriptors as they were extracted, of
            a ranking with expanded queries or re-ranking.
    """

    cmc: np.ndarray
    mAP: float
    queries: QueryScores
    distances: np.ndarray | None = None
    plain: dict[str, float] | None = None


def rank_descriptors(
    query: Split,
    gallery: Split,
    *,
    dist_metric: str = 'euclidean',
    rerank: bool = False,
    expansion: Expansion | None = None,
    use_metric_cuhk03: bool = False,
    max_rank: int = MAX_RANK,
    memory: float = float('inf'),
    needs_matrix: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Ranking:
    """Rank the gallery for each query, with torchreid's distances.

    Args:
        query: the queries.
        gallery: the gallery.
        dist_metric: see torchreid's ``test``.
        rerank: whether to re-rank; see :mod:`midattr_plugin.metrics.reranking`.
        expansion: of the queries, before anything else; None for none.
        use_metric_cuhk03: whether to draw one gallery image per identity.
        max_rank: length of the CMC curve.
        memory: GiB that distances may take; more of them are computed in blocks.
        needs_matrix: whether all distances are needed at once; see
            :func:`midattr_plugin.engine.ranking_checks.check_memory`.
        say: is given the lines that torchreid prints.
    """
    features = query.features, gallery.features
    say(f'Computing distance matrix with metric={dist_metric} ...')
    if expansion is not None:
        say(f'Expanding queries by their {expansion.k} nearest gallery images ...')
        expanded = expand_queries(
            *features, expansion.k, expansion.alpha, dist_metric, memory * _GIB
        )
        features = expanded, gallery.features
    labels = query.pids, gallery.pids, query.camids, gallery.camids
    needs_matrix |= not torchreid_compat.ranking_is_replaced()
    in_blocks = not needs_matrix and (
        distance_bytes(*map(len, features)) > memory * _GIB or features[1].nbytes > _LARGEST_COPY
    )
    if rerank:
        say('Applying person re-ranking ...')
        blocks = reranked_blocks(*features, dist_metric, memory * _GIB)
        distances = np.concatenate([block for _, block in blocks]) if needs_matrix else None
    else:
        blocks = distance_blocks(*features, dist_metric, memory * _GIB)
        distances = None if in_blocks else _distances(*features, dist_metric)
    say('Computing CMC and mAP ...')
    options: dict = {'max_rank': max_rank, 'use_metric_cuhk03': use_metric_cuhk03}
    if distances is not None:
        blocks = iter([(0, distances)])
    if torchreid_compat.ranking_is_replaced():
        cmc, queries = rank_blocks(blocks, *labels, **options)
        return Ranking(cmc, queries.mAP, queries, distances)
    assert distances is not None, 'that ranking needs all of them'
    try:
        cmc, mAP = torchreid_compat.metrics.evaluate_rank(distances, *labels, **options)
    except ValueError as error:
        raise InputError(
            f"torchreid's ranking makes no CMC curve of {min(max_rank, len(gallery.pids))} "
            f'ranks, as some query has fewer of the {len(gallery.pids)} gallery images to '
            'find; set midattr.fast_ranking True'
        ) from error
    _, queries = rank_blocks([(0, distances)], *labels, max_rank=1)  # torchreid returns means alone
    return Ranking(cmc, mAP, queries, distances)


def _distances(a: Tensor, b: Tensor, metric: str) -> np.ndarray:
    return torchreid_compat.metrics.compute_distance_matrix(a, b, metric).numpy()


def reid_scores(ranking: Ranking) -> dict[str, float]:
    """Return ``{'rank-1', 'rank-5', 'rank-10', 'rank-20', 'mAP', 'mAP_zheng2015'}`` as fractions.

    A rank beyond the size of the gallery is left out.
    """
    cmc = ranking.cmc
    scores = {f'rank-{rank}': cmc[rank - 1] for rank in RANKS if rank <= len(cmc)}
    means = {'mAP': ranking.mAP, 'mAP_zheng2015': ranking.queries.mAP_zheng2015}
    return plain_numbers(scores | means)


def format_reid_scores(scores: Mapping[str, float]) -> str:
    """Return a text such as 'rank-1 86.9%, ..., mAP 76.8%'."""
    return ', '.join(f'{name} {value:.1%}' for name, value in scores.items())


def score_line(name: str, ranking: Ranking, ranked_as: str) -> str:
    """Return a text such as 'local feature alone (re-ranked): rank-1 86.9%, ..., mAP 76.8%'.

    Args:
        name: of what has ranked.
        ranking: whose scores are given.
        ranked_as: what was done to it, see :func:`describe_ranking`; '' for a plain one.
    """
    return f'{name}{ranked_as and f" ({ranked_as})"}: {format_reid_scores(reid_scores(ranking))}'
