"""Is a ranking by some property of the pictures better or worse than chance?

What counts as chance comes from permuting identities: whole walks (the pictures of an identity
by a camera) are given to other identities that the camera sees. So cameras, and the numbers of
pictures of a walk, stay as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_PERMUTATIONS = 200


@dataclass(frozen=True)
class Ranking:
    """Queries and gallery: a property (N, D), identities (N,) and cameras (N,) of each."""

    query: np.ndarray
    gallery: np.ndarray
    query_pids: np.ndarray
    query_camids: np.ndarray
    gallery_pids: np.ndarray
    gallery_camids: np.ndarray


def excess(rankings: list[Ranking]) -> float:
    """Return how far the mAP is above chance, in standard deviations of chance.

    Args:
        rankings: independent sets, which are pooled.
    """
    random = np.random.default_rng(0)
    found = np.mean([_scores(ranking, random) for ranking in rankings], axis=0)
    return (found[0] - found[1:].mean()) / max(found[1:].std(), 1e-9)


def _scores(ranking: Ranking, random: np.random.Generator) -> np.ndarray:
    """Return the mAP, then that of each permutation."""
    scale = np.concatenate([ranking.query, ranking.gallery]).std(0) + 1e-9
    gaps = (ranking.query[:, None] - ranking.gallery[None]) / scale
    # equal distances in random order: files are sorted by identity
    ties = random.random(gaps.shape[:2]) * 1e-6
    order = np.argsort(np.linalg.norm(gaps, axis=2) + ties, axis=1)
    scores = []
    for index in range(1 + _PERMUTATIONS):
        rename = _permutation(ranking, random) if index else lambda pid, camid: pid
        scores.append(_mean_average_precision(ranking, order, rename))
    return np.array(scores)


def _permutation(
    ranking: Ranking, random: np.random.Generator
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    other = {}
    for camid in np.unique(ranking.gallery_camids):
        pids = np.unique(ranking.gallery_pids[ranking.gallery_camids == camid])
        for pid, given in zip(pids, random.permutation(pids), strict=True):
            other[pid, camid] = given
    return np.vectorize(lambda pid, camid: other[pid, camid])


def _mean_average_precision(
    ranking: Ranking, order: np.ndarray, rename: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> float:
    query = rename(ranking.query_pids, ranking.query_camids)[:, None]
    same = rename(ranking.gallery_pids, ranking.gallery_camids)[order] == query
    counts = ~(same & (ranking.gallery_camids[order] == ranking.query_camids[:, None]))
    match = same & counts
    precision = np.cumsum(match, 1) / np.maximum(np.cumsum(counts, 1), 1)
    has_match = match.any(1)
    return ((precision * match).sum(1)[has_match] / match.sum(1)[has_match]).mean()
