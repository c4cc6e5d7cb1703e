"""CMC and mAP without sorting the gallery, for the slot of torchreid's compiled kernel.

Shapes: Q queries, G gallery images, k of them right matches of one query (about 15 of the
15,913 of Market-1501). What both scores need is the rank of each match, which is the number of
gallery images nearer than it plus one. Counting them takes k comparisons of a row of distances
in compiled code; torchreid's Python path sorts all G and then goes through them in a loop.
"""

import numpy as np

from midattr_plugin.metrics.chunked_distances import ChunkedDistances

_REPEATS = 10  # of the draw of one gallery image per identity, in the metric of CUHK03


def rank_features(
    distmat: np.ndarray | ChunkedDistances,
    q_pids: np.ndarray,
    g_pids: np.ndarray,
    q_camids: np.ndarray,
    g_camids: np.ndarray,
    max_rank: int = 50,
    use_metric_cuhk03: bool = False,
) -> tuple[np.ndarray, np.float64]:
    """As torchreid's ``evaluate_rank``: the same figures, the same messages.

    Gallery images of the query's own identity and camera do not count. Among equal distances
    the image that comes first in the gallery is the nearer one.

    Args:
        distmat: distances (Q, G), smaller is more similar.
        q_pids, q_camids: (Q,) identities and cameras of the queries.
        g_pids, g_camids: (G,) those of the gallery.
        max_rank: length of the CMC curve.
        use_metric_cuhk03: one gallery image per identity is drawn, 10 times, for the CMC.

    Returns:
        CMC (min(max_rank, G),) float32, share of the queries with a match up to each rank, and
        mAP; both over the queries that have a match.

    Raises:
        AssertionError: no query has a match in the gallery.
        FloatingPointError: a distance is not a number.
    """
    num_g = distmat.shape[1]
    if num_g < max_rank:
        max_rank = num_g
        print(f'Note: number of gallery samples is quite small, got {num_g}')
    images_of = _Images(g_pids)
    curves, precisions = [], []
    for start, rows in _blocks(distmat):
        if np.isnan(rows.min()):  # as the minimum is if anything is
            raise FloatingPointError(
                'distances between descriptors are not numbers, because the '
                'model is broken; load another checkpoint'
            )
        for row, pid, camid in zip(rows, q_pids[start:], q_camids[start:], strict=False):
            images = images_of[pid]
            same_camera = g_camids[images] == camid
            matches, left_out = images[~same_camera], images[same_camera]
            if not len(matches):
                continue
            ranks = np.sort(_ranks(row, matches, left_out))
            precisions.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
            curves.append(
                _drawn_curve(row, g_pids, pid, left_out, max_rank)
                if use_metric_cuhk03
                else np.arange(1, max_rank + 1) >= ranks[0]
            )
    assert curves, 'Error: all query identities do not appear in gallery'
    return np.mean(curves, axis=0, dtype=np.float64).astype(np.float32), np.mean(precisions)


class _Images:
    """Identity -> the places of its images in the gallery, ascending."""

    def __init__(self, pids: np.ndarray):
        self.order = np.argsort(pids, kind='stable')
        self.sorted = pids[self.order]

    def __getitem__(self, pid: int) -> np.ndarray:
        first, end = np.searchsorted(self.sorted, (pid, pid + 1))
        return self.order[first:end]


def _blocks(distmat: np.ndarray | ChunkedDistances):
    return distmat.blocks() if isinstance(distmat, ChunkedDistances) else [(0, distmat)]


def _ranks(row: np.ndarray, matches: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Ranks (k,), from 1, of the images ``matches`` of a row (G,) without those left out."""
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
    """CMC (max_rank,) of one query, averaged over draws of one gallery image per identity."""
    order = np.argsort(row, kind='stable')
    pids = g_pids[order[~np.isin(order, left_out)]]
    curve = np.zeros(max_rank)
    for _ in range(_REPEATS):
        shuffled = np.random.permutation(len(pids))
        # the first image of each identity in a random order is a random one of it
        drawn = np.sort(shuffled[np.unique(pids[shuffled], return_index=True)[1]])
        curve[np.argmax(pids[drawn] == pid) :] += 1
    return curve / _REPEATS
