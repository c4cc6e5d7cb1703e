import numpy as np
import pytest
import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.metrics import DISTANCES, distance_blocks, rank_blocks, rank_features


def features(count, seed):
    return torch.randn(count, 24, generator=torch.Generator().manual_seed(seed))


def images(count, seed):
    random = np.random.default_rng(seed)
    return random.integers(0, 5, count), random.integers(0, 3, count)


@pytest.mark.parametrize('metric', DISTANCES)
@pytest.mark.parametrize('rows', [1, 3, 7, 50])
def test_blocks_are_torchreids_matrix(metric, rows):
    queries, gallery = features(7, 0), features(40, 1)
    blocks = list(distance_blocks(queries, gallery, metric, memory=2 * rows * 40 * 4))
    assert [start for start, _ in blocks] == list(range(0, 7, rows))
    assert max(len(block) for _, block in blocks) <= rows
    expected = torchreid_compat.metrics.compute_distance_matrix(queries, gallery, metric)
    np.testing.assert_allclose(np.concatenate([block for _, block in blocks]), expected, atol=1e-5)


@pytest.mark.parametrize('metric', DISTANCES)
def test_ranking_is_that_of_the_whole_matrix(metric):
    queries, gallery = features(20, 0), features(300, 1)
    (q_pids, q_camids), (g_pids, g_camids) = images(20, 0), images(300, 1)
    whole = torchreid_compat.metrics.compute_distance_matrix(queries, gallery, metric).numpy()
    blocks = list(distance_blocks(queries, gallery, metric, memory=6000))
    assert len(blocks) > 1
    labels = q_pids, g_pids, q_camids, g_camids
    cmc, scores = rank_blocks(iter(blocks), *labels)
    expected_cmc, expected_mAP = rank_features(whole, *labels)
    np.testing.assert_allclose(cmc, expected_cmc, atol=1e-6)
    assert scores.mAP == pytest.approx(expected_mAP, abs=1e-6)


def test_there_is_at_least_one_query_in_a_block():
    blocks = distance_blocks(features(2, 0), features(9, 1), 'cosine', memory=0.0)
    assert [(start, block.shape) for start, block in blocks] == [(0, (1, 9)), (1, (1, 9))]


def test_features_of_zeros_do_not_divide_by_zero():
    ((start, block),) = distance_blocks(torch.ones(1, 3), torch.zeros(2, 3), 'cosine', 1e9)
    assert start == 0 and block.tolist() == [[1, 1]]


def test_unknown_metric():
    with pytest.raises(ValueError, match='choose from euclidean, cosine'):
        next(distance_blocks(features(3, 0), features(4, 1), 'manhattan', 1))
