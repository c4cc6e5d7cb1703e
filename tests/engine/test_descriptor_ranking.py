"""Scores of a ranking; :mod:`test_evaluation` compares the ranking with torchreid's engine."""

import numpy as np
import pytest
import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.engine import descriptor_ranking
from midattr_plugin.engine.descriptor_ranking import Ranking, rank_descriptors, reid_scores
from midattr_plugin.engine.extraction import Split
from midattr_plugin.metrics import QueryScores


def test_scores_by_hand():
    """Query 1 finds its match second; query 2 finds hers first and third."""
    query = Split(torch.tensor([[0.0], [1.0]]), np.array([1, 2]), np.array([0, 0]))
    gallery = Split(torch.tensor([[0.2], [0.3], [0.4]]), np.array([2, 1, 2]), np.array([1, 1, 1]))
    ranking = rank_descriptors(query, gallery)
    mAP = pytest.approx(np.mean([1 / 2, (1 + 2 / 3) / 2]))
    assert ranking.mAP == mAP
    # query 1: precision 0, 1/2; query 2: 1, 1/2, 2/3
    trapezoid = pytest.approx(np.mean([1 / 4, ((1 + 1) / 2 + (1 / 2 + 2 / 3) / 2) / 2]))
    assert reid_scores(ranking) == {'rank-1': 0.5, 'mAP': mAP, 'mAP_zheng2015': trapezoid}
    np.testing.assert_array_equal(ranking.queries.first_rank, [2, 1])


def test_ranks_of_a_large_gallery():
    one = np.ones(1, int)
    queries = QueryScores(one, one, np.array([0.5]), np.array([0.4]), one)
    scores = reid_scores(Ranking(cmc=np.arange(50) / 50, mAP=np.float64(0.5), queries=queries))
    assert scores == {
        'rank-1': 0.0,
        'rank-5': 0.08,
        'rank-10': 0.18,
        'rank-20': 0.38,
        'mAP': 0.5,
        'mAP_zheng2015': 0.4,
    }
    assert all(type(score) is float for score in scores.values())


@pytest.fixture
def splits():
    generator = torch.Generator().manual_seed(0)
    labels = np.arange(9) % 3, np.arange(9) % 2
    query = Split(torch.rand(9, 2, generator=generator), *labels)
    return query, Split(torch.rand(9, 2, generator=generator), labels[0], 1 - labels[1])


@pytest.mark.parametrize(
    'memory, copied, in_blocks',
    [
        (81 * 4 / 2**30, 72, False),
        (80 * 4 / 2**30, 72, True),
        (81 * 4 / 2**30, 71, True),
        (float('inf'), 71, True),
    ],
)
def test_blocks_only_above_the_memory(splits, monkeypatch, memory, copied, in_blocks):
    """And where torchreid would copy a large gallery, whatever the number of queries is."""
    expected = rank_descriptors(*splits)
    monkeypatch.setattr(descriptor_ranking, '_LARGEST_COPY', copied)
    ranking = rank_descriptors(*splits, memory=memory)
    assert (ranking.distances is None) == in_blocks
    assert reid_scores(ranking) == pytest.approx(reid_scores(expected), abs=1e-6)


def test_a_matrix_where_it_is_needed(splits):
    ranking = rank_descriptors(*splits, memory=0.0, needs_matrix=True)
    expected = torchreid_compat.metrics.compute_distance_matrix(
        splits[0].features, splits[1].features
    )
    np.testing.assert_array_equal(ranking.distances, expected)
