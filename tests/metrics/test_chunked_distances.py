import numpy as np
import pytest
import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError
from midattr_plugin.metrics import ChunkedDistances, rank_features


def features(count, seed):
    return torch.randn(count, 24, generator=torch.Generator().manual_seed(seed))


def images(count, seed):
    random = np.random.default_rng(seed)
    return random.integers(0, 5, count), random.integers(0, 3, count)


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
@pytest.mark.parametrize('rows', [1, 3, 7, 50])
def test_blocks_are_torchreids_matrix(metric, rows):
    queries, gallery = features(7, 0), features(40, 1)
    chunked = ChunkedDistances(queries, gallery, metric, memory=2 * rows * 40 * 4)
    blocks = list(chunked.blocks())
    assert [start for start, _ in blocks] == list(range(0, 7, rows))
    assert max(len(block) for _, block in blocks) <= rows
    expected = torchreid_compat.metrics.compute_distance_matrix(queries, gallery, metric)
    np.testing.assert_allclose(np.concatenate([block for _, block in blocks]), expected, atol=1e-5)


@pytest.mark.parametrize('metric', ['euclidean', 'cosine'])
def test_ranking_is_that_of_the_whole_matrix(metric):
    queries, gallery = features(20, 0), features(300, 1)
    (q_pids, q_camids), (g_pids, g_camids) = images(20, 0), images(300, 1)
    whole = torchreid_compat.metrics.compute_distance_matrix(queries, gallery, metric).numpy()
    chunked = ChunkedDistances(queries, gallery, metric, memory=6000)
    assert chunked.shape == whole.shape and chunked.numpy() is chunked
    (cmc, mAP), (expected_cmc, expected_mAP) = (
        rank_features(distances, q_pids, g_pids, q_camids, g_camids)
        for distances in (chunked, whole)
    )
    np.testing.assert_allclose(cmc, expected_cmc, atol=1e-6)
    assert mAP == pytest.approx(expected_mAP, abs=1e-6)


def test_there_is_at_least_one_query_in_a_block():
    assert ChunkedDistances(features(2, 0), features(9, 1), 'cosine', memory=0.0).rows == 1


def test_features_of_zeros_are_no_division_by_zero():
    chunked = ChunkedDistances(torch.ones(1, 3), torch.zeros(2, 3), 'cosine', 1e9)
    assert next(chunked.blocks())[1].tolist() == [[1, 1]]


def test_all_at_once_is_refused():
    chunked = ChunkedDistances(features(3, 0), features(4, 1), 'euclidean', 1e9)
    with pytest.raises(InputError, match=r'3 x 4 distances at once .+midattr.ranking_memory'):
        np.argsort(chunked, axis=1)


def test_unknown_metric():
    with pytest.raises(ValueError, match='choose from euclidean, cosine'):
        ChunkedDistances(features(3, 0), features(4, 1), 'manhattan', 1)
