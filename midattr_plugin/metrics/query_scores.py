"""Scores of each query of a test; mAP and CMC are means of them.

Shapes: Q queries, k right matches of one query at the ranks r_1 < ... < r_k. Ranks count from 1
and leave out the gallery images of the query's own identity and camera.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class QueryScores:
    """Scores of the queries of one ranking, as arrays (Q,).

    Attributes:
        pids: int64, identities.
        camids: int64, cameras.
        average_precision: float64, see :func:`average_precisions`; NaN without a match.
        average_precision_zheng2015: the same as the trapezoid of Zheng et al. (2015).
        first_rank: int64, rank of the first match; 0 without a match.
        names: file names of the queries; () where they are not known.
    """

    pids: np.ndarray
    camids: np.ndarray
    average_precision: np.ndarray
    average_precision_zheng2015: np.ndarray
    first_rank: np.ndarray
    names: tuple[str, ...] = ()

    @property
    def has_match(self) -> np.ndarray:
        """Which queries (Q,) have a match; the others do not count."""
        return self.first_rank > 0

    @property
    def mAP(self) -> np.float64:
        """Mean average precision, as torchreid's."""
        return np.mean(self.average_precision[self.has_match])

    @property
    def mAP_zheng2015(self) -> np.float64:
        """Mean average precision, as the public code of Zheng et al. (2015) computes it."""
        return np.mean(self.average_precision_zheng2015[self.has_match])

    def cmc(self, max_rank: int) -> np.ndarray:
        """Return the share of the queries (max_rank,) float32 with a match up to each rank."""
        matched = self.first_rank[self.has_match]
        first_of_rank = np.bincount(matched, minlength=max_rank + 1)[1 : max_rank + 1]
        return (np.cumsum(first_of_rank) / len(matched)).astype(np.float32)


def average_precisions(ranks: np.ndarray) -> tuple[np.float64, np.float64]:
    """Return the average precision of a query in two forms, k/r and the trapezoid.

    The first, torchreid's, is the mean over the matches of the precision at their ranks: i/r_i for
    the i-th of them. The second is the area below the curve of precision over recall, in straight
    lines: the mean of that precision and of the one a rank before, (i-1)/(r_i-1), which is 1 before
    the first rank. Zheng et al. published it with Market-1501, "Scalable Person
    Re-identification: A Benchmark", ICCV 2015. It is never larger.

    Args:
        ranks: (k,), ascending.
    """
    found = np.arange(1, len(ranks) + 1)
    precision = found / ranks
    before = np.where(ranks > 1, (found - 1) / np.maximum(ranks - 1, 1), 1.0)
    return np.mean(precision), np.mean((precision + before) / 2)
