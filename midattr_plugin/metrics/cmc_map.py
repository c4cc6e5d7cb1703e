"""CMC and mAP without sorting the gallery, for the slot of torchreid's compiled kernel.

Shapes: Q queries, G gallery images, k of them right matches of one query (about 15 of the
15,913 of Market-1501). All scores need the rank of each match, which is the number of
gallery images nearer than it plus one. Counting them takes k comparisons of a row of distances
in compiled code; torchreid's Python path sorts all G and then goes through them in a loop.
"""

from collections.abc import Iterable

import numpy as np

from midattr_plugin.metrics.query_scores import QueryScores, average_precisions

_REPEATS = 10  # of the draw of one gallery image per identity, in the metric of CUHK03


def rank_features(
    distmat: np.ndarray,
    q_pids: np.ndarray,
    g_pids: np.ndarray,
    q_camids: np.ndarray,
    g_camids: np.ndarray,
    max_rank: int = 50,
    use_metric_cuhk03: bool = False,
) -> tuple[np.ndarray, np.float64]:
    """Return CMC and mAP, with the scores and messages of torchreid's ``evaluate_rank``.

    Gallery images of the query's own identity and camera do not count. Among equal distances
    the image that comes first in the gallery is the nearer one.

    Args:
        distmat: distances (Q, G), smaller is more similar.
        q_pids: (Q,) identities of the queries.
        g_pids: (G,) identities of the gallery.
        q_camids: (Q,) cameras of the queries.
        g_camids: (G,) cameras of the gallery.
        max_rank: length of the CMC curve.
        use_metric_cuhk03: one gallery image per identity is drawn, 10 times, for the CMC.

    Returns:
        CMC (min(max_rank, G),) float32, share of the queries with a match up to each rank, and
        mAP; both over the queries that have a match.

    Raises:
        AssertionError: no query has a match in the gallery.
        FloatingPointError: a distance is not a number.
    """
    blocks = [(0, distmat)]
    cmc, queries = rank_blocks(
        blocks, q_pids, g_pids, q_camids, g_camids, max_rank, use_metric_cuhk03
    )
    return cmc, queries.mAP


def rank_blocks(
    blocks: Iterable[tuple[int, np.ndarray]],
    q_pids: np.ndarray,
    g_pids: np.ndarray,
    q_camids: np.ndarray,
    g_camids: np.ndarray,
    max_rank: int = 50,
    use_metric_cuhk03: bool = False,
) -> tuple[np.ndarray, QueryScores]:
    """Return the CMC of :func:`rank_features`, and the scores of each query.

    Distances come block by block.

    Args:
        blocks: (number of the first query, distances (b, G) of b queries).
        q_pids: see :func:`rank_features`, as all further arguments.
        g_pids: (G,).
        q_camids: (Q,).
        g_camids: (G,).
        max_rank: length of the CMC curve.
        use_metric_cuhk03: whether to draw one gallery image per identity, for the CMC; the scores
            of the queries are over all images in any case.
    """
    num_g = len(g_pids)
    if num_g < max_rank:
        max_rank = num_g
        print(f'Note: number of gallery samples is quite small, got {num_g}')
    images_of_pid = _Images(g_pids)
    precisions = np.full((2, len(q_pids)), np.nan)
    first_rank = np.zeros(len(q_pids), np.int64)
    drawn_curves = []
    for start, rows in blocks:
        if np.isnan(rows.min()):  # the minimum is NaN if any distance is
            raise FloatingPointError(
                'distances between descriptors are not numbers, because the '
                'model is broken; load another checkpoint'
            )
        for query, row in enumerate(rows, start):
            pid = q_pids[query]
            images = images_of_pid[pid]
            same_camera = g_camids[images] == q_camids[query]
            matches, left_out = images[~same_camera], images[same_camera]
            if not len(matches):
                continue
            ranks = np.sort(_ranks(row, matches, left_out))
            precisions[:, query] = average_precisions(ranks)
            first_rank[query] = ranks[0]
            if use_metric_cuhk03:
                drawn_curves.append(_drawn_curve(row, g_pids, pid, left_out, max_rank))
        rows = row = None  # the next block is computed while these names still hold this one
    assert first_rank.any(), 'Error: all query identities do not appear in gallery'
    queries = QueryScores(q_pids, q_camids, *precisions, first_rank)
    if use_metric_cuhk03:
        return np.mean(drawn_curves, axis=0).astype(np.float32), queries
    return queries.cmc(max_rank), queries


class _Images:
    """Places of the images of each identity in the gallery, ascending."""

    def __init__(self, pids: np.ndarray):
        self.order = np.argsort(pids, kind='stable')
        self.sorted = pids[self.order]

    def __getitem__(self, pid: int) -> np.ndarray:
        first, end = np.searchsorted(self.sorted, (pid, pid + 1))
        return self.order[first:end]


def _ranks(row: np.ndarray, matches: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Return the ranks (k,), from 1, of ``matches`` in a row (G,) without those left out."""
    ranks = np.empty(len(matches), np.int64)
    for i, match in enumerate(matches):
        distance = row[match]
        nearer = np.count_nonzero(row < distance) + np.count_nonzero(row[:match] == distance)
        others = row[left_out]
        gone = (others < distance) | ((others == distance) & (left_out < match))
        ranks[i] = nearer - np.count_nonzero(gone) + 1
    return ranks


def _drawn_curve(
    row: np.ndarray, g_pids: np.ndarray, pid: int, left_out: np.ndarray, max_rank: int
) -> np.ndarray:
    """Return the CMC (max_rank,) of one query, averaged over draws of one image per identity."""
    order = np.argsort(row, kind='stable')
    pids = g_pids[order[~np.isin(order, left_out)]]
    curve = np.zeros(max_rank)
    for _ in range(_REPEATS):
        shuffled = np.random.permutation(len(pids))
        # the first image of each identity in a random order is a random one of it
        drawn = np.sort(shuffled[np.unique(pids[shuffled], return_index=True)[1]])
        curve[np.argmax(pids[drawn] == pid) :] += 1
    return curve / _REPEATS
