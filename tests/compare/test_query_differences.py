"""Differences between two rows, query by query."""

import numpy as np
import pytest

from helpers.fake_queries import PIDS, made_up_queries
from midattr_plugin.compare.query_differences import QUERY_SCORES, percentages, query_differences
from midattr_plugin.errors import InputError

NONE = np.nan


def test_scores_of_queries():
    queries = made_up_queries([0.5, 0.25, NONE], pids=[3, 3, 8], first_rank=[1, 6, 0])
    assert percentages(queries, 'mAP')[:2].tolist() == [50, 25]
    assert percentages(queries, 'mAP_zheng2015')[:2] == pytest.approx([49, 24])
    for score, expected in (('rank-1', [100, 0]), ('rank-5', [100, 0]), ('rank-10', [100, 100])):
        assert percentages(queries, score)[:2].tolist() == expected
    assert all(np.isnan(percentages(queries, score)[2]) for score in QUERY_SCORES)


def test_mean_is_over_the_queries_with_a_match():
    """Three identities of 3, 2 and 1 queries, of which one has no match."""
    ours = {1: [0.9, 0.8, NONE, 0.6, 0.5, 0.4], 2: [0.8, 0.8, NONE, 0.7, 0.6, 0.3]}
    theirs = {1: [0.5, 0.6, NONE, 0.6, 0.3, 0.4], 2: [0.5, 0.6, NONE, 0.5, 0.3, 0.5]}
    difference = query_differences(
        {seed: made_up_queries(values) for seed, values in ours.items()},
        {seed: made_up_queries(values) for seed, values in theirs.items()},
        [1, 2],
        ['mAP', 'rank-1'],
    )
    assert difference['mAP'].mean == pytest.approx(100 * (0.8 + 0.8) / 10)
    assert [part.freedom for part in difference['mAP'].parts] == [1, 2]
    assert difference['rank-1'].mean == 0 and not difference['rank-1'].has_spread


def test_identities_and_not_queries_are_the_sample():
    """Ten queries of an identity that say the same are one, not ten."""
    random = np.random.default_rng(0)
    gains = random.uniform(0, 0.2, 20)
    intervals = []
    for times in (1, 10):
        pids = np.repeat(np.arange(20), times)
        base = {seed: made_up_queries(np.full(len(pids), 0.5), pids) for seed in (1, 2)}
        more = {
            seed: made_up_queries(0.5 + np.repeat(gains, times) + 0.01 * seed, pids)
            for seed in (1, 2)
        }
        intervals.append(query_differences(more, base, [1, 2], ['mAP'])['mAP'])
    assert intervals[0].low == pytest.approx(intervals[1].low)


@pytest.mark.parametrize(
    'other',
    [
        made_up_queries([0.5] * 6, prefix='other'),
        made_up_queries([0.5] * 6, pids=[3, 3, 3, 8, 5, 5]),
        made_up_queries([0.5] * 5, pids=PIDS[:5]),
        made_up_queries([NONE, *[0.5] * 5]),
    ],
    ids=['names', 'identities', 'number', 'matches'],
)
def test_other_queries_are_refused(other):
    same = made_up_queries([0.5] * 6)
    with pytest.raises(InputError, match='not tested on the same queries'):
        query_differences({1: same, 2: same}, {1: same, 2: other}, [1, 2], ['mAP'])


def test_a_single_identity_is_no_sample():
    queries = {seed: made_up_queries([0.1 * seed] * 3, pids=[4, 4, 4]) for seed in (1, 2)}
    assert query_differences(queries, queries, [1, 2], ['mAP']) == {}
