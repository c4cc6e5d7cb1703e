"""Scores of each query against plain loops, and the means that follow from them."""

import numpy as np
import pytest

from helpers import slow_ranking
from midattr_plugin import torchreid_compat
from midattr_plugin.metrics import QueryScores, rank_blocks, rank_features
from midattr_plugin.metrics.query_scores import average_precisions

CASES = 300


def random_case(seed):
    """Distances, some of them equal, and labels with distractors; as ``rank_features`` takes."""
    random = np.random.default_rng(seed)
    queries, gallery = random.integers(1, 12), random.integers(1, 60)
    identities, cameras = random.integers(1, 6), random.integers(1, 4)
    levels = random.choice([3, 20, 10**6])
    return (
        random.integers(0, levels, (queries, gallery)).astype(np.float32),
        random.integers(1, identities + 1, queries),
        random.integers(0, identities + 1, gallery),
        random.integers(0, cameras, queries),
        random.integers(0, cameras, gallery),
    )


def slow_scores(case):
    """k/r, trapezoid and first rank of each query."""
    distances, q_pids, g_pids, q_camids, g_camids = case
    scores = []
    for row, pid, camid in zip(distances, q_pids, q_camids, strict=True):
        hits = slow_ranking.kept_hits(row, pid, camid, g_pids, g_camids)
        scores.append(
            (
                slow_ranking.average_precision(hits),
                slow_ranking.average_precision_zheng2015(hits),
                slow_ranking.first_rank(hits),
            )
        )
    return np.array(scores).T


@pytest.mark.parametrize('in_blocks', [False, True], ids=['whole', 'blocks'])
@pytest.mark.parametrize('cuhk03', [False, True], ids=['', 'CUHK03'])
def test_equal_the_plain_loops(in_blocks, cuhk03):
    checked = without_match = 0
    for seed in range(10**6):
        case = random_case(seed)
        k_over_r, trapezoid, first = slow_scores(case)
        if not first.any():
            continue
        distances, *labels = case
        step = 3 if in_blocks else len(distances)
        blocks = [(start, distances[start:][:step]) for start in range(0, len(distances), step)]
        _, scores = rank_blocks(blocks, *labels, use_metric_cuhk03=cuhk03)
        found = scores.average_precision, scores.average_precision_zheng2015
        np.testing.assert_allclose(found, [k_over_r, trapezoid], rtol=0, atol=1e-9)
        np.testing.assert_array_equal(scores.first_rank, first)
        assert scores.mAP == pytest.approx(np.nanmean(k_over_r), abs=1e-9)
        assert scores.mAP_zheng2015 == pytest.approx(np.nanmean(trapezoid), abs=1e-9)
        without_match += (first == 0).sum()
        checked += 1
        if checked == CASES:
            break
    assert without_match > 10


def test_mAP_is_torchreids_and_the_trapezoid_below():
    checked = 0
    for seed in range(60):
        case = random_case(seed)
        distances, *labels = case
        distances[:] = np.random.default_rng(seed).random(distances.shape)  # no equal ones
        try:
            _, mAP = torchreid_compat.metrics.evaluate_rank(*case, max_rank=1, use_cython=False)
        except (AssertionError, ValueError):  # no match, or curves of different lengths
            continue
        _, scores = rank_blocks([(0, distances)], *labels)
        assert scores.mAP == pytest.approx(mAP, abs=1e-9)
        assert scores.mAP_zheng2015 <= scores.mAP
        checked += 1
    assert checked > 20


def test_by_hand():
    """Matches at the ranks 1 and 3: precision 1, 1/2, 2/3."""
    assert average_precisions(np.array([1, 3])) == pytest.approx(
        ((1 + 2 / 3) / 2, ((1 + 1) / 2 + (1 / 2 + 2 / 3) / 2) / 2)
    )
    assert average_precisions(np.array([2])) == (0.5, 0.25)
    assert average_precisions(np.array([1, 2, 3])) == (1, 1)


def test_the_slot_of_torchreid_returns_their_means():
    case = random_case(1)
    distances, *labels = case
    cmc, mAP = rank_features(*case, max_rank=7)
    expected_cmc, scores = rank_blocks([(0, distances)], *labels, max_rank=7)
    np.testing.assert_array_equal(cmc, expected_cmc)
    assert mAP == scores.mAP


def test_cmc_is_the_share_of_queries_with_a_match():
    nan = np.nan
    precision = np.array([1, nan, 0.2, 0.01])
    ids = np.arange(4)
    scores = QueryScores(ids, ids, precision, precision, np.array([1, 0, 2, 100]))
    np.testing.assert_array_equal(scores.has_match, [True, False, True, True])
    cmc = scores.cmc(5)
    assert cmc.dtype == np.float32
    np.testing.assert_array_equal(cmc, np.float32([1 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 3]))
    assert scores.cmc(100)[-1] == 1
