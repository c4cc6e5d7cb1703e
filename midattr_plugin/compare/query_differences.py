"""Differences between two rows, query by query.

The test of each run left the average precision and the first right rank of each query, so that two
rows are compared on the same images. Shapes: Q queries, S seeds, I identities.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from midattr_plugin.compare.crossed_intervals import crossed_difference
from midattr_plugin.compare.intervals import Difference
from midattr_plugin.engine.results import RANKS
from midattr_plugin.errors import InputError
from midattr_plugin.metrics.query_scores import QueryScores

ZHENG_MAP = 'mAP_zheng2015'
QUERY_SCORES = (*(f'rank-{rank}' for rank in RANKS), 'mAP', ZHENG_MAP)
"""Scores that are means over queries."""

QueriesBySeed = Mapping[int, QueryScores]


def percentages(queries: QueryScores, score: str) -> np.ndarray:
    """Return the score of each query (Q,), one of :data:`QUERY_SCORES`; NaN without a match."""
    if score == 'mAP':
        return 100 * queries.average_precision
    if score == ZHENG_MAP:
        return 100 * queries.average_precision_zheng2015
    rank = int(score.removeprefix('rank-'))
    return np.where(queries.has_match, 100.0 * (queries.first_rank <= rank), np.nan)


def query_differences(
    queries: QueriesBySeed, baseline: QueriesBySeed, seeds: Sequence[int], scores: Sequence[str]
) -> dict[str, Difference]:
    """Return the difference in each score, whose interval covers seeds and test identities.

    Args:
        queries: of one side, by seed.
        baseline: of the other.
        seeds: those that both have, at least 2.
        scores: some of :data:`QUERY_SCORES`.

    Returns:
        Score -> difference; nothing if the queries are of a single identity.

    Raises:
        InputError: the two are not of the same queries.
    """
    first = queries[seeds[0]]
    for seed in seeds:
        for other in (queries[seed], baseline[seed]):
            if not _same_queries(first, other):
                raise InputError('they were not tested on the same queries')
    counted = first.has_match
    pids, identities = np.unique(first.pids[counted], return_inverse=True)
    if len(pids) < 2:
        return {}
    counts = np.bincount(identities)
    differences = {}
    for score in scores:
        sums = [
            np.bincount(
                identities,
                (percentages(queries[seed], score) - percentages(baseline[seed], score))[counted],
            )
            for seed in seeds
        ]
        differences[score] = crossed_difference(seeds, np.array(sums), counts)
    return differences


def _same_queries(a: QueryScores, b: QueryScores) -> bool:
    """Return whether both have the same queries in the same order, with a match for the same."""
    return (
        tuple(a.names) == tuple(b.names)
        and np.array_equal(a.pids, b.pids)
        and np.array_equal(a.camids, b.camids)
        and np.array_equal(a.has_match, b.has_match)
    )
